"""Conditions that select callbacks of an account."""

import datetime as dt
import enum
from typing import Protocol

from sqlalchemy import ColumnElement, literal_column, select

from shortener.accounts.senders import Sender
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.storage.models import CLICK, Attempt, Callback


class ListedState(enum.StrEnum):
    """The states by which lists of callbacks can be filtered."""

    WAITING = "waiting"  # not settled
    FAILING = "failing"  # not settled, and an attempt has failed
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"


class About(enum.StrEnum):
    """What a callback tells: a first click, or any new state of a message."""

    CLICK = CLICK
    RECEIPT = "receipt"


ABOUT = "Only callbacks about first clicks (`click`), or only those about new states of messages (`receipt`)."
UNSETTLED = frozenset({ListedState.WAITING, ListedState.FAILING})


class Wanted(Protocol):
    """A choice of callbacks: by state, by the time of the click or receipt in `[start, end)`, and by destination."""

    @property
    def state(self) -> str | None:
        """A value of `ListedState`; None for all."""

    @property
    def start(self) -> dt.datetime | None:
        """The start of the period."""

    @property
    def end(self) -> dt.datetime | None:
        """The end of the period, exclusive."""

    @property
    def destination(self) -> str | None:
        """`scheme://host:port` of the receiver, or `-`."""


def conditions(account: Sender, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The conditions that select the account's callbacks."""
    conditions = [*_whose(account, wanted), *clicked(wanted.start, wanted.end)]
    if wanted.state == ListedState.FAILING:
        conditions.append(has_failed())
    elif wanted.state in (ListedState.EXHAUSTED, ListedState.DELIVERED):
        conditions.append(has_state(JobState(wanted.state)))
    return conditions


def _whose(account: Sender, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Select the account's callbacks so that the database uses its smallest index.

    With the account named as well, the database would read every callback that the account has ever had.
    """
    if wanted.destination is not None:
        queue = [Callback.destination == f"{account.id} {wanted.destination}"]
        if wanted.state == ListedState.DELIVERED:  # no index has their destination
            queue.append(Callback.account_id == account.id)
    elif wanted.state in UNSETTLED:
        queue = of(account)
    else:
        queue = [Callback.account_id == account.id]
    return [Callback.settled_on.is_(None), *queue] if wanted.state in UNSETTLED else queue


def tells(about: About | None) -> list[ColumnElement[bool]]:
    """Select callbacks about first clicks, or those about receipts."""
    if about is None:
        return []
    return [Callback.about == CLICK if about is About.CLICK else Callback.about != CLICK]


def clicked(start: dt.datetime | None, end: dt.datetime | None) -> list[ColumnElement[bool]]:
    """Select callbacks about what happened in `[start, end)`."""
    since = [] if start is None else [Callback.created_on >= start]
    return since if end is None else [*since, Callback.created_on < end]


def has_state(state: JobState) -> ColumnElement[bool]:
    """Whether the callback is in this state."""
    return is_exhausted() if state == JobState.EXHAUSTED else Callback.state == state


def is_exhausted() -> ColumnElement[bool]:
    """Whether the callback is exhausted. A literal, because a parameter would not match the partial index."""
    return Callback.state == literal_column(f"'{JobState.EXHAUSTED}'")


def has_failed() -> ColumnElement[bool]:
    """Whether an attempt has failed since the callback was created, or since its last replay was requested."""
    failed = select(Attempt.id).where(
        Attempt.callback_id == Callback.id,
        Attempt.number > Callback.starts_before,
        Attempt.outcome.is_not(None),
        Attempt.outcome != AttemptOutcome.INTERRUPTED,
    )
    # A subquery per row: PostgreSQL may turn EXISTS into a join that reads the whole attempt table.
    return failed.limit(1).correlate(Callback).scalar_subquery().is_not(None)


def of(account: Sender) -> list[ColumnElement[bool]]:
    """Select by destination, which begins with the account's id and a space: this uses the index of open callbacks."""
    return [Callback.destination >= f"{account.id} ", Callback.destination < f"{account.id}!"]
