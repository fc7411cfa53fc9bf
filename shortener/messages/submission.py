"""The fields of a submitted message, checked in this one place for all wire formats."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from shortener.errors import InvalidFieldsError
from shortener.rules.delivery import receiver
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.tracking import Track
from shortener.rules.visitors.threshold import Threshold
from shortener.validation.attachments import Attachments
from shortener.validation.models import Faults, Fields, FieldsToCall
from shortener.validation.types import (
    CallbackUrl,
    Html,
    Metadata,
    Moment,
    Recipient,
    ShortText,
    Subject,
    Switch,
    Tags,
    Text,
    Validity,
)

KEY_LENGTH = 255
EXAMPLE: dict[str, Any] = {
    "message": "Your parcel is on its way: https://example.com/track?id=1&lang=en Thank you!",
    "lt_callbackurl": "https://crm.example.com/clicked",
    "client_tag": "order-1",
    "tags": ["parcel"],
    "metadata": {"customer": 4711},
}

TrackField = Annotated[
    Track | None,
    Field(description=f"{Track.__doc__} Default: `first`."),
]
DetectionField = Annotated[
    Detection | None,
    Field(description=Detection.__doc__),
]
BareDomainsField = Annotated[
    BareDomains | None,
    Field(description=BareDomains.__doc__),
]


def key_fault(key: str) -> str | None:
    """Return what is wrong with an idempotency key; None if it is valid."""
    if 0 < len(key) <= KEY_LENGTH and key.isascii() and key.isprintable():
        return None
    return f"must be 1 to {KEY_LENGTH} printable ASCII characters"


class Submission(FieldsToCall):
    """A message and its options. Options that are missing or null take the account's defaults."""

    # No `anyOf` for `message` or `html`: generators of clients would make two types of one.
    model_config = ConfigDict(title="NewMessage", json_schema_extra={"examples": [EXAMPLE]})

    message: Annotated[Text | None, Field(description="The complete text. Required unless `html` is given.")] = None
    html: Annotated[Html | None, Field(description="The HTML of an e-mail.")] = None
    subject: Annotated[Subject | None, Field(description="The subject of an e-mail.")] = None
    track_link: Annotated[Switch, Field(description="Whether to replace links with shortlinks.")] = None
    track: TrackField = None
    lt_callbackurl: Annotated[CallbackUrl | None, Field(description="The URL to call after the first click.")] = None
    receipts_url: Annotated[
        CallbackUrl | None, Field(description="The URL to call for each new state. Default: the account's.")
    ] = None
    callbackurl: Annotated[CallbackUrl | None, Field(description="Stored and reported; never called.")] = None
    client_tag: Annotated[
        ShortText | None, Field(description="Your own name for the message, unique in the account.")
    ] = None
    sender: Annotated[ShortText | None, Field(description="Stored, and returned in reports.")] = None
    recipient: Annotated[
        Recipient | None,
        Field(description="Stored in full, masked or not at all, depending on the account."),
    ] = None
    tags: Annotated[
        Tags, Field(description="Returned in reports and events. In a form: `a,b`, or one field per tag.")
    ] = None
    metadata: Annotated[
        Metadata,
        Field(description="Returned in reports and events. At most 4 KB of JSON; in a form: JSON as text."),
    ] = None
    detection: DetectionField = None
    bare_domains: BareDomainsField = None
    count_as_click: Annotated[Threshold | None, Field(description=Threshold.__doc__)] = None
    gateway: Annotated[
        ShortText | None,
        Field(description="The gateway that sends the message, or `none`. Default: the account's, or the channel's."),
    ] = None
    send_on: Annotated[Moment | None, Field(description="When to send it, at most 180 days ahead.")] = None
    validity_period: Annotated[
        Validity | None, Field(description="Seconds within which it must be handed over and delivered.")
    ] = None
    attachments: Annotated[
        Attachments | None, Field(description="Files of an e-mail, at most 20 MiB together. Not in forms.")
    ] = None

    @classmethod
    def check(cls, fields: Mapping[str, Any], policy: receiver.Policy, *, faults: Faults | None = None) -> Self:
        """Check the fields; InvalidFieldsError also if there is neither a text nor HTML."""
        if fields.get("message") is None and fields.get("html") is None:
            faults = {"message": ["is required"], **(faults or {})}
        return super().check(fields, policy, faults=faults)

    @property
    def text(self) -> str:
        """The text, empty if there is only HTML."""
        return self.message or ""

    def vendor_fields(self) -> dict[str, Any] | None:
        """Return the given fields that only one vendor's wire format has; None if there are none."""
        return {"callbackurl": self.callbackurl} if self.callbackurl is not None else None

    def fingerprint(self) -> bytes:
        """The SHA-256 of the given fields, the same for equal submissions however they were written."""
        return digest(self.model_dump(exclude_none=True))


def digest(content: object) -> bytes:
    """The SHA-256 of JSON, in which a time may stand for its text."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, default=dt.datetime.isoformat)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).digest()


class DryRunRequest(Fields):
    """A URL or a message to check. Exactly one of them is required."""

    model_config = ConfigDict(
        title="LinkCheck",
        json_schema_extra={
            "examples": [{"url": "https://example.com/track?id=1"}, {"message": EXAMPLE["message"]}],
            "oneOf": [{"required": ["url"]}, {"required": ["message"]}],
        },
    )

    url: Text | None = None
    message: Text | None = None
    track: TrackField = None
    detection: DetectionField = None
    bare_domains: BareDomainsField = None

    @classmethod
    def check(cls, fields: Mapping[str, Any], *, faults: Faults | None = None) -> Self:
        """Check the fields; InvalidFieldsError also unless exactly one of `url` and `message` is given."""
        dry_run = super().check(fields, faults=faults)
        if (dry_run.url is None) == (dry_run.message is None):
            raise InvalidFieldsError({"url": ["give either url or message"]})
        return dry_run
