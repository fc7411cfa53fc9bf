"""Lists of an account's callbacks by state, time of the click and destination; and the destinations."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field, ValidationInfo, field_validator
from sqlalchemy import ColumnElement, Row, func, select, tuple_
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.callbacks import conditions
from shortener.callbacks.conditions import ListedState
from shortener.reporting.callback_documents import CallbackPage
from shortener.reporting.callback_report import summaries
from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire import cursor
from shortener.storage.models import Callback
from shortener.validation.models import Parameters
from shortener.validation.types import BehindRow, Moment

PAGE = 100


class _Period(Parameters):
    """The callbacks of clicks in `[from, to)`, continued after the cursor."""

    start: Annotated[Moment | None, Field(alias="from", description="Clicked at or after this time.")] = None
    end: Annotated[Moment | None, Field(alias="to", description="Clicked before this time.")] = None
    cursor: BehindRow = None


class StateFilter(_Period):
    """A filter of callbacks by state, for the API."""

    state: JobState | None = None


class Filter(_Period):
    """A filter of callbacks by state and receiver, for the dashboard."""

    state: ListedState | None = None
    destination: Annotated[str, Field(max_length=400, pattern=r"^(https?://[!-~]+|-)$")] | None = None

    @field_validator("destination")
    @classmethod
    def _few(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Refuse a destination without an indexed state: the search could read millions of other callbacks."""
        known = "state" in info.data  # else it has a fault of its own
        if value is not None and known and info.data["state"] in {None, ListedState.DELIVERED}:
            raise ValueError("needs a state: waiting, failing or exhausted")
        return value


@dataclass(frozen=True, slots=True)
class Page:
    """The callbacks of a page, and a cursor to the next page if there is one."""

    rows: Sequence[Callback]
    next: str | None


def document(session: Session, account: Sender, wanted: StateFilter, base_url: str) -> CallbackPage:
    """Return a page of the account's callbacks in a state, each with its last attempt."""
    selected = [Callback.account_id == account.id, *conditions.clicked(wanted.start, wanted.end)]
    if wanted.state is not None:
        selected.append(conditions.has_state(wanted.state))
    page = _page(session, selected, wanted.cursor, PAGE)
    rest = urlencode({**wanted.parameters(), "cursor": page.next}) if page.next else None
    return {
        "callbacks": summaries(session, page.rows, base_url),
        "next": f"{base_url}/v1/callbacks?{rest}" if rest else None,
    }


def find(session: Session, account: Sender, wanted: Filter, *, size: int) -> Page:
    """Return a page of the account's callbacks that the filter selects."""
    return _page(session, conditions.conditions(account, wanted), wanted.cursor, size)


def _page(session: Session, selected: Sequence[ColumnElement[bool]], place: str | None, size: int) -> Page:
    """Return at most `size` of the selected callbacks after the cursor `place`, those of the newest clicks first."""
    query = select(Callback).where(*selected).order_by(Callback.created_on.desc(), Callback.id.desc())
    if place is not None:
        query = query.where(tuple_(Callback.created_on, Callback.id) < cursor.row(place))
    rows = session.scalars(query.limit(size + 1)).all()
    last = rows[size - 1] if len(rows) > size else None
    return Page(rows[:size], cursor.after_row(last.created_on, last.id) if last else None)


def destinations(
    session: Session, account: Sender, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> list[tuple[str, int, int]]:
    """Return receivers with their numbers of pending callbacks, and of exhausted ones of clicks in `[start, end)`.

    Receivers with the most exhausted callbacks come first. Without `start` or `end` the period is open on that side.
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
    """Return a destination without the account's id: `scheme://host:port`."""
    return queue.partition(" ")[2]
