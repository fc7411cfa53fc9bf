"""Messages, their parts and their links."""

import datetime as dt
import enum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.skip_reason import SkippedText
from shortener.rules.links.tracking import Track
from shortener.rules.visitors.threshold import Threshold
from shortener.storage.models.base import Base, partial_index
from shortener.storage.models.column_types import Document, RowId

# What recipients are searched by (`rules.search.key`): e-mail addresses in lower case, the end of everything else. Both
# databases must find this very text in a query, or they do not use the index.
RECIPIENT_KEY: Final = (
    "CASE WHEN replace(recipient, '@', '') <> recipient THEN lower(recipient)"
    " WHEN length(recipient) > 8 THEN substr(recipient, length(recipient) - 7)"
    " ELSE recipient END"
)
HAS_RECIPIENT: Final = "recipient IS NOT NULL"
recipient_key: Final[ColumnElement[str]] = literal_column(f"({RECIPIENT_KEY})", Text)


class PartKind(enum.StrEnum):
    """The kinds of parts of a message."""

    TEXT = "text"
    HTML = "html"


class Message(Base):
    """One message submitted for preprocessing, with its options; its text is in its parts."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("account_id", "client_tag"),
        UniqueConstraint("account_id", "idempotency_key"),
        Index(None, "account_id", "received_on", "id"),
        partial_index("ix_message_state", "state IS NOT NULL", "account_id", "state", "received_on", "id"),
        Index(
            "ix_message_recipient",
            *("account_id", text(f"({RECIPIENT_KEY})"), "id"),
            sqlite_where=text(HAS_RECIPIENT),
            postgresql_where=text(HAS_RECIPIENT),
        ),
        partial_index("ix_message_bulk_id", "bulk_id IS NOT NULL", "account_id", "bulk_id", "id"),
        partial_index(
            "ix_message_pull_queue",
            "pull_queue IS NOT NULL AND pulled_on IS NULL",
            *("account_id", "pull_queue", "state", "state_on", "id"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    msgid: Mapped[str] = mapped_column(unique=True)
    received_on: Mapped[dt.datetime]
    track_link: Mapped[bool]
    detection: Mapped[Detection]
    bare_domains: Mapped[BareDomains]
    count_as_click: Mapped[Threshold]
    lt_callbackurl: Mapped[str | None]
    client_tag: Mapped[str | None]
    sender: Mapped[str | None]
    recipient: Mapped[str | None]
    tags: Mapped[list[str] | None] = mapped_column(Document)
    # The attribute has another name because SQLAlchemy uses `metadata` on every model.
    details: Mapped[dict[str, Any] | None] = mapped_column("metadata", Document)
    skipped: Mapped[list[SkippedText] | None] = mapped_column(Document)
    # Fields that only one vendor's wire format has, by name.
    vendor_fields: Mapped[dict[str, Any] | None] = mapped_column(Document)
    idempotency_key: Mapped[str | None]
    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    face: Mapped[str | None]  # the vendor whose wire format it came in; NULL: our own
    track: Mapped[Track] = mapped_column(default=Track.FIRST, server_default=Track.FIRST.value)
    subject: Mapped[str | None]
    receipts_url: Mapped[str | None]
    gateway: Mapped[str | None]  # the one that sends it; NULL: it is given back and not sent
    send_on: Mapped[dt.datetime | None]
    # What became of it; NULL: it has no gateway, and no receipt has come.
    state: Mapped[MessageState | None]
    state_on: Mapped[dt.datetime | None]
    code: Mapped[str | None]  # the gateway's own word for the reason
    reason: Mapped[Reason | None]
    bulk_id: Mapped[str | None]  # a vendor's id of all messages of one request
    # States that make a callback; NULL: each. An object has for each the state under which it is told once.
    told_states: Mapped[list[str] | dict[str, str] | None] = mapped_column(Document)
    pull_queue: Mapped[str | None]  # the reports among which its report is given out once; NULL: none
    pulled_on: Mapped[dt.datetime | None]  # when it was given out


class Part(Base):
    """The text or the HTML of a message as it was submitted. Rows are stored by message, which is how they are read."""

    __tablename__ = "part"
    __table_args__ = ({"sqlite_with_rowid": False},)

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]


class Link(Base):
    """A target in a part of a message, with its life. `starts_at` and `ends_at` are offsets into the part's text."""

    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("message_id", "position"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    # Counts the links of a message from 1, over all its parts.
    position: Mapped[int] = mapped_column(default=1)
    part: Mapped[str] = mapped_column(server_default=PartKind.TEXT.value)  # its kind
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    base_url: Mapped[str]
    target: Mapped[str]
    # The ASCII form, if it differs from the target.
    location: Mapped[str | None]
    starts_at: Mapped[int]
    ends_at: Mapped[int]
    expires_on: Mapped[dt.datetime]
    count_as_click: Mapped[Threshold]
    accessed_on: Mapped[dt.datetime | None]
    off_on: Mapped[dt.datetime | None]


class Attachment(Base):
    """A file that goes out with a message. Its content is erased when the message has been handed over."""

    __tablename__ = "attachment"

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
