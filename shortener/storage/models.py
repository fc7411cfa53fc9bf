"""The tables. Typed SQLAlchemy models on one Base; no Flask, no behaviour."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.recipient_storage import RecipientStorage
from shortener.rules.role import Role
from shortener.rules.visitors.marks import Visitor
from shortener.rules.visitors.threshold import Threshold
from shortener.rules.wire.moments import from_micros, to_micros


class Instant(TypeDecorator[dt.datetime]):
    """A moment in UTC, stored as integer microseconds since 1970 on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> int | None:
        """Give microseconds."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> dt.datetime | None:
        """Give back an aware time in UTC."""
        return None if value is None else from_micros(value)


class Choice(TypeDecorator[enum.StrEnum]):
    """A value of one vocabulary, stored as its text. Nothing else can be stored, or read back."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[enum.StrEnum]) -> None:
        self.kind = kind
        self._stored = {member: member.value for member in kind}
        self._members = {member.value: member for member in kind}
        super().__init__()

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Let bytes decide the order, as in all text."""
        return dialect.type_descriptor(ByteText)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Give the text of a member, or of its value; KeyError for anything else."""
        return None if value is None else self._stored[self.kind(value)]

    def process_result_value(self, value: str | None, dialect: Dialect) -> enum.StrEnum | None:
        """Give back the member; KeyError where the vocabulary has no such value."""
        return None if value is None else self._members[value]


class BinaryUuid(TypeDecorator[uuid.UUID]):
    """A UUID in its 16 bytes: `uuid` on PostgreSQL, a blob on SQLite. Both sort it by its bytes."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Choose the database's own type where it has one."""
        return dialect.type_descriptor(Uuid() if dialect.name == "postgresql" else LargeBinary(16))

    def process_bind_param(self, value: uuid.UUID | None, dialect: Dialect) -> Any:
        """Hand over what the driver wants."""
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> uuid.UUID | None:
        """Give back a UUID."""
        return uuid.UUID(bytes=value) if isinstance(value, bytes) else value


# SQLite numbers rows by itself only in a column declared INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")
# Bytes decide the order of text, as they do in SQLite, whatever locale the PostgreSQL database has.
ByteText = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Document = JSON(none_as_null=True)


# Every column whose values are listed has one of these types, and each of their values has its labels.
VOCABULARIES: tuple[type[enum.StrEnum], ...] = (
    AttemptOutcome,
    BareDomains,
    Detection,
    JobState,
    RecipientStorage,
    Role,
    Threshold,
    Visitor,
)
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The parent of all tables."""

    # On the registry, not on the class: Flask-SQLAlchemy copies what stands on the class.
    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={
            **{dt.datetime: Instant, str: ByteText, uuid.UUID: BinaryUuid},
            **{kind: Choice(kind) for kind in VOCABULARIES},
        },
    )


class Installation(Base):
    """One row: what there is once in an installation."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    # Made with the tables, and never changed: with another one every slug that is out there would lead nowhere.
    slug_salt: Mapped[str]
    # When a process last set about removing what is old.
    pruned_on: Mapped[dt.datetime | None]
    # The latest time that was believed: by a clock that is far ahead of it nothing is removed.
    seen_on: Mapped[dt.datetime | None]


class Origin(Base):
    """A public address that shortlinks were given out under; `https://s.example.com`."""

    __tablename__ = "origin"

    address: Mapped[str] = mapped_column(primary_key=True)


class Account(Base):
    """A sender. Its defaults hold for messages that do not say otherwise."""

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
    callback_header: Mapped[bytes | None] = mapped_column(LargeBinary)  # `Name: value`, sealed


class Credential(Base):
    """A token of an account, kept as its SHA-256 only."""

    __tablename__ = "credential"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_on: Mapped[dt.datetime]
    used_on: Mapped[dt.datetime | None]


class Person(Base):
    """Somebody who signs in to the dashboard: of an account, an operator of the installation, or both."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    # A name or an e-mail address in lower case: what is typed at the sign-in.
    name: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]  # its Argon2 hash, with the parameters in it
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role | None]  # in the account
    operator: Mapped[bool] = mapped_column(default=False)
    created_on: Mapped[dt.datetime]
    disabled_on: Mapped[dt.datetime | None]


class SignedIn(Base):
    """A browser in which a person is signed in; its cookie is kept as its SHA-256 only."""

    __tablename__ = "session"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    created_on: Mapped[dt.datetime]
    expires_on: Mapped[dt.datetime] = mapped_column(index=True)


class SignInFailure(Base):
    """A sign-in that failed, or has not ended yet: too many of one name or from one network are not let try."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index(None, "name_sha256", "tried_on"), Index(None, "network", "tried_on"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    # Of a name that may be nobody's, of any length, and may be a password typed in the wrong field.
    name_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    network: Mapped[str]
    tried_on: Mapped[dt.datetime] = mapped_column(index=True)


class SigningSecret(Base):
    """A key that signs an account's events, encrypted under the installation's secret key."""

    __tablename__ = "signing_secret"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_on: Mapped[dt.datetime]
    expires_on: Mapped[dt.datetime | None]


class Message(Base):
    """One text handed to us for preprocessing, as it came."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("account_id", "client_tag"),
        UniqueConstraint("account_id", "idempotency_key"),
        Index(None, "account_id", "received_on", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    msgid: Mapped[str] = mapped_column(unique=True)
    received_on: Mapped[dt.datetime]
    text: Mapped[str]
    track_link: Mapped[bool]
    detection: Mapped[Detection]
    bare_domains: Mapped[BareDomains]
    count_as_click: Mapped[Threshold]
    lt_callbackurl: Mapped[str | None]
    callbackurl: Mapped[str | None]
    client_tag: Mapped[str | None]
    sender: Mapped[str | None]
    recipient: Mapped[str | None]
    tags: Mapped[list[str] | None] = mapped_column(Document)
    # `metadata` is SQLAlchemy's own word on a model.
    details: Mapped[dict[str, Any] | None] = mapped_column("metadata", Document)
    skipped: Mapped[list[dict[str, Any]] | None] = mapped_column(Document)
    idempotency_key: Mapped[str | None]
    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class Link(Base):
    """The target of a message, with its life. The rewritten text follows from `starts_at` and `ends_at`."""

    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("message_id", "position"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    position: Mapped[int] = mapped_column(default=1)
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    base_url: Mapped[str]
    target: Mapped[str]
    # The ASCII form, where it is not the target itself.
    location: Mapped[str | None]
    starts_at: Mapped[int]
    ends_at: Mapped[int]
    expires_on: Mapped[dt.datetime]
    count_as_click: Mapped[Threshold]
    accessed_on: Mapped[dt.datetime | None]
    off_on: Mapped[dt.datetime | None]


class Click(Base):
    """One GET of a live link. Rows lie in the order link, then time, for that is how they are read."""

    __tablename__ = "click"
    __table_args__ = ({"sqlite_with_rowid": False},)

    link_id: Mapped[int] = mapped_column(ForeignKey("link.id"), primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    clicked_on: Mapped[dt.datetime]
    visitor: Mapped[Visitor]
    reason: Mapped[str]
    # The network the visitor came from, where the operator keeps it; never the whole address.
    network: Mapped[str | None]


def _partial(name: str, condition: str, *columns: str) -> Index:
    """An index of those rows only for which the condition holds."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class Callback(Base):
    """The job of telling the sender about a link's first click."""

    __tablename__ = "callback"
    __table_args__ = (
        # `due_on` is when to attempt next and, while attempting, when the lease runs out.
        _partial("ix_callback_due_on", "settled_on IS NULL", "due_on", "id"),
        _partial("ix_callback_destination", "settled_on IS NULL", "destination", "due_on", "id"),
        _partial("ix_callback_leased", "lease_token IS NOT NULL", "destination", "due_on"),
        _partial("ix_callback_exhausted", "state = 'exhausted'", "account_id", "created_on", "id"),
        _partial("ix_callback_exhausted_destination", "state = 'exhausted'", "destination", "created_on", "id"),
        Index(None, "account_id", "created_on", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("link.id"), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    event_id: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    # Account, scheme, host and port: what may have so many attempts in flight, and no more.
    destination: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[JobState] = mapped_column(default=JobState.PENDING)
    created_on: Mapped[dt.datetime]
    due_on: Mapped[dt.datetime]
    lease_token: Mapped[str | None]
    settled_on: Mapped[dt.datetime | None]
    exhausted_because: Mapped[str | None]
    # While a replay is under way: the state that it goes back to if it fails, and the starts before it.
    replayed_from: Mapped[JobState | None]
    starts_before: Mapped[int] = mapped_column(default=0)


class Replay(Base):
    """An order to attempt a settled callback once more."""

    __tablename__ = "replay"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    callback_id: Mapped[int] = mapped_column(ForeignKey("callback.id"), index=True)
    asked_on: Mapped[dt.datetime]
    asked_by: Mapped[str]


class Attempt(Base):
    """One HTTP try of a callback, with its outcome. Without an outcome it is still running, or was cut off."""

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("callback_id", "number"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    callback_id: Mapped[int] = mapped_column(ForeignKey("callback.id"))
    number: Mapped[int]
    started_on: Mapped[dt.datetime]
    ended_on: Mapped[dt.datetime | None]
    outcome: Mapped[AttemptOutcome | None]
    detail: Mapped[str | None]
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    lookup_us: Mapped[int | None] = mapped_column(BigInteger)
    connect_us: Mapped[int | None] = mapped_column(BigInteger)
    first_byte_us: Mapped[int | None] = mapped_column(BigInteger)
    total_us: Mapped[int | None] = mapped_column(BigInteger)
