"""A mail of the old API: a form with files, `POST /email/3/send`."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field

from shortener.rules.delivery.receiver import Policy
from shortener.validation.models import Faults
from shortener.validation.types import Html, Text
from shortener.vendors.infobip import sending
from shortener.vendors.infobip.email import mails, placeholders
from shortener.vendors.infobip.email.field_types import (
    LONGEST_SUBJECT,
    Headers,
    MailSender,
    Unsupported,
    Values,
    address,
)
from shortener.vendors.infobip.email.mails import File, Mail, To
from shortener.vendors.infobip.fields import BulkId, CallbackData, Flag, Id, InfobipFields, Name, Url
from shortener.vendors.infobip.moments import Time

KEPT: Final = {"callback_data", "campaign_reference_id", "entity_id", "application_id"}
# Where the fields of a submission stand, unless they have the same names here.
NAMES: Final = {
    "message": "text",
    "sender": "from",
    "lt_callbackurl": "trackingUrl",
    "receipts_url": "notifyUrl",
    "client_tag": "messageId",
    "attachments": "attachment",
    mails.VALUES: "defaultPlaceholders",
}
LISTS: Final = frozenset({"to", "cc", "bcc"})


def _recipient(value: object) -> object:
    """Take an address, or a JSON object with an address and its placeholders."""
    if not isinstance(value, str):
        raise ValueError("must be an e-mail address, or a JSON object with `to` and `placeholders`")
    if not value.lstrip().startswith("{"):
        return To(address(value))
    try:
        given = json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("must be valid JSON if it begins with {") from None
    if not isinstance(given.get("to"), str):
        raise ValueError("must be a JSON object with `to`, an e-mail address")
    return To(address(given["to"]), values=placeholders.values(given.get("placeholders")))


Recipients = Annotated[
    list[Annotated[To, BeforeValidator(_recipient, json_schema_input_type=str)]], Field(max_length=sending.MOST)
]


class InfobipOldMail(InfobipFields):
    """The fields of the form, apart from its files."""

    sender: Annotated[MailSender, Field(alias="from")]
    to: Recipients
    cc: Recipients | None = None
    bcc: Recipients | None = None
    reply_to: MailSender | None = None
    subject: Annotated[str, Field(min_length=1, max_length=LONGEST_SUBJECT)]
    text: Text | None = None
    html: Html | None = None
    headers: Headers = None
    preserve_recipients: Flag = None
    tracking_url: Url = None
    track_clicks: Flag = None
    track_opens: Annotated[Flag, Field(description="Has no effect.")] = None
    track: Flag = None
    callback_data: CallbackData = None
    intermediate_report: Flag = None
    notify_url: Url = None
    bulk_id: BulkId = None
    message_id: Id = None
    send_at: Time | None = None
    template_id: Unsupported = None
    default_placeholders: Values = None
    campaign_reference_id: Name = None
    entity_id: Name = None
    application_id: Name = None

    @classmethod
    def read(cls, given: Mapping[str, Any], files: Sequence[tuple[str, File]], policy: Policy) -> Self:
        """Check the form, whose names are in lower case; InvalidFieldsError has every fault."""
        fields = _named(given)
        fields |= {name: text for name, text in _texts(files).items() if name not in fields}
        faults: Faults = {}
        if not fields.get("text") and not fields.get("html"):
            faults["text"] = ["is required, or html is"]
        faults |= {name: ["must be a file"] for name in ("attachment", "inlineImage") if name in fields}
        return cls.check(fields, policy, faults=faults)

    def mail(self, files: Sequence[tuple[str, File]]) -> Mail:
        """Return the mail with its files. An own id of the message belongs to the first recipient."""
        first, *others = _placed("to", self.to)
        return Mail(
            sender=self.sender,
            to=(dataclasses.replace(first, message_id=self.message_id), *others),
            cc=_placed("cc", self.cc),
            bcc=_placed("bcc", self.bcc),
            shows_recipients=bool(self.preserve_recipients),
            subject=self.subject,
            text=self.text,
            html=self.html,
            images=tuple(file for name, file in files if name == "inlineimage"),
            files=tuple(file for name, file in files if name not in ("inlineimage", "text", "html")),
            values=self.default_placeholders or {},
            reply_to=self.reply_to,
            headers=self.headers or {},
            track_link=mails.tracking(self.track_clicks, self.track, self.tracking_url),
            click_url=self.tracking_url,
            receipts_url=self.notify_url,
            told_states=sending.told_states(intermediate=self.intermediate_report),
            kept=self.model_dump(include=KEPT, by_alias=True),
            names=NAMES,
        )


def _placed(field: str, recipients: Sequence[To] | None) -> tuple[To, ...]:
    """Return recipients with their places in the form."""
    return tuple(
        dataclasses.replace(one, names=dict.fromkeys(("recipient", mails.VALUES), f"{field}[{index}]"))
        for index, one in enumerate(recipients or ())
    )


def _named(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that were filled in by the vendor's names; a name that came twice has its last value."""
    found: dict[str, Any] = {}
    for lower, value in given.items():
        name = _NAMES.get(lower, lower)
        values = [one for one in (value if isinstance(value, list) else [value]) if one not in ("", None)]
        if values:
            found[name] = values if name in LISTS else values[-1]
    return found


def _texts(files: Sequence[tuple[str, File]]) -> dict[str, str]:
    """Return text and HTML that came as files, which some programs make of every long field."""
    return {name: file.content.decode("utf-8", "replace") for name, file in files if name in ("text", "html")}


_NAMES: Final = {
    name.lower(): name
    for name in (
        *(field.alias or name for name, field in InfobipOldMail.model_fields.items()),
        *("attachment", "inlineImage"),
    )
}

_FILES: Final = {"type": "array", "items": {"type": "string", "format": "binary"}}
_FIELDS: Final = InfobipOldMail.model_json_schema()
SCHEMA: Final[dict[str, Any]] = {
    **_FIELDS,
    "title": "InfobipOldMail",
    "examples": [{"from": "Shop <news@shop.example>", "to": ["anna@example.com"], "subject": "Hello", "text": "Hi"}],
    "properties": {**_FIELDS["properties"], "attachment": _FILES, "inlineImage": _FILES},
}
