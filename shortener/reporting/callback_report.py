"""The documents about one callback and its attempts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from shortener.callbacks import replay
from shortener.reporting import callback_documents as documents
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire.moments import rfc3339, rfc3339_or_none
from shortener.storage.models import Attempt, Callback, Message

MOST_ATTEMPTS = 1_000  # the newest of the callbacks of one message


def full(session: Session, callback: Callback, base_url: str) -> documents.CallbackReport:
    """Return everything about one callback, including its event as sent, its attempts and its replays."""
    [summary] = summaries(session, [callback], base_url)
    return {
        **summary,
        "event": callback.body.decode(),
        "attempts": attempts(session, callback),
        "replays": replays(session, callback),
    }


def replays(session: Session, callback: Callback) -> list[documents.Replay]:
    """Return the replays of a callback with who asked for them, the oldest first."""
    return [{"asked_on": rfc3339(one.asked_on), "asked_by": one.asked_by} for one in replay.of(session, callback)]


def msgid(session: Session, callback: Callback) -> str:
    """Return the msgid of a callback's message."""
    return _msgids(session, [callback.id])[callback.id]


def attempts(session: Session, callback: Callback) -> list[documents.Attempt]:
    """Return the attempts of a callback, the oldest first."""
    query = select(Attempt).where(Attempt.callback_id == callback.id).order_by(Attempt.number)
    return [attempt(one) for one in session.scalars(query)]


def newest_attempts(session: Session, callbacks: Sequence[Callback]) -> dict[int, list[documents.Attempt]]:
    """Return the newest attempts of a message's callbacks by the callback's id, the oldest first, with one query."""
    ids = [callback.id for callback in callbacks]
    newest = select(Attempt).where(Attempt.callback_id.in_(ids)).order_by(Attempt.started_on.desc(), Attempt.id.desc())
    found = defaultdict[int, list[documents.Attempt]](list)
    for one in session.scalars(newest.limit(MOST_ATTEMPTS)).all()[::-1] if ids else ():
        found[one.callback_id].append(attempt(one))
    return found


def brief(callback: Callback) -> documents.Callback:
    """Return the fields of a callback that come from its own row."""
    return {
        "id": callback.event_id,
        "about": callback.about,
        "url": callback.url,
        "state": callback.state,
        "exhausted_because": callback.exhausted_because,
        "created_on": rfc3339(callback.created_on),
        "next_attempt_on": rfc3339(callback.due_on) if callback.state == JobState.PENDING else None,
        "settled_on": rfc3339_or_none(callback.settled_on),
    }


def attempt(attempt: Attempt) -> documents.Attempt:
    """Return an attempt's document: its times, its outcome as a word and a sentence, and the duration of each step."""
    return {
        "number": attempt.number,
        "started_on": rfc3339(attempt.started_on),
        "ended_on": rfc3339_or_none(attempt.ended_on),
        "outcome": attempt.outcome or AttemptOutcome.RUNNING,
        "detail": attempt.detail,
        "status": attempt.status,
        "answer": readable(attempt.answer),
        "lookup_ms": millis(attempt.lookup_us),
        "connect_ms": millis(attempt.connect_us),
        "first_byte_ms": millis(attempt.first_byte_us),
        "total_ms": millis(attempt.total_us),
    }


def readable(answer: bytes | None) -> str | None:
    """Return an answer as text that can be stored anywhere; None if there is none."""
    return answer.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}") if answer else None


def millis(micros: int | None) -> float | None:
    """Return microseconds as milliseconds."""
    return None if micros is None else round(micros / 1000, 3)


def summaries(session: Session, callbacks: Sequence[Callback], base_url: str) -> list[documents.CallbackSummary]:
    """Return callbacks as lists show them, with three queries for any number of callbacks."""
    ids = [callback.id for callback in callbacks]
    counts = _pairs(session, select(Attempt.callback_id, func.max(Attempt.number)), ids)
    msgids = _msgids(session, ids)
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


def client_tags(session: Session, callbacks: Sequence[Callback]) -> dict[str, str | None]:
    """Return the client tags of the callbacks' messages, by event ID."""
    ids = {callback.id: callback.event_id for callback in callbacks}
    query = select(Callback.id, Message.client_tag).join(Message, Message.id == Callback.message_id)
    return {ids[key]: tag for key, tag in session.execute(query.where(Callback.id.in_(ids)))}


def _msgids(session: Session, ids: Sequence[int]) -> dict[int, str]:
    msgids = select(Callback.id, Message.msgid).join(Message, Message.id == Callback.message_id)
    return dict(session.execute(msgids.where(Callback.id.in_(ids))).all())


def _pairs(session: Session, query: Any, ids: Sequence[int]) -> dict[int, int]:
    grouped = query.where(Attempt.callback_id.in_(ids)).group_by(Attempt.callback_id)
    return dict(session.execute(grouped).all())


def _last_attempts(session: Session, places: Mapping[int, int]) -> Sequence[Attempt]:
    last = tuple_(Attempt.callback_id, Attempt.number).in_(list(places.items()))
    # The condition on callbacks is needed too: with pairs alone, SQLite would scan all attempts.
    return session.scalars(select(Attempt).where(Attempt.callback_id.in_(list(places)), last)).all()
