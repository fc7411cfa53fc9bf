"""Replays: attempt settled callbacks once more on request, with the same event id and the same bytes."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from sqlalchemy import insert, select, tuple_
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.callbacks import conditions
from shortener.callbacks.conditions import ABOUT, About
from shortener.callbacks.kind import CALLBACKS
from shortener.delivery import stranded
from shortener.errors import CallbackNotFoundError, CallbackOpenError
from shortener.rules.delivery import receiver
from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire import cursor
from shortener.storage.models import Callback, Replay
from shortener.validation.models import Fields
from shortener.validation.types import Moment, RowCursor, Switch

AT_ONCE = 1000  # callbacks that one call may replay
EVENT_ID = re.compile(r"evt_[A-Za-z0-9]{1,60}")


class Selection(Fields):
    """The callbacks to replay: in this state, of clicks or receipts in `[from, to)`, to one or all receivers."""

    model_config = ConfigDict(
        title="ReplayRequest",
        json_schema_extra={"examples": [{"from": "2026-11-22T09:00:00Z", "to": "2026-11-22T12:00:00Z"}]},
    )

    start: Annotated[Moment, Field(alias="from", description="Created at or after this time.")]
    end: Annotated[Moment, Field(alias="to", description="Created before this time.")]
    state: Literal[JobState.EXHAUSTED, JobState.DELIVERED] = JobState.EXHAUSTED
    about: Annotated[About | None, Field(description=ABOUT)] = None
    destination: Annotated[
        str | None,
        Field(
            max_length=receiver.MAX_URL,
            description="A URL of the receiver. Only its scheme, host and port are compared.",
        ),
    ] = None
    cursor: Annotated[RowCursor | None, Field(description="Continue after this cursor, from an earlier response.")] = (
        None
    )
    dry_run: Annotated[Switch, Field(description="Whether to only count the callbacks, without replaying them.")] = None

    @field_validator("end")
    @classmethod
    def _follows(cls, value: dt.datetime, info: ValidationInfo) -> dt.datetime:
        if "start" in info.data and value <= info.data["start"]:
            raise ValueError("must be after from")
        return value

    @field_validator("destination")
    @classmethod
    def _one_spelling(cls, value: str | None) -> str | None:
        """`-` stands for receivers that are no longer allowed."""
        return value if value in {None, "-"} else receiver.destination(value)


@dataclass(frozen=True, slots=True)
class Selected:
    """The row ids of at most 1,000 callbacks, the oldest first, with a cursor if there are more."""

    ids: Sequence[int]
    rest: str | None


def find(session: Session, account: Sender, event_id: str) -> Callback:
    """Return the account's callback with that event id; CallbackNotFoundError also if it is another account's."""
    callback = None
    if EVENT_ID.fullmatch(event_id):  # PostgreSQL refuses some other texts
        query = select(Callback).where(Callback.event_id == event_id, Callback.account_id == account.id)
        callback = session.scalar(query)
    if callback is None:
        raise CallbackNotFoundError
    return callback


def ask(session: Session, callback: Callback, *, asked_by: str, now: dt.datetime, waits: Sequence[float] = ()) -> None:
    """Make a settled callback due for one more attempt; CallbackOpenError if it is not settled.

    If the attempt fails, the callback is again what it was before: exhausted or delivered. A callback that a wrong
    clock has postponed for longer than the longest of `waits`, in seconds, is made due too.
    """
    if not _reopen(session, [callback.id], asked_by, now):
        _free(session, callback, asked_by, now, stranded.longest_wait(waits))
    session.refresh(callback)


def _free(session: Session, callback: Callback, asked_by: str, now: dt.datetime, longest: dt.timedelta) -> None:
    if not CALLBACKS.stranded.includes(session, callback.id, now=now, longest=longest):
        raise CallbackOpenError
    CALLBACKS.stranded.free(session, [callback.id], now=now, lease=stranded.SLACK)
    session.add(Replay(callback_id=callback.id, asked_on=now, asked_by=asked_by))
    session.flush()


def select_all(session: Session, account: Sender, selection: Selection) -> Selected:
    """Find the account's callbacks to replay. This may read a long period, so hold no lock."""
    wanted = [*conditions.conditions(account, selection), *conditions.tells(selection.about)]
    query = select(Callback.created_on, Callback.id).where(*wanted)
    if selection.cursor is not None:
        query = query.where(tuple_(Callback.created_on, Callback.id) > cursor.row(selection.cursor))
    rows = session.execute(query.order_by(Callback.created_on, Callback.id).limit(AT_ONCE + 1)).all()
    chosen = rows[:AT_ONCE]
    rest = cursor.after_row(*chosen[-1]) if len(rows) > AT_ONCE else None
    return Selected([row_id for _, row_id in chosen], rest)


def ask_all(session: Session, selected: Selected, *, asked_by: str, now: dt.datetime) -> int:
    """Make callbacks that are still settled due for one more attempt; return how many they are."""
    return _reopen(session, selected.ids, asked_by, now)


def of(session: Session, callback: Callback) -> Sequence[Replay]:
    """Return the replays of a callback, the oldest first."""
    return session.scalars(select(Replay).where(Replay.callback_id == callback.id).order_by(Replay.id)).all()


def _reopen(session: Session, ids: Sequence[int], asked_by: str, now: dt.datetime) -> int:
    """Make settled callbacks due and store who asked for it; return how many were settled."""
    reopened = CALLBACKS.reopen(session, ids, now=now)
    if reopened:
        rows = [{"callback_id": row_id, "asked_on": now, "asked_by": asked_by} for row_id in reopened]
        session.execute(insert(Replay), rows)
    return len(reopened)
