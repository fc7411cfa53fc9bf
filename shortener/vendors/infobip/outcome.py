"""What a report says: of a message as it is now, or of the new state that a callback tells."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from typing_extensions import TypedDict

from shortener.callbacks.forms import Told
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.infobip import error_codes, moments, statuses
from shortener.vendors.infobip.error_codes import ErrorDocument
from shortener.vendors.infobip.statuses import StatusDocument


class InfobipPrice(TypedDict):
    """What a message costs here."""

    pricePerMessage: int
    currency: str


PRICE: Final[InfobipPrice] = {"pricePerMessage": 0, "currency": "EUR"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message, and when; the time is None while it may still change."""

    state: MessageState | None
    code: str
    reason: Reason | None
    done_on: dt.datetime | None

    @property
    def status(self) -> StatusDocument:
        """The vendor's status object."""
        return statuses.status(self.state, self.reason)

    @property
    def done_at(self) -> str | None:
        """The time as the vendor writes it."""
        return moments.write(self.done_on) if self.done_on else None

    def error(self, *, is_old: bool = False, is_mail: bool = False) -> ErrorDocument:
        """Return the vendor's error object."""
        return error_codes.error(self.state, self.reason, self.code, is_old=is_old, is_mail=is_mail)


def of_message(message: FaceMessage) -> Outcome:
    """Return what became of a message until now."""
    return Outcome(message.state, message.code, message.reason, message.state_on if message.is_final else None)


def of_told(told: Told) -> Outcome:
    """Return what a callback tells, final or not."""
    return Outcome(told.state, told.code, told.reason, told.at)


def sent_on(message: FaceMessage) -> dt.datetime:
    """Return when a message was to be sent, by which the lists filter."""
    return message.send_on or message.received_on
