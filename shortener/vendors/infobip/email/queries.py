"""The parameters of the lists of mails: each generation has its own names of sender and recipient."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from shortener.rules.delivery.face_message import FaceMessage
from shortener.vendors.infobip.email import field_types
from shortener.vendors.infobip.fields import Id
from shortener.vendors.infobip.lists import LogsQuery, OfCursor
from shortener.vendors.infobip.parameters import Names
from shortener.web.access import Sender

CHANNEL: Final = "email"
SENDER: Final = "senderAddress"  # what is kept of the sender of each mail


def address(text: str | None) -> str | None:
    """Return the address in a text, or the text if there is none: nothing is from there."""
    try:
        return text and field_types.address(text)
    except ValueError:
        return text


def _addresses(texts: list[str] | None) -> list[str] | None:
    return None if texts is None else [address(text) or text for text in texts]


Addresses = Annotated[Names, AfterValidator(_addresses)]
From = Annotated[Id, AfterValidator(address)]


class _MailLogsQuery(LogsQuery):
    """A sender is found by its address, whatever name stood beside it."""

    sender: From = None

    @property
    def fields(self) -> dict[str, str]:
        """What must be as it was kept with the message."""
        return super().fields | ({SENDER: self.sender} if self.sender else {})


class OldMailLogsQuery(_MailLogsQuery):
    """The parameters of `GET /email/1/logs`."""

    sender: Annotated[From, Field(alias="from")] = None
    to: Addresses = None

    def messages(self, account: Sender) -> list[FaceMessage]:
        """Return what the parameters select."""
        return self.find(account, CHANNEL, None, self.to, None)[0]


class NewMailLogsQuery(_MailLogsQuery, OfCursor):
    """The parameters of `GET /email/4/logs`."""

    destination: Addresses = None

    def messages(self, account: Sender) -> tuple[list[FaceMessage], str | None]:
        """Return what the parameters select, and a cursor if there is more."""
        return self.find(account, CHANNEL, None, self.destination, self.cursor)
