"""Lists of an account's callbacks as people look at them: by state, time of the click, and destination."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from sqlalchemy import ColumnElement, Row, func, select, tuple_
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.callbacks import conditions
from shortener.callbacks.conditions import ListedState
from shortener.rules.wire import cursor
from shortener.storage.models import Callback
from shortener.validation.models import Parameters
from shortener.validation.types import BehindRow, Moment

PAGE = 25


class Filter(Parameters):
    """Which callbacks: `waiting` are those that are not settled, `failing` those of them with a failed attempt."""

    state: ListedState | None = None
    start: Annotated[Moment | None, Field(alias="from")] = None
    end: Annotated[Moment | None, Field(alias="to")] = None
    destination: Annotated[str, Field(max_length=400, pattern=r"^(https?://[!-~]+|-)$")] | None = None
    cursor: BehindRow = None

    @field_validator("destination")
    @classmethod
    def _few(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Of the delivered ones no index knows the destination, and there may be millions of others between them."""
        known = "state" in info.data  # else it has a fault of its own
        if value is not None and known and info.data["state"] in {None, ListedState.DELIVERED}:
            raise ValueError("needs a state: waiting, failing or exhausted")
        return value


@dataclass(frozen=True, slots=True)
class Page:
    """Callbacks, and a cursor where these are not all."""

    rows: Sequence[Callback]
    next: str | None


def find(session: Session, account: Sender, wanted: Filter) -> Page:
    """A page of the account's callbacks, those of the newest clicks first."""
    newest = (Callback.created_on.desc(), Callback.id.desc())
    query = select(Callback).where(*conditions.conditions(account, wanted))
    if wanted.cursor is not None:
        query = query.where(tuple_(Callback.created_on, Callback.id) < cursor.row(wanted.cursor))
    rows = session.scalars(query.order_by(*newest).limit(PAGE + 1)).all()
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], cursor.after_row(last.created_on, last.id) if last else None)


def destinations(
    session: Session, account: Sender, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> list[tuple[str, int, int]]:
    """Receivers with how many callbacks wait there now, and how many of clicks in `[start, end)` are exhausted.

    The worst come first. Without `start` or `end` the period is open at that side.
    """
    waiting = dict(_by_destination(session, Callback.settled_on.is_(None), *conditions.of(account)))
    exhausted = dict(
        _by_destination(
            session,
            conditions.is_exhausted(),
            *conditions.of(account),
            *conditions.clicked(start, end),
        )
    )
    rows = [
        (_shown(queue), waiting.get(queue, 0), exhausted.get(queue, 0)) for queue in waiting.keys() | exhausted.keys()
    ]
    return sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))


def _by_destination(session: Session, *selected: ColumnElement[bool]) -> Sequence[Row[str, int]]:
    query = select(Callback.destination, func.count()).where(*selected).group_by(Callback.destination)
    return session.execute(query).all()


def _shown(queue: str) -> str:
    """`scheme://host:port` without the account's number."""
    return queue.partition(" ")[2]
