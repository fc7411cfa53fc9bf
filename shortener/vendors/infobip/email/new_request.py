"""The mails of the new API: JSON, `POST /email/4/messages`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from shortener.rules.mail.content_type import ANY
from shortener.validation.attachments import decoded
from shortener.validation.types import Html, ShortText, Text
from shortener.vendors.infobip import sending
from shortener.vendors.infobip.email import mails
from shortener.vendors.infobip.email.field_types import (
    LONGEST_SUBJECT,
    Address,
    Headers,
    MailSender,
    Unsupported,
    Values,
)
from shortener.vendors.infobip.email.mails import File, Mail, To
from shortener.vendors.infobip.fields import Flag, Id, InfobipFields, Url
from shortener.vendors.infobip.new_fields import MessageOptions, Schedule, Webhooks

LISTS: Final = ("to", "cc", "bcc")
SEND_AT: Final = "options.schedule.sendAt"
EXAMPLE: Final[dict[str, Any]] = {
    "messages": [
        {
            "sender": "Shop <news@shop.example>",
            "destinations": [{"to": [{"destination": "anna@example.com"}]}],
            "content": {"subject": "Your parcel", "html": '<a href="https://example.com/track?id=1">Track it</a>'},
        }
    ]
}
Content = Annotated[bytes, BeforeValidator(decoded, json_schema_input_type=str), Field(repr=False)]


class InfobipMailFile(InfobipFields):
    """A file with its content."""

    type: Literal["binary"] = "binary"
    content: Content
    content_type: str = ANY
    file_name: ShortText

    def file(self) -> File:
        """Return the file of a mail."""
        return File(self.file_name, self.content_type, self.content)


Files = Annotated[list[InfobipMailFile] | None, Field(max_length=100)]


class InfobipMailContent(InfobipFields):
    """What a mail says."""

    subject: Annotated[str, Field(min_length=1, max_length=LONGEST_SUBJECT)]
    text: Text | None = None
    html: Html | None = None
    template_id: Unsupported = None
    attachments: Files = None
    inline_images: Files = None
    default_placeholders: Values = None
    headers: Headers = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.text is None and self.html is None:
            raise ValueError("must have text or html")
        return self


class InfobipMailTo(InfobipFields):
    """A recipient."""

    destination: Address
    message_id: Id = None
    placeholders: Values = None

    def to(self, at: str) -> To:
        """Return the recipient of a mail; `at` is where it stands in the request."""
        names = {"recipient": "destination", "client_tag": "messageId", mails.VALUES: "placeholders"}
        paths = {name: f"{at}.{theirs}" for name, theirs in names.items()}
        return To(self.destination, self.message_id, self.placeholders or {}, paths)


Recipients = Annotated[list[InfobipMailTo] | None, Field(max_length=sending.MOST)]


class InfobipMailDestination(InfobipFields):
    """A group of recipients."""

    to: Annotated[list[InfobipMailTo], Field(min_length=1, max_length=sending.MOST)]
    cc: Recipients = None
    bcc: Recipients = None
    reply_to: MailSender | None = None
    preserve_recipients: Flag = None


class InfobipMailMessage(InfobipFields):
    """A mail for one or several groups of recipients."""

    sender: MailSender
    destinations: Annotated[list[InfobipMailDestination], Field(min_length=1, max_length=sending.MOST)]
    content: InfobipMailContent
    options: MessageOptions | None = None
    webhooks: Webhooks | None = None


class InfobipMailTracking(InfobipFields):
    """What is tracked in all of them."""

    track: Flag = None
    track_clicks: Flag = None
    tracking_url: Url = None


class InfobipMailRequestOptions(InfobipFields):
    """The options of a request."""

    schedule: Schedule | None = None
    tracking: InfobipMailTracking | None = None


class InfobipMails(InfobipFields):
    """Mails that are sent together."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    messages: Annotated[list[InfobipMailMessage], Field(min_length=1, max_length=sending.MOST)]
    options: InfobipMailRequestOptions | None = None

    @property
    def schedule(self) -> Schedule:
        """When all are sent, and the id of the request."""
        return (self.options or InfobipMailRequestOptions()).schedule or Schedule()

    def mails(self) -> Iterator[Mail]:
        """Yield a mail for every group of recipients."""
        tracking = (self.options or InfobipMailRequestOptions()).tracking or InfobipMailTracking()
        for index, message in enumerate(self.messages):
            for place, group in enumerate(message.destinations):
                names = _names(f"messages[{index}]", f"messages[{index}].destinations[{place}]")
                yield _mail(message, group, tracking, names)


def _names(message: str, group: str) -> Mapping[str, str]:
    """Return where the fields of a submission stand, and lists of recipients."""
    return {
        **{name: f"{group}.{name}" for name in LISTS},
        **{name: f"{message}.content.{name}" for name in ("subject", "html", "attachments")},
        "message": f"{message}.content.text",
        mails.VALUES: f"{message}.content.defaultPlaceholders",
        "sender": f"{message}.sender",
        "receipts_url": f"{message}.webhooks.delivery.url",
        "validity_period": f"{message}.options.validityPeriod",
        "send_on": SEND_AT,
        "lt_callbackurl": "options.tracking.trackingUrl",
        sending.ALL: "messages",
    }


def _recipients(given: list[InfobipMailTo] | None, at: str) -> tuple[To, ...]:
    return tuple(one.to(f"{at}[{index}]") for index, one in enumerate(given or ()))


def _mail(
    message: InfobipMailMessage, group: InfobipMailDestination, tracking: InfobipMailTracking, names: Mapping[str, str]
) -> Mail:
    content, options = message.content, message.options or MessageOptions()
    webhooks, validity = message.webhooks or Webhooks(), options.validity_period
    return Mail(
        sender=message.sender,
        to=_recipients(group.to, names["to"]),
        cc=_recipients(group.cc, names["cc"]),
        bcc=_recipients(group.bcc, names["bcc"]),
        shows_recipients=bool(group.preserve_recipients),
        subject=content.subject,
        text=content.text,
        html=content.html,
        images=tuple(one.file() for one in content.inline_images or ()),
        files=tuple(one.file() for one in content.attachments or ()),
        values=content.default_placeholders or {},
        reply_to=group.reply_to,
        headers=content.headers or {},
        track_link=mails.tracking(tracking.track_clicks, tracking.track, tracking.tracking_url),
        click_url=tracking.tracking_url,
        receipts_url=webhooks.url,
        told_states=webhooks.told_states,
        kept={"callbackData": webhooks.callback_data, **options.kept},
        validity_period=validity.seconds if validity else None,
        names=names,
    )
