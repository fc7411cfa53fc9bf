"""The answers to the vendor's clients. Each may also be an error, which has the first two fields only."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from shortener.rules import sms_parts
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.wire.documents import Url
from shortener.vendors.aicross import codes, times
from shortener.vendors.aicross.faults import AicrossAnswer

Tag = Annotated[str, Field(max_length=203)]
PhoneNumber = Annotated[str, Field(description="`+81…`, as far as the account stores it.")]


class AicrossSent(AicrossAnswer):
    """A message that was accepted."""

    phoneNumber: NotRequired[PhoneNumber]
    smsMessage: NotRequired[Annotated[str, Field(description="The text to send, with its shortlink.")]]
    text: NotRequired[Annotated[str, Field(description="The same; the vendor has no such field.")]]
    shortlink: NotRequired[Url | None]


class AicrossStatus(TypedDict):
    """A message and what became of it."""

    dateTime: Annotated[str, Field(pattern="^[0-9]{8} [0-9]{9}$")]
    phoneNumber: PhoneNumber
    message: str
    smsCode: int
    carrierId: str | None
    carrierName: str
    statusId: codes.StatusId
    clientTag: Tag
    detailedStatusId: Annotated[str, Field(pattern="^[0-9]{5}$")]
    separatedSuccessCount: Annotated[int, Field(description="SMS parts that arrived.")]


class AicrossStatuses(AicrossAnswer):
    """Messages and what became of them."""

    status: NotRequired[list[AicrossStatus]]


class AicrossReservation(TypedDict):
    """A message that waits for its time."""

    scheduleTime: str
    phoneNumber: PhoneNumber
    message: str
    smsCode: int
    clientTag: Tag


class AicrossReservations(AicrossAnswer):
    """Messages that wait for their time."""

    count: NotRequired[int]
    status: NotRequired[list[AicrossReservation]]


class AicrossCanceled(AicrossAnswer):
    """A reservation that was taken back."""

    clientTag: NotRequired[Tag]


class AicrossParts(AicrossAnswer):
    """The delivered SMS parts of a month: under `999`, because we do not know carriers; empty if there are none."""

    separatedSuccessCount: NotRequired[list[dict[str, int]]]


class AicrossTemplates(AicrossAnswer):
    """No templates: this installation stores none."""

    count: NotRequired[int]
    templates: NotRequired[list[dict[str, str]]]


class AicrossOwner(AicrossAnswer):
    """Whether a number still belongs to the same person: `ERROR`, because we do not know."""

    phoneNumber: NotRequired[str]
    referenceDate: NotRequired[str]
    status: NotRequired[Literal["T", "N", "ERROR"]]


class AicrossShortUrl(AicrossAnswer):
    """A shortlink for everybody who gets it."""

    shortUrl: NotRequired[Url]
    name: NotRequired[str]


def status(message: FaceMessage) -> AicrossStatus:
    """Return a message and what became of it."""
    status_id = codes.status_id(message.state)
    return {
        "dateTime": times.written_milliseconds(message.state_on or message.received_on),
        "phoneNumber": message.recipient or "",
        "message": message.text,
        "smsCode": int(message.sender or 0),
        "carrierId": None,
        "carrierName": "",
        "statusId": status_id,
        "clientTag": message.client_tag or "",
        "detailedStatusId": codes.detailed_status_id(message.state, message.reason, message.code),
        "separatedSuccessCount": parts(message) if status_id == codes.DELIVERED else 0,
    }


def reservation(message: FaceMessage) -> AicrossReservation:
    """Return a message that waits for its time."""
    return {
        "scheduleTime": times.written_minute(message.send_on or message.received_on),
        "phoneNumber": message.recipient or "",
        "message": message.text,
        "smsCode": int(message.sender or 0),
        "clientTag": message.client_tag or "",
    }


def parts(message: FaceMessage) -> int:
    """Return how many SMS parts the text of a message takes."""
    return sms_parts.count(message.text).parts
