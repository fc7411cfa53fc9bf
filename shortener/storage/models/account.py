"""Accounts of senders, their credentials and their signing secrets."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from shortener.rules.delivery.gateway_rules import OnUnsure, QuietMode
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.recipient_storage import RecipientStorage
from shortener.rules.visitors.threshold import Threshold
from shortener.storage.models.base import Base
from shortener.storage.models.column_types import Document, RowId


class Account(Base):
    """A sender. Its defaults apply to messages that do not set these fields themselves."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    sid: Mapped[str] = mapped_column(unique=True)
    created_on: Mapped[dt.datetime]
    disabled_on: Mapped[dt.datetime | None]
    track_link: Mapped[bool] = mapped_column(default=True)
    detection: Mapped[Detection] = mapped_column(default=Detection.STRICT)
    bare_domains: Mapped[BareDomains] = mapped_column(default=BareDomains.CAREFUL)
    count_as_click: Mapped[Threshold] = mapped_column(default=Threshold.PERSON_OR_UNKNOWN)
    recipient_storage: Mapped[RecipientStorage] = mapped_column(default=RecipientStorage.FULL)
    callback_header: Mapped[bytes | None] = mapped_column(LargeBinary)  # `Name: value`, encrypted
    gateway: Mapped[str | None]  # the name of a gateway, or `none`; NULL: what the installation has
    receipts_url: Mapped[str | None]
    alerts_url: Mapped[str | None]
    alert_mail: Mapped[str | None]  # addresses, or `none`; NULL: the owners whose names are addresses
    on_unsure: Mapped[OnUnsure] = mapped_column(default=OnUnsure.HOLD, server_default=OnUnsure.HOLD.value)
    monthly_limit: Mapped[int | None]
    # What recipients see on the pages of dead links; NULL: what the installation has.
    sender_name: Mapped[str | None]
    sender_contact: Mapped[str | None]
    fallback_url: Mapped[str | None]
    messages_per_second: Mapped[int | None]  # NULL: what the installation has
    time_zone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")  # of months and quiet hours
    quiet_hours: Mapped[str | None]  # `20:00-08:00`
    # What only one vendor's wire format has, by the vendor's name.
    vendor_settings: Mapped[dict[str, Any] | None] = mapped_column(Document)
    quiet_mode: Mapped[QuietMode] = mapped_column(default=QuietMode.REFUSE, server_default=QuietMode.REFUSE.value)


class Credential(Base):
    """A token of an account, stored only as its SHA-256. During an overlap, two have the same name."""

    __tablename__ = "credential"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_on: Mapped[dt.datetime]
    used_on: Mapped[dt.datetime | None]
    name: Mapped[str] = mapped_column(default="main", server_default="main")
    scopes: Mapped[str | None]  # `send,read`; NULL: all
    expires_on: Mapped[dt.datetime | None]


class SigningSecret(Base):
    """A key that signs an account's events, encrypted with the installation's secret key."""

    __tablename__ = "signing_secret"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_on: Mapped[dt.datetime]
    expires_on: Mapped[dt.datetime | None]


class Usage(Base):
    """How many messages an account with a monthly limit has had in a month of its time zone."""

    __tablename__ = "usage"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    month: Mapped[str] = mapped_column(primary_key=True)  # `2026-11`
    messages: Mapped[int]
