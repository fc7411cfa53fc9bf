"""Erase what a stored message says, and to whom it went. Its links live on, and its clicks and callbacks stay."""

from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from shortener.errors import NotErasableError
from shortener.rules.delivery import event
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.storage.models import Attachment, Attempt, Callback, Message, Part, Receipt, Sending, SendingAttempt

DELETED: Final = "deleted"  # among the fields of a wire format: its clients do not see the message any more
# Nothing more is expected: it is final, or nobody knows what became of it, or nobody sends it.
_DONE: Final = (None, MessageState.UNKNOWN, *(state for state in MessageState if state.is_final))


def erase_text(session: Session, message: Message) -> None:
    """Erase everything that the message says; NotErasableError if its gateway may still need it.

    Reports, lists and exports then show an empty text. To erase it again changes nothing.
    """
    _refuse_open(session, message)
    session.execute(delete(Part).where(Part.message_id == message.id))
    session.execute(delete(Attachment).where(Attachment.message_id == message.id))
    message.subject = message.skipped = None
    _erase_gateways_words(session, message.id)


def erase_message(session: Session, message: Message) -> None:
    """Erase the text and the recipient, and hide the message from the clients of its wire format.

    NotErasableError if a gateway may still say something about it. The record stays, as links live for 90 days.
    """
    if message.state not in _DONE:
        raise NotErasableError
    erase_text(session, message)
    session.execute(update(Sending).where(Sending.message_id == message.id).values(recipient=None))
    _erase_recipient_in_callbacks(session, message.id)
    message.recipient = None
    message.vendor_fields = {**(message.vendor_fields or {}), DELETED: True}


def _erase_gateways_words(session: Session, message_id: int) -> None:
    """Erase what a gateway was given, answered and reported: some gateways repeat the text and the recipient."""
    sending = Sending.message_id == message_id
    tries = SendingAttempt.sending_id.in_(select(Sending.id).where(sending))
    details = select(SendingAttempt.detail).where(tries, SendingAttempt.detail.is_not(None))
    repeats = Sending.exhausted_because.in_(details)
    session.execute(update(Sending).where(sending, repeats).values(exhausted_because=None))
    session.execute(update(Sending).where(sending).values(extras=None))
    session.execute(update(SendingAttempt).where(tries).values(answer=None, detail=None))
    session.execute(update(Receipt).where(Receipt.message_id == message_id).values(raw=None))


def _erase_recipient_in_callbacks(session: Session, message_id: int) -> None:
    """Erase the recipient in events, also in those that are still to be sent, and what their receivers answered."""
    callbacks = session.scalars(select(Callback).where(Callback.message_id == message_id).with_for_update()).all()
    for callback in callbacks:
        callback.body = event.without_recipient(callback.body)
    ids = [callback.id for callback in callbacks]
    session.execute(update(Attempt).where(Attempt.callback_id.in_(ids)).values(answer=None))


def _refuse_open(session: Session, message: Message) -> None:
    """Lock the message's sending; NotErasableError if it has not ended, or may be repeated."""
    query = select(Sending.settled_on, Sending.state).where(Sending.message_id == message.id).with_for_update()
    sending = session.execute(query).first()
    if sending is not None and (sending.settled_on is None or sending.state is JobState.HELD):
        raise NotErasableError
