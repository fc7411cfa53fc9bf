"""The parameters of the lists of SMS: each generation has its own names of sender and recipient."""

from typing import Annotated

from pydantic import Field

from shortener.rules.delivery.face_message import FaceMessage
from shortener.vendors.infobip.lists import LogsQuery, OfCursor
from shortener.vendors.infobip.parameters import Names
from shortener.vendors.infobip.sms import numbers
from shortener.web.access import Sender

CHANNEL = "sms"


class OldLogsQuery(LogsQuery):
    """The parameters of `GET /sms/1/logs`."""

    sender: Annotated[Names, Field(alias="from")] = None
    to: Names = None

    def messages(self, account: Sender) -> list[FaceMessage]:
        """Return what the parameters select."""
        return self.find(account, CHANNEL, self.sender, stored(self.to), None)[0]


class NewLogsQuery(LogsQuery, OfCursor):
    """The parameters of `GET /sms/3/logs`."""

    sender: Names = None
    destination: Names = None

    def messages(self, account: Sender) -> tuple[list[FaceMessage], str | None]:
        """Return what the parameters select, and a cursor if there is more."""
        return self.find(account, CHANNEL, self.sender, stored(self.destination), self.cursor)


def stored(recipients: list[str] | None) -> list[str] | None:
    """Return recipients as they are stored."""
    return None if recipients is None else [numbers.stored(to) for to in recipients]
