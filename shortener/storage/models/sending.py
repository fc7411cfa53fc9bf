"""Sendings, their attempts, the receipts of gateways, and the rates of gateways."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.storage.models.base import Base, partial_index
from shortener.storage.models.column_types import Document, RowId


class Sending(Base):
    """The job of handing a message to its gateway."""

    __tablename__ = "sending"
    __table_args__ = (
        # `due_on` is the time of the next attempt and, during an attempt, the end of its lease.
        partial_index("ix_sending_due_on", "settled_on IS NULL", "due_on", "id"),
        partial_index("ix_sending_destination", "settled_on IS NULL", "destination", "due_on", "id"),
        partial_index("ix_sending_leased", "lease_token IS NOT NULL", "destination", "due_on"),
        partial_index("ix_sending_held", "state = 'held'", "account_id", "created_on", "id"),
        partial_index("ix_sending_gateway_ref", "gateway_ref IS NOT NULL", "gateway", "gateway_ref"),
        partial_index("ix_sending_closes_on", "closes_on IS NOT NULL", "closes_on", "id"),
        partial_index("ix_sending_ask_on", "ask_on IS NOT NULL", "ask_on", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    gateway: Mapped[str]
    channel: Mapped[Channel]
    # Account and gateway, as `7 gateway://kannel:0`: the unit that attempts in flight are limited by.
    destination: Mapped[str]
    # In full, whatever the account stores, until the message's state is final or nothing more is expected.
    recipient: Mapped[str | None]
    sender: Mapped[str | None]
    extras: Mapped[dict[str, Any] | None] = mapped_column(Document)  # for faces that hand over more than a text
    state: Mapped[JobState] = mapped_column(default=JobState.PENDING)
    created_on: Mapped[dt.datetime]
    due_on: Mapped[dt.datetime]
    expires_on: Mapped[dt.datetime]
    unsure_on: Mapped[dt.datetime | None]  # since when the gateway may have taken it without our knowing
    lease_token: Mapped[str | None]
    settled_on: Mapped[dt.datetime | None]
    exhausted_because: Mapped[str | None]
    replayed_from: Mapped[JobState | None]
    starts_before: Mapped[int] = mapped_column(default=0)
    gateway_ref: Mapped[str | None]  # the gateway's name for the message
    sent_on: Mapped[dt.datetime | None]
    ask_on: Mapped[dt.datetime | None]  # when its gateway is asked what became of it; NULL: it tells by itself
    closes_on: Mapped[dt.datetime | None]  # when receipts are no longer expected; NULL: not sent yet, or final


class SendingAttempt(Base):
    """One try to hand a message over. Without an outcome it is running or was interrupted."""

    __tablename__ = "sending_attempt"
    __table_args__ = (UniqueConstraint("sending_id", "number"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sending_id: Mapped[int] = mapped_column(ForeignKey("sending.id"))
    number: Mapped[int]
    started_on: Mapped[dt.datetime]
    ended_on: Mapped[dt.datetime | None]
    outcome: Mapped[AttemptOutcome | None]
    detail: Mapped[str | None]
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    total_us: Mapped[int | None] = mapped_column(BigInteger)


class Receipt(Base):
    """A gateway's word about a message. Each is stored once, however often it comes."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("message_id", "gateway_ref", "state", "code"),
        partial_index("ix_receipt_early", "message_id IS NULL", "account_id", "gateway_ref"),
        Index(None, "account_id", "received_on", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    # NULL: it came before the gateway's reference was stored, and is matched later.
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    gateway: Mapped[str]
    gateway_ref: Mapped[str] = mapped_column(default="")
    state: Mapped[MessageState]
    code: Mapped[str] = mapped_column(default="")
    reason: Mapped[Reason | None]
    happened_on: Mapped[dt.datetime]  # as the gateway says
    received_on: Mapped[dt.datetime]
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)  # its first 2 KB as received


class GatewayRate(Base):
    """When a gateway with a rate may be given the next message, by any node."""

    __tablename__ = "gateway_rate"

    gateway: Mapped[str] = mapped_column(primary_key=True)
    next_on: Mapped[dt.datetime]
