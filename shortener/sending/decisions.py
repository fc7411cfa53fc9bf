"""What somebody decides about a sending: take it back before it begins; repeat or give up one that is held."""

import datetime as dt
from typing import Any, Final

from sqlalchemy import bindparam, case, exists, func, select, update
from sqlalchemy.orm import Session

from shortener.errors import NotCancelableError, NotHeldError
from shortener.receipts.advance import News, advance
from shortener.receipts.forgetting import forget
from shortener.receipts.proof import HAS_PROOF
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.storage import changed_hours
from shortener.storage.models import Message, Sending, SendingAttempt

GIVEN_UP: Final = "given up by "  # begins `exhausted_because`; who decided it follows
AGAIN: Final = dt.timedelta(hours=1)  # for which a repeated message is valid at least
_of_message: Final = Sending.message_id == bindparam("message")
_now: Final[Any] = bindparam("now", type_=Sending.due_on.type)
_until: Final[Any] = bindparam("until", type_=Sending.due_on.type)
_starts: Final = (
    select(func.coalesce(func.max(SendingAttempt.number), 0))
    .where(SendingAttempt.sending_id == Sending.id)
    .scalar_subquery()
)
_CANCEL: Final = (
    update(Sending)
    .where(
        _of_message,
        Sending.state == JobState.PENDING,
        Sending.unsure_on.is_(None),
        ~exists().where(SendingAttempt.sending_id == Sending.id),
    )
    .values(state=JobState.CANCELED, settled_on=_now, due_on=_now)
    .returning(Sending.id)
)
_held: Final = update(Sending).where(_of_message, Sending.state == JobState.HELD)
_REPEAT: Final = (
    _held.where(Sending.recipient.is_not(None), ~HAS_PROOF)
    .values(
        state=JobState.PENDING,
        due_on=_now,
        settled_on=None,
        unsure_on=None,
        ask_on=None,
        exhausted_because=None,
        closes_on=None,
        starts_before=_starts,
        expires_on=case((Sending.expires_on < _until, _until), else_=Sending.expires_on),
    )
    .returning(Sending.id)
)
# A person's decision, no receipt: the one state that goes back, so that the next ones are told.
_QUEUE_AGAIN: Final = (
    update(Message)
    .where(Message.id == bindparam("message"), Message.state == MessageState.UNKNOWN)
    .values(state=MessageState.QUEUED, state_on=_now, code=None, reason=None)
)
_GIVE_UP: Final = _held.values(
    state=JobState.EXHAUSTED,
    settled_on=_now,
    exhausted_because=bindparam("because"),
).returning(Sending.id)


def cancel(session: Session, message: Message, *, now: dt.datetime) -> None:
    """Take a message back before its hand-over begins; NotCancelableError if it is too late, or nothing to take back.

    To cancel it again changes nothing.
    """
    if session.connection().scalar(_CANCEL, {"message": message.id, "now": now}) is not None:
        news = News(MessageState.CANCELED, now, reason=Reason.CANCELED)
        if not advance(session.connection(), message.id, news, now=now):
            raise NotCancelableError  # its state is final: what was changed is rolled back
    elif message.state is not MessageState.CANCELED:
        raise NotCancelableError
    session.refresh(message)


def repeat(session: Session, message: Message, *, now: dt.datetime) -> None:
    """Hand a held message over again, which may reach its recipient twice; it is `queued` until then.

    NotHeldError if it is not held, its recipient has been forgotten meanwhile, or a receipt proves that it was taken.
    """
    values = {"message": message.id, "now": now, "until": now + AGAIN}
    if session.connection().scalar(_REPEAT, values) is None:
        raise NotHeldError
    session.connection().execute(_QUEUE_AGAIN, {"message": message.id, "now": now})
    changed_hours.note_of(session.connection(), [message.id])
    session.refresh(message)


def give_up(session: Session, message: Message, *, asked_by: str, now: dt.datetime) -> None:
    """Do not hand a held message over again; its state stays `unknown` until a receipt comes.

    NotHeldError if it is not held.
    """
    values = {"message": message.id, "because": GIVEN_UP + asked_by, "now": now}
    if session.connection().scalar(_GIVE_UP, values) is None:
        raise NotHeldError
    forget(session.connection(), [message.id])


def given_up_by(sending: Sending) -> str | None:
    """Return who gave the sending up, such as `person mina`; None if nobody did."""
    because = sending.exhausted_because or ""
    return because.removeprefix(GIVEN_UP) if because.startswith(GIVEN_UP) else None
