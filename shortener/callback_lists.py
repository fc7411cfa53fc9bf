"""Lists of an account's callbacks as people look at them: by state, time of the click, and destination."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from pydantic import Field, ValidationInfo, field_validator
from sqlalchemy import ColumnElement, Row, func, literal_column, select, tuple_
from sqlalchemy.orm import Session

from shortener.callbacks import EXHAUSTED, INTERRUPTED
from shortener.fields import BehindRow, Moment, Parameters
from shortener.models import Account, Attempt, Callback
from shortener.rules import cursor

PAGE = 25
State = Literal["waiting", "failing", "delivered", "exhausted"]


class Filter(Parameters):
    """Which callbacks: `waiting` are those that are not settled, `failing` those of them with a failed attempt."""

    state: State | None = None
    start: Annotated[Moment | None, Field(alias="from")] = None
    end: Annotated[Moment | None, Field(alias="to")] = None
    destination: Annotated[str, Field(max_length=400, pattern=r"^(https?://[!-~]+|-)$")] | None = None
    cursor: BehindRow = None

    @field_validator("destination")
    @classmethod
    def _few(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Of the delivered ones no index knows the destination, and there may be millions of others between them."""
        known = "state" in info.data  # else it has a fault of its own
        if value is not None and known and info.data["state"] in {None, "delivered"}:
            raise ValueError("needs a state: waiting, failing or exhausted")
        return value


class Wanted(Protocol):
    """A choice of callbacks: by state, by the time of the click in `[start, end)`, and by destination."""

    @property
    def state(self) -> State | None:
        """`waiting`, `failing`, `delivered` or `exhausted`; None for all."""

    @property
    def start(self) -> dt.datetime | None:
        """The first moment of a click."""

    @property
    def end(self) -> dt.datetime | None:
        """The moment before which the clicks came."""

    @property
    def destination(self) -> str | None:
        """`scheme://host:port` of the receiver, or `-`."""


@dataclass(frozen=True, slots=True)
class Page:
    """Callbacks, and a cursor where these are not all."""

    rows: Sequence[Callback]
    next: str | None


def find(session: Session, account: Account, wanted: Filter) -> Page:
    """A page of the account's callbacks, those of the newest clicks first."""
    newest = (Callback.created_on.desc(), Callback.id.desc())
    query = select(Callback).where(*conditions(account, wanted))
    if wanted.cursor is not None:
        query = query.where(tuple_(Callback.created_on, Callback.id) < cursor.row(wanted.cursor))
    rows = session.scalars(query.order_by(*newest).limit(PAGE + 1)).all()
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], cursor.after_row(last.created_on, last.id) if last else None)


def destinations(
    session: Session, account: Account, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> list[tuple[str, int, int]]:
    """Receivers with how many callbacks wait there now, and how many of clicks in `[start, end)` are exhausted.

    The worst come first. Without `start` or `end` the period is open at that side.
    """
    waiting = dict(_by_destination(session, Callback.settled_on.is_(None), *of(account)))
    exhausted = dict(_by_destination(session, is_exhausted(), *of(account), *_clicked(start, end)))
    rows = [
        (_shown(queue), waiting.get(queue, 0), exhausted.get(queue, 0)) for queue in waiting.keys() | exhausted.keys()
    ]
    return sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))


def of(account: Account) -> list[ColumnElement[bool]]:
    """The account's destinations begin with its number and a space: so the index of the unsettled finds them."""
    return [Callback.destination >= f"{account.id} ", Callback.destination < f"{account.id}!"]


def has_failed() -> ColumnElement[bool]:
    """Whether an attempt has failed since the callback came in, or since it was last asked for once more."""
    failed = select(Attempt.id).where(
        Attempt.callback_id == Callback.id,
        Attempt.number > Callback.starts_before,
        Attempt.outcome.is_not(None),
        Attempt.outcome != INTERRUPTED,
    )
    # Looked up row by row: PostgreSQL may turn EXISTS into a join that reads the other table whole.
    return failed.limit(1).correlate(Callback).scalar_subquery().is_not(None)


def is_exhausted() -> ColumnElement[bool]:
    """Whether the callback is exhausted, as the index of these has it: a parameter would not match it."""
    return Callback.state == literal_column(f"'{EXHAUSTED}'")


def conditions(account: Account, wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a callback of the account must fulfil to be among the wanted ones."""
    conditions = [*_whose(account, wanted), *_clicked(wanted.start, wanted.end)]
    if wanted.state == "failing":
        conditions.append(has_failed())
    elif wanted.state == "exhausted":
        conditions.append(is_exhausted())
    elif wanted.state == "delivered":
        conditions.append(Callback.state == "delivered")
    return conditions


def _clicked(start: dt.datetime | None, end: dt.datetime | None) -> list[ColumnElement[bool]]:
    """That the click came in `[start, end)`."""
    since = [] if start is None else [Callback.created_on >= start]
    return since if end is None else [*since, Callback.created_on < end]


def _whose(account: Account, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The account's, by an index in which few stand without the many.

    To name the account besides would lead the database to all that it ever had.
    """
    if wanted.destination is not None:
        queue = [Callback.destination == f"{account.id} {wanted.destination}"]
        if wanted.state == "delivered":  # no index knows their destination: the account's leads to the period
            queue.append(Callback.account_id == account.id)
    elif wanted.state in {"waiting", "failing"}:
        queue = of(account)
    else:
        queue = [Callback.account_id == account.id]
    return [Callback.settled_on.is_(None), *queue] if wanted.state in {"waiting", "failing"} else queue


def _by_destination(session: Session, *conditions: ColumnElement[bool]) -> Sequence[Row[str, int]]:
    query = select(Callback.destination, func.count()).where(*conditions).group_by(Callback.destination)
    return session.execute(query).all()


def _shown(queue: str) -> str:
    """`scheme://host:port` without the account's number."""
    return queue.partition(" ")[2]
