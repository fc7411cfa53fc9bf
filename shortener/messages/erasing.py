"""Erase what a stored message says, and to whom it went. Its links live on, and its clicks and callbacks stay."""

from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from shortener.errors import NotErasableError
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.storage.models import Attachment, Message, Part, Receipt, Sending

DELETED: Final = "deleted"  # among the fields of a wire format: its clients do not see the message any more
# Nothing more is expected: it is final, or nobody knows what became of it, or nobody sends it.
_DONE: Final = (None, MessageState.UNKNOWN, *(state for state in MessageState if state.is_final))


def erase_text(session: Session, message: Message) -> None:
    """Erase everything that the message says; NotErasableError if its gateway may still need it.

    Reports, lists and exports then show an empty text. To erase it again changes nothing.
    """
    _refuse_open(session, message)
    session.execute(delete(Part).where(Part.message_id == message.id))
    session.execute(update(Attachment).where(Attachment.message_id == message.id).values(content=None))
    message.subject = message.skipped = None


def erase_message(session: Session, message: Message) -> None:
    """Erase the text and the recipient, and hide the message from the clients of its wire format.

    NotErasableError if a gateway may still say something about it. The record stays, as links live for 90 days.
    """
    if message.state not in _DONE:
        raise NotErasableError
    erase_text(session, message)
    session.execute(update(Receipt).where(Receipt.message_id == message.id).values(raw=None))
    session.execute(update(Sending).where(Sending.message_id == message.id).values(recipient=None, extras=None))
    message.recipient = None
    message.vendor_fields = {**(message.vendor_fields or {}), DELETED: True}


def _refuse_open(session: Session, message: Message) -> None:
    """Lock the message's sending; NotErasableError if it has not ended, or may be repeated."""
    query = select(Sending.settled_on, Sending.state).where(Sending.message_id == message.id).with_for_update()
    sending = session.execute(query).first()
    if sending is not None and (sending.settled_on is None or sending.state is JobState.HELD):
        raise NotErasableError
