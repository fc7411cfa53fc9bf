"""Lists of an account's callbacks by state, time, destination and what they are about; and the destinations."""

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
from shortener.callbacks.conditions import ABOUT, About, ListedState
from shortener.reporting.callback_documents import CallbackPage
from shortener.reporting.callback_report import summaries
from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire import cursor
from shortener.storage.models import Callback
from shortener.validation.models import Parameters
from shortener.validation.types import BehindRow, Moment

PAGE = 100
LOOKED_AT = 10_000  # callbacks that are read for one page if `about` skips some


class _Period(Parameters):
    """The callbacks about what happened in `[from, to)`, continued after the cursor."""

    start: Annotated[Moment | None, Field(alias="from", description="Created at or after this time.")] = None
    end: Annotated[Moment | None, Field(alias="to", description="Created before this time.")] = None
    about: Annotated[About | None, Field(description=ABOUT)] = None
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
    page = _page(session, selected, wanted, PAGE)
    rest = urlencode({**wanted.parameters(), "cursor": page.next}) if page.next else None
    return {
        "callbacks": summaries(session, page.rows, base_url),
        "next": f"{base_url}/v1/callbacks?{rest}" if rest else None,
    }


def find(session: Session, account: Sender, wanted: Filter, *, size: int) -> Page:
    """Return a page of the account's callbacks that the filter selects."""
    return _page(session, conditions.conditions(account, wanted), wanted, size)


def _page(session: Session, selected: Sequence[ColumnElement[bool]], wanted: _Period, size: int) -> Page:
    """Return at most `size` of the selected callbacks after the cursor, the newest first.

    No index has what callbacks are about, so that this condition looks at a bounded number of them.
    """
    place = Callback.created_on, Callback.id
    newest = Callback.created_on.desc(), Callback.id.desc()
    inside = [*selected, *([tuple_(*place) < cursor.row(wanted.cursor)] if wanted.cursor is not None else ())]
    end = None
    if wanted.about is not None:
        end = session.execute(select(*place).where(*inside).order_by(*newest).offset(LOOKED_AT - 1).limit(1)).first()
        inside += [*conditions.tells(wanted.about), *([tuple_(*place) >= tuple(end)] if end else ())]
    rows = session.scalars(select(Callback).where(*inside).order_by(*newest).limit(size + 1)).all()
    if len(rows) > size:
        return Page(rows[:size], cursor.after_row(rows[size - 1].created_on, rows[size - 1].id))
    return Page(rows, cursor.after_row(*end) if end else None)


def destinations(
    session: Session, account: Sender, start: dt.datetime | None = None, end: dt.datetime | None = None
) -> list[tuple[str, int, int]]:
    """Return receivers with their numbers of pending callbacks, and of exhausted ones created in `[start, end)`.

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
