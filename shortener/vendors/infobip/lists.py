"""Reports and logs: what their parameters select, in both channels and both generations."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import Field
from typing_extensions import TypedDict

from shortener.errors import InvalidFieldsError
from shortener.reporting.face_filter import FaceFilter
from shortener.rules.delivery.face_message import FaceMessage
from shortener.vendors.infobip import sending, statuses
from shortener.vendors.infobip.fields import Flag, InfobipFields, Name
from shortener.vendors.infobip.moments import KEPT, Time
from shortener.vendors.infobip.parameters import USUAL, Limit, Names
from shortener.vendors.infobip.statuses import Group
from shortener.web import face_messages, message_reports
from shortener.web.access import Sender
from shortener.web.vendor_requests import one

MILLISECOND: Final = dt.timedelta(milliseconds=1)  # what is not shown of a time


class InfobipCursor(TypedDict):
    """Where the list continues."""

    limit: int
    nextCursor: str | None


class _Query(InfobipFields):
    """The parameters of both lists."""

    lists: ClassVar[frozenset[str]] = frozenset({"bulkId", "messageId", "from", "to", "sender", "destination"})

    bulk_id: Names = None
    message_id: Names = None
    limit: Limit = USUAL
    campaign_reference_id: Name = None
    entity_id: Name = None
    application_id: Name = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Check parameters; of those that are no lists, the last one counts."""
        return cls.check({name: value if name in cls.lists else one(value) for name, value in given.items()})

    @property
    def fields(self) -> dict[str, str]:
        """What must be as it was given with the message."""
        return self.model_dump(
            include={"campaign_reference_id", "entity_id", "application_id"}, by_alias=True, exclude_none=True
        )


class ReportsQuery(_Query):
    """The parameters of reports."""

    def pull(self, account: Sender, channel: str) -> list[FaceMessage]:
        """Return messages whose reports were never pulled, and give them out with that."""
        wanted = FaceFilter(
            pull_queue=sending.queue(channel),
            names=self.message_id,
            bulk_ids=self.bulk_id,
            fields=self.fields,
            limit=self.limit,
        )
        return face_messages.pull(account, wanted)


class LogsQuery(_Query):
    """The parameters of logs, without the names of sender and recipient, which differ."""

    general_status: Group | None = None
    sent_since: Time | None = None
    sent_until: Time | None = None
    mcc: Name = None
    mnc: Annotated[Name, Field(description="Only with `mcc`.")] = None

    def find(
        self, account: Sender, channel: str, senders: list[str] | None, recipients: list[str] | None, cursor: str | None
    ) -> tuple[list[FaceMessage], str | None]:
        """Return the messages that the parameters select, the newest first, and a cursor if there are more.

        We know no networks: nothing is in one that `mcc` names.
        """
        if self.mnc is not None and self.mcc is None:
            raise InvalidFieldsError({"mnc": ["must be given together with mcc"]})
        if self.mcc is not None:
            return [], None
        wanted = replace(self._selected(channel), senders=senders, recipients=recipients, cursor=cursor)
        return face_messages.page(account, wanted)

    def _selected(self, channel: str) -> FaceFilter:
        """Return what the parameters select of the last 48 hours, whoever sent it to whom."""
        oldest = message_reports.now() - KEPT
        is_named = self.message_id is not None or self.bulk_id is not None
        return FaceFilter(
            pull_queue=sending.queue(channel),
            names=self.message_id,
            bulk_ids=self.bulk_id,
            states=statuses.states(self.general_status) if self.general_status else None,
            received_from=None if is_named else oldest,
            sent_from=max(oldest, self.sent_since or oldest),
            sent_to=self.sent_until + MILLISECOND if self.sent_until else None,
            fields=self.fields,
            limit=self.limit,
        )


class OfCursor(InfobipFields):
    """The parameters for going through a list, which only the new generation has."""

    use_cursor: Flag = None
    cursor: Annotated[str | None, Field(description="`nextCursor` of the answer before.")] = None

    def document(self, limit: int, following: str | None) -> InfobipCursor | None:
        """Return where the list continues, None if the client did not ask."""
        return {"limit": limit, "nextCursor": following} if self.use_cursor or self.cursor else None
