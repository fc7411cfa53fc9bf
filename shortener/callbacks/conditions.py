"""Conditions that select callbacks of an account."""

import datetime as dt
import enum
from typing import Protocol

from sqlalchemy import ColumnElement, literal_column, select

from shortener.accounts.senders import Sender
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.storage.models import Attempt, Callback


class ListedState(enum.StrEnum):
    """What a list of callbacks may be asked for."""

    WAITING = "waiting"  # not settled
    FAILING = "failing"  # not settled, and an attempt has failed
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"


UNSETTLED = frozenset({ListedState.WAITING, ListedState.FAILING})


class Wanted(Protocol):
    """A choice of callbacks: by state, by the time of the click in `[start, end)`, and by destination."""

    @property
    def state(self) -> str | None:
        """A value of `ListedState`; None for all."""

    @property
    def start(self) -> dt.datetime | None:
        """The first moment of a click."""

    @property
    def end(self) -> dt.datetime | None:
        """The moment before which the clicks came."""

    @property
    def destination(self) -> str | None:
        """`scheme://host:port` of the receiver, or `-`."""


def conditions(account: Sender, wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a callback of the account must fulfil to be among the wanted ones."""
    conditions = [*_whose(account, wanted), *clicked(wanted.start, wanted.end)]
    if wanted.state == ListedState.FAILING:
        conditions.append(has_failed())
    elif wanted.state == ListedState.EXHAUSTED:
        conditions.append(is_exhausted())
    elif wanted.state == ListedState.DELIVERED:
        conditions.append(Callback.state == JobState.DELIVERED)
    return conditions


def _whose(account: Sender, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The account's, by an index in which few stand without the many.

    To name the account besides would lead the database to all that it ever had.
    """
    if wanted.destination is not None:
        queue = [Callback.destination == f"{account.id} {wanted.destination}"]
        if wanted.state == ListedState.DELIVERED:  # no index knows their destination: the account's leads to the period
            queue.append(Callback.account_id == account.id)
    elif wanted.state in UNSETTLED:
        queue = of(account)
    else:
        queue = [Callback.account_id == account.id]
    return [Callback.settled_on.is_(None), *queue] if wanted.state in UNSETTLED else queue


def clicked(start: dt.datetime | None, end: dt.datetime | None) -> list[ColumnElement[bool]]:
    """That the click came in `[start, end)`."""
    since = [] if start is None else [Callback.created_on >= start]
    return since if end is None else [*since, Callback.created_on < end]


def has_state(state: JobState) -> ColumnElement[bool]:
    """Whether the callback is in this state."""
    return is_exhausted() if state == JobState.EXHAUSTED else Callback.state == state


def is_exhausted() -> ColumnElement[bool]:
    """Whether the callback is exhausted, as the index of these has it: a parameter would not match it."""
    return Callback.state == literal_column(f"'{JobState.EXHAUSTED}'")


def has_failed() -> ColumnElement[bool]:
    """Whether an attempt has failed since the callback came in, or since it was last asked for once more."""
    failed = select(Attempt.id).where(
        Attempt.callback_id == Callback.id,
        Attempt.number > Callback.starts_before,
        Attempt.outcome.is_not(None),
        Attempt.outcome != AttemptOutcome.INTERRUPTED,
    )
    # Looked up row by row: PostgreSQL may turn EXISTS into a join that reads the other table whole.
    return failed.limit(1).correlate(Callback).scalar_subquery().is_not(None)


def of(account: Sender) -> list[ColumnElement[bool]]:
    """The account's destinations begin with its number and a space: so the index of the unsettled finds them."""
    return [Callback.destination >= f"{account.id} ", Callback.destination < f"{account.id}!"]
