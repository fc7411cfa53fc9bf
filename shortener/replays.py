"""Replays: one more attempt of a settled callback, asked for by somebody, under the same id and with the same bytes."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from shortener.callbacks import PENDING
from shortener.errors import CallbackNotFoundError, CallbackOpenError
from shortener.fields import Fields, Moment, RowCursor
from shortener.models import Account, Attempt, Callback, Replay
from shortener.rules import cursor

AT_ONCE = 1000  # callbacks that one call may replay
EVENT_ID = re.compile(r"evt_[A-Za-z0-9]{1,60}")


class Selection(Fields):
    """Which callbacks are to be replayed: those of clicks in `[from, to)` that are in this state."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from": "2026-11-22T09:00:00Z", "to": "2026-11-22T12:00:00Z"}]}
    )

    start: Annotated[Moment, Field(alias="from", description="The first moment of a click.")]
    end: Annotated[Moment, Field(alias="to", description="The moment before which the clicks came.")]
    state: Literal["exhausted", "delivered"] = "exhausted"
    cursor: Annotated[RowCursor | None, Field(description="Where an earlier call left off.")] = None

    @field_validator("end")
    @classmethod
    def _follows(cls, value: dt.datetime, info: ValidationInfo) -> dt.datetime:
        if "start" in info.data and value <= info.data["start"]:
            raise ValueError("must be after from")
        return value


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many callbacks are attempted once more, and a cursor where that was not all of them."""

    count: int
    rest: str | None


def find(session: Session, account: Account, event_id: str) -> Callback:
    """The account's callback of that id; CallbackNotFoundError also for another account's."""
    callback = None
    if EVENT_ID.fullmatch(event_id):  # anything else need not be asked for, and some of it PostgreSQL refuses
        query = select(Callback).where(Callback.event_id == event_id, Callback.account_id == account.id)
        callback = session.scalar(query)
    if callback is None:
        raise CallbackNotFoundError
    return callback


def ask(session: Session, callback: Callback, *, asked_by: str, now: dt.datetime) -> None:
    """Attempt a settled callback once more, at once; CallbackOpenError where it is not settled.

    If that fails it is again what it was before: exhausted or delivered.
    """
    if not _reopen(session, [callback.id], asked_by, now):
        raise CallbackOpenError
    session.refresh(callback)


def ask_all(session: Session, account: Account, selection: Selection, *, asked_by: str, now: dt.datetime) -> Replayed:
    """Do the same for all selected callbacks, the oldest first, at most 1,000 of them."""
    query = (
        select(Callback.created_on, Callback.id)
        .where(Callback.account_id == account.id, Callback.state == selection.state)
        .where(Callback.created_on >= selection.start, Callback.created_on < selection.end)
        .order_by(Callback.created_on, Callback.id)
        .limit(AT_ONCE + 1)
    )
    if selection.cursor is not None:
        query = query.where(tuple_(Callback.created_on, Callback.id) > cursor.row(selection.cursor))
    rows = session.execute(query).all()
    chosen = rows[:AT_ONCE]
    count = _reopen(session, [row_id for _, row_id in chosen], asked_by, now)
    return Replayed(count, cursor.after_row(*chosen[-1]) if len(rows) > AT_ONCE else None)


def of(session: Session, callback: Callback) -> Sequence[Replay]:
    """Who asked for replays of a callback, and when; the first one first."""
    return session.scalars(select(Replay).where(Replay.callback_id == callback.id).order_by(Replay.id)).all()


def _reopen(session: Session, ids: Sequence[int], asked_by: str, now: dt.datetime) -> int:
    """Make settled callbacks due and note who asked; give back how many were settled."""
    if not ids:
        return 0
    last = select(func.coalesce(func.max(Attempt.number), 0)).where(Attempt.callback_id == Callback.id)
    settled = update(Callback).where(Callback.id.in_(ids), Callback.settled_on.is_not(None))
    values = {
        "state": PENDING,
        "due_on": now,
        "settled_on": None,
        "replayed_from": Callback.state,
        "starts_before": last.scalar_subquery(),
    }
    reopened = session.scalars(
        settled.values(values).returning(Callback.id), execution_options={"synchronize_session": False}
    ).all()
    if reopened:
        rows = [{"callback_id": row_id, "asked_on": now, "asked_by": asked_by} for row_id in reopened]
        session.execute(insert(Replay), rows)
    return len(reopened)
