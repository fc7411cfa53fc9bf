"""What became of a message, for people: its sending with the attempts, the gateway's receipts, and all callbacks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shortener.reporting import callback_report
from shortener.reporting.callback_documents import Attempt, Callback, Replay
from shortener.rules.wire.moments import rfc3339
from shortener.storage import models
from shortener.storage.models import Message, Receipt, Sending, SendingAttempt

MOST_ATTEMPTS: Final = 20  # the newest of a sending; one that waits for its gateway has hundreds
MOST_RECEIPTS: Final = 50  # the newest


@dataclass(frozen=True, slots=True)
class Told:
    """A callback: what it is about (`click` or a message's state), its attempts and its replays."""

    about: str
    callback: Callback
    attempts: list[Attempt]
    replays: list[Replay]


@dataclass(frozen=True, slots=True)
class Story:
    """A message's sending, if it has one, with what followed; each the oldest first. `tries` counts all attempts."""

    sending: Sending | None
    tries: int
    attempts: Sequence[SendingAttempt]
    receipts: Sequence[Receipt]
    callbacks: list[Told]


def of(session: Session, message: Message) -> Story:
    """Return what became of a message."""
    sending = session.scalar(select(Sending).where(Sending.message_id == message.id))
    newest = select(Receipt).where(Receipt.message_id == message.id).order_by(Receipt.received_on.desc())
    return Story(
        sending=sending,
        tries=_tries(session, sending) if sending else 0,
        attempts=_attempts(session, sending) if sending else [],
        receipts=session.scalars(newest.order_by(Receipt.id.desc()).limit(MOST_RECEIPTS)).all()[::-1],
        callbacks=_callbacks(session, message),
    )


def _tries(session: Session, sending: Sending) -> int:
    return session.scalar(select(func.max(SendingAttempt.number)).where(SendingAttempt.sending_id == sending.id)) or 0


def _attempts(session: Session, sending: Sending) -> Sequence[SendingAttempt]:
    newest = select(SendingAttempt).where(SendingAttempt.sending_id == sending.id)
    return session.scalars(newest.order_by(SendingAttempt.number.desc()).limit(MOST_ATTEMPTS)).all()[::-1]


def _callbacks(session: Session, message: Message) -> list[Told]:
    """Return the callbacks: at most one for the click, and one for each state."""
    query = select(models.Callback).where(models.Callback.message_id == message.id).order_by(models.Callback.id)
    callbacks = session.scalars(query).all()
    attempts, replays = callback_report.newest_attempts(session, callbacks), _replays(session, callbacks)
    return [
        Told(
            about=one.about,
            callback=callback_report.brief(one),
            attempts=attempts.get(one.id, []),
            replays=replays.get(one.id, []),
        )
        for one in callbacks
    ]


def _replays(session: Session, callbacks: Sequence[models.Callback]) -> dict[int, list[Replay]]:
    """Return the replays of callbacks by the callback's id, the oldest first, with one query."""
    asked = select(models.Replay).where(models.Replay.callback_id.in_([callback.id for callback in callbacks]))
    found = defaultdict[int, list[Replay]](list)
    for one in session.scalars(asked.order_by(models.Replay.id)) if callbacks else ():
        found[one.callback_id].append({"asked_on": rfc3339(one.asked_on), "asked_by": one.asked_by})
    return found
