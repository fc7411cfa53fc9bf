"""The documents about messages that reports, lists and exports return and the API description shows."""

from typing import Annotated, Any, Literal

from pydantic import Field, with_config
from typing_extensions import TypedDict

from shortener.messages.rewriting import SmsParts
from shortener.receipts import storing
from shortener.reporting.callback_documents import CallbackWithAttempts
from shortener.reporting.click_documents import Clicks
from shortener.reporting.document_examples import PREPROCESSED, REPORT
from shortener.reporting.receipt_documents import MessageReceipt, Receipt
from shortener.reporting.sending_documents import Sending
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.links.body import MOST_LINKS
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.skip_reason import SkippedText
from shortener.rules.links.tracking import Track
from shortener.rules.visitors.threshold import Threshold
from shortener.rules.wire.documents import Moment, Msgid, NextPage, Url


class Link(TypedDict):
    """A link of a message."""

    link: Annotated[str, Field(description="The target as written; a bare domain gets `https://` in front.")]
    shortlink: Annotated[Url, Field(description="The short URL that replaces the link in the text.")]
    expires_on: Annotated[Moment, Field(description="The time from which the shortlink answers 410.")]
    accessed: Annotated[bool, Field(description="Whether a click has counted.")]
    accessed_on: Annotated[Moment | None, Field(description="The time of the first click that counted.")]


class ReportedLink(Link):
    """A link of a message, as reports show it."""

    off_on: Annotated[Moment | None, Field(description="The time at which the link was switched off.")]


class NewReceipt(TypedDict):
    """What became of a message that was just stored."""

    state: Annotated[MessageState, Field(description="`queued`, or `scheduled` if it is sent later.")]


@with_config(json_schema_extra={"examples": [PREPROCESSED]})
class PreprocessedMessage(TypedDict):
    """A message that was stored."""

    msgid: Msgid
    message: Annotated[str, Field(description="The text to send; empty if there is only HTML.")]
    html: Annotated[str | None, Field(description="The HTML to send.")]
    links: Annotated[list[Link], Field(max_length=MOST_LINKS)]
    link_tracking: Annotated[Link | None, Field(description="The first entry of `links`.")]
    skipped: Annotated[list[SkippedText], Field(description="Link-like text that was not replaced.")]
    sms: SmsParts
    receipt: Annotated[NewReceipt | None, Field(description="Null without a gateway.")]
    url: Annotated[Url, Field(description="The URL of the message's report.")]


@with_config(json_schema_extra={"examples": [{"status": 201, **PREPROCESSED}]})
class BatchedMessage(PreprocessedMessage):
    """A message of a batch that was stored."""

    status: Literal[201]


class MessageSummary(TypedDict):
    """A message, as lists show it."""

    msgid: Msgid
    received_on: Moment
    message: Annotated[str, Field(description="The text to send.")]
    accessed: Annotated[bool | None, Field(description="Whether a click on any link has counted; null without a link.")]
    accessed_on: Annotated[Moment | None, Field(description="The time of the first click on any link that counted.")]
    link_tracking: Annotated[ReportedLink | None, Field(description="The first link.")]
    track_link: bool
    track: Track
    lt_callbackurl: str | None
    receipts_url: str | None
    callbackurl: Annotated[str | None, Field(description="As given. Only some vendors' wire formats call it.")]
    client_tag: str | None
    sender: str | None
    recipient: Annotated[str | None, Field(description="In full, masked or null, depending on the account.")]
    tags: list[str]
    metadata: dict[str, Any]
    detection: Detection
    bare_domains: BareDomains
    count_as_click: Threshold
    receipt: Annotated[MessageReceipt | None, Field(description="Null for a message that nobody sends for you.")]
    subject: str | None
    gateway: Annotated[str | None, Field(description="The gateway that sends it; null if it is given back.")]
    send_on: Annotated[
        Moment | None, Field(description="When it is due, if not at once: as given, or after quiet hours.")
    ]
    url: Annotated[Url, Field(description="The URL of the message's report.")]


class MessagePage(TypedDict):
    """Messages, the newest first."""

    messages: Annotated[list[MessageSummary], Field(max_length=100)]
    next: NextPage


class Attachment(TypedDict):
    """A file of a message. Its content is erased when it has been handed over."""

    name: str
    content_type: str
    size: Annotated[int, Field(description="In bytes.")]
    sha256: str


@with_config(json_schema_extra={"examples": [REPORT]})
class MessageReport(MessageSummary):
    """The report of a message."""

    original_message: Annotated[str, Field(description="The text as received.")]
    html: Annotated[str | None, Field(description="The HTML to send.")]
    original_html: Annotated[str | None, Field(description="The HTML as received.")]
    attachments: list[Attachment]
    links: Annotated[list[ReportedLink], Field(max_length=MOST_LINKS)]
    skipped: list[SkippedText]
    sms: SmsParts
    clicks: Annotated[Clicks | None, Field(description="Null if the message has no link.")]
    callback: Annotated[CallbackWithAttempts | None, Field(description="Null before a click has counted.")]
    callbacks: Annotated[list[CallbackWithAttempts], Field(description="All of the message, the oldest first.")]
    sending: Annotated[Sending | None, Field(description="Null for a message that nobody sends for you.")]
    receipts: Annotated[list[Receipt], Field(max_length=storing.MOST, description="The newest first.")]


class ExportedMessage(TypedDict):
    """A line of an export. Its fields are in the order of the CSV columns."""

    msgid: Msgid
    received_on: Moment
    client_tag: str | None
    sender: str | None
    recipient: str | None
    tags: list[str]
    link: str | None
    shortlink: str | None
    expires_on: Moment | None
    accessed: bool | None
    accessed_on: Moment | None
    clicks_person: int | None
    clicks_unknown: int | None
    clicks_preview: int | None
    clicks_bot: int | None
    clicks_scanner: int | None
    callback: JobState | None
    metadata: dict[str, Any]
    state: MessageState | None
    state_on: Moment | None
    reason: Reason | None
    code: str | None
