"""The requests of Vonage's clients: a message to send, or news about one that was sent."""

import re
from math import ceil
from typing import Annotated, Any, Final, Literal

from flask import request
from pydantic import AfterValidator, ConfigDict, Field

from shortener.errors import InvalidFieldsError
from shortener.messages import submission
from shortener.messages.submission import Submission
from shortener.running.services import services
from shortener.validation.models import VendorFields
from shortener.validation.types import CallbackUrl, ShortText, Switch, Text
from shortener.vendors.vonage import statuses
from shortener.vendors.vonage.receipts import CLIENT_REF
from shortener.web import vendor_requests

ACCOUNT_REF: Final = "account-ref"
LONGEST_REF: Final = 100  # characters; the vendor says 40, and its own client allows 100
_NUMBER: Final = re.compile("[0-9]{7,15}")
_TIME: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_TEXTS: Final = frozenset({"to", "from", CLIENT_REF, ACCOUNT_REF})  # clients may send them as numbers of JSON
_SWITCHES: Final = frozenset({"status-report-req", "delivered"})
_YES_OR_NO: Final = {"1": True, "0": False}
_READ: Final = "shortener.vonage_fields"  # in the environment of a request
# The fields of our own that hold what the vendor calls otherwise
_NAMES: Final = {"message": "text", "recipient": "to", "sender": "from", "receipts_url": "callback"}


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise ValueError("must be 7 to 15 digits: the country code and the number, without + and separators")
    return value


def _time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError("must be a time like 2026-11-28 12:10:29, in UTC")
    return value


EXAMPLE: Final[dict[str, Any]] = {"from": "Shop", "to": "447700900001", "text": submission.EXAMPLE["message"]}

Number = Annotated[str, Field(json_schema_extra={"pattern": "^[0-9]{7,15}$"}), AfterValidator(_number)]
Reference = Annotated[ShortText, Field(max_length=LONGEST_REF)]


class VonageMessage(VendorFields):
    """A message as the vendor's clients send it."""

    model_config = ConfigDict(title="VonageMessage", json_schema_extra={"examples": [EXAMPLE]})

    to: Number
    from_: Annotated[ShortText, Field(alias="from")]
    text: Text
    type: Annotated[Literal["text", "unicode"], Field(description="`binary` is refused.")] = "text"
    client_ref: Annotated[Reference | None, Field(alias=CLIENT_REF)] = None
    account_ref: Annotated[Reference | None, Field(alias=ACCOUNT_REF)] = None
    callback: Annotated[CallbackUrl | None, Field(description="Where receipts go.")] = None
    status_report_req: Annotated[
        Switch, Field(alias="status-report-req", description="Whether to send receipts; the default is true.")
    ] = None
    ttl: Annotated[int | None, Field(ge=20_000, le=604_800_000, description="Milliseconds.")] = None

    @property
    def references(self) -> dict[str, str]:
        """The sender's names for the message and for itself, which every answer repeats."""
        given = {CLIENT_REF: self.client_ref, ACCOUNT_REF: self.account_ref}
        return {name: value for name, value in given.items() if value is not None}

    def submission(self) -> Submission:
        """The message in our own fields; InvalidFieldsError has the vendor's names."""
        ours = {
            "message": self.text,
            "sender": self.from_,
            "recipient": f"+{self.to}",
            "receipts_url": self.callback,
            "validity_period": None if self.ttl is None else ceil(self.ttl / 1000),
        }
        return Submission.check(ours, services().policy)


class VonageConversion(VendorFields):
    """News about a message: whether its recipient did what it asked for."""

    model_config = ConfigDict(
        title="VonageConversion", json_schema_extra={"examples": [{"message-id": "k3" * 16, "delivered": True}]}
    )

    message_id: Annotated[ShortText, Field(alias="message-id")]
    delivered: Switch = None
    timestamp: Annotated[str | None, AfterValidator(_time)] = None


def fields() -> dict[str, Any]:
    """The fields of the request's query and body, as they were given; read once."""
    if _READ not in request.environ:
        request.environ[_READ] = {**vendor_requests.query(), **vendor_requests.read().fields}
    found: dict[str, Any] = request.environ[_READ]
    return found


def message() -> VonageMessage:
    """The message of the request; InvalidFieldsError names everything that is wrong with it."""
    return VonageMessage.check(_filled(), services().policy)


def conversion() -> VonageConversion:
    """The news of the request; InvalidFieldsError names everything that is wrong with it."""
    return VonageConversion.check(_filled())


def _filled() -> dict[str, Any]:
    """The fields that have a value; InvalidFieldsError for one that came several times."""
    given = {name: value for name, value in fields().items() if value not in (None, "")}
    if faults := {name: [statuses.ONCE] for name, value in given.items() if isinstance(value, list)}:
        raise InvalidFieldsError(faults)
    return {name: _plain(name, value) for name, value in given.items()}


def _plain(name: str, value: Any) -> Any:
    """A value as our own fields have it: numbers of JSON as text, 1 and 0 as true and false."""
    if name in _TEXTS and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _YES_OR_NO.get(str(value), value) if name in _SWITCHES else value


def in_vendors_words(faults: dict[str, list[str]]) -> dict[str, list[str]]:
    """The faults under the vendor's names of the fields."""
    return {_NAMES.get(name, name): sentences for name, sentences in faults.items()}
