"""What became of a callback: the documents that answer for it and its attempts."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import Field
from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.callbacks import conditions, replay
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire import cursor
from shortener.rules.wire.moments import rfc3339
from shortener.storage.models import Attempt, Callback, Link, Message
from shortener.validation.models import Parameters
from shortener.validation.types import BehindRow, Moment

PAGE = 100


class Filter(Parameters):
    """Which callbacks a list shows: those in a state, those of clicks in `[from, to)`."""

    state: JobState | None = None
    start: Annotated[Moment | None, Field(alias="from", description="Of clicks then or later.")] = None
    end: Annotated[Moment | None, Field(alias="to", description="Of clicks before that.")] = None
    cursor: BehindRow = None


def page(session: Session, account: Sender, wanted: Filter, base_url: str) -> dict[str, Any]:
    """The account's callbacks, the newest first, a page at a time; each with its last attempt."""
    query = select(Callback).where(Callback.account_id == account.id)
    if wanted.state == JobState.EXHAUSTED:
        query = query.where(conditions.is_exhausted())
    elif wanted.state is not None:
        query = query.where(Callback.state == wanted.state)
    if wanted.start is not None:
        query = query.where(Callback.created_on >= wanted.start)
    if wanted.end is not None:
        query = query.where(Callback.created_on < wanted.end)
    if wanted.cursor is not None:
        query = query.where(tuple_(Callback.created_on, Callback.id) < cursor.row(wanted.cursor))
    newest = query.order_by(Callback.created_on.desc(), Callback.id.desc()).limit(PAGE + 1)
    rows = session.scalars(newest).all()
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    rest = urlencode({**wanted.parameters(), "cursor": cursor.after_row(last.created_on, last.id)}) if last else None
    return {
        "callbacks": summaries(session, rows[:PAGE], base_url),
        "next": rest and f"{base_url}/v1/callbacks?{rest}",
    }


def full(session: Session, callback: Callback, base_url: str) -> dict[str, Any]:
    """Everything about one callback: its event as it is sent, its attempts, who asked for replays."""
    [summary] = summaries(session, [callback], base_url)
    return {
        **summary,
        "event": callback.body.decode(),
        "attempts": attempts(session, callback),
        "replays": [
            {"asked_on": rfc3339(replay.asked_on), "asked_by": replay.asked_by}
            for replay in replay.of(session, callback)
        ],
    }


def attempts(session: Session, callback: Callback) -> list[dict[str, Any]]:
    """The attempts of a callback, the first one first."""
    query = select(Attempt).where(Attempt.callback_id == callback.id).order_by(Attempt.number)
    return [attempt(one) for one in session.scalars(query)]


def brief(callback: Callback) -> dict[str, Any]:
    """A callback by itself, without what stands in other tables."""
    return {
        "id": callback.event_id,
        "url": callback.url,
        "state": callback.state,
        "exhausted_because": callback.exhausted_because,
        "created_on": rfc3339(callback.created_on),
        "next_attempt_on": rfc3339(callback.due_on) if callback.state == JobState.PENDING else None,
        "settled_on": _maybe(callback.settled_on),
    }


def attempt(attempt: Attempt) -> dict[str, Any]:
    """One attempt: when, what came of it in one word and one sentence, and how long each step took."""
    times: Mapping[str, int | None] = {
        "lookup_ms": attempt.lookup_us,
        "connect_ms": attempt.connect_us,
        "first_byte_ms": attempt.first_byte_us,
        "total_ms": attempt.total_us,
    }
    return {
        "number": attempt.number,
        "started_on": rfc3339(attempt.started_on),
        "ended_on": _maybe(attempt.ended_on),
        "outcome": attempt.outcome or AttemptOutcome.RUNNING.value,
        "detail": attempt.detail,
        "status": attempt.status,
        "answer": attempt.answer.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
        if attempt.answer
        else None,
        **{name: None if micros is None else round(micros / 1000, 3) for name, micros in times.items()},
    }


def summaries(session: Session, callbacks: Sequence[Callback], base_url: str) -> list[dict[str, Any]]:
    """The callbacks as lists show them, by three queries, whatever their number."""
    ids = [callback.id for callback in callbacks]
    counts = _pairs(session, select(Attempt.callback_id, func.max(Attempt.number)), ids)
    links = select(Callback.id, Message.msgid).join(Link, Link.id == Callback.link_id)
    joined = links.join(Message, Message.id == Link.message_id).where(Callback.id.in_(ids))
    msgids = dict(session.execute(joined).all())
    last = {one.callback_id: attempt(one) for one in _last_attempts(session, counts)}
    return [
        {
            **brief(callback),
            "report": f"{base_url}/v1/callbacks/{callback.event_id}",
            "msgid": msgids[callback.id],
            "message": f"{base_url}/v1/messages/{msgids[callback.id]}",
            "starts": counts.get(callback.id, 0),
            "last_attempt": last.get(callback.id),
        }
        for callback in callbacks
    ]


def _pairs(session: Session, query: Any, ids: Sequence[int]) -> dict[int, int]:
    grouped = query.where(Attempt.callback_id.in_(ids)).group_by(Attempt.callback_id)
    return dict(session.execute(grouped).all())


def _last_attempts(session: Session, places: Mapping[int, int]) -> Sequence[Attempt]:
    last = tuple_(Attempt.callback_id, Attempt.number).in_(list(places.items()))
    # The callbacks once more by themselves: by pairs alone SQLite looks through all attempts there are.
    return session.scalars(select(Attempt).where(Attempt.callback_id.in_(list(places)), last)).all()


def _maybe(moment: dt.datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
