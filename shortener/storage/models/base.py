"""The parent of all tables, and the vocabularies whose values they store."""

import datetime as dt
import enum
import uuid

from sqlalchemy import Index, MetaData, text
from sqlalchemy.orm import DeclarativeBase, registry

from shortener.rules.alerts.incident_kind import IncidentKind
from shortener.rules.deed import Deed, Origin
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.gateway_rules import Channel, OnUnsure, QuietMode
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.tracking import Track
from shortener.rules.recipient_storage import RecipientStorage
from shortener.rules.role import Role
from shortener.rules.visitors.marks import Visitor
from shortener.rules.visitors.threshold import Threshold
from shortener.storage.models.column_types import BinaryUuid, ByteText, Choice, Instant

# Every column with a fixed set of values has one of these types, and each of their values has its labels.
VOCABULARIES: tuple[type[enum.StrEnum], ...] = (
    AttemptOutcome,
    BareDomains,
    Channel,
    Deed,
    Detection,
    IncidentKind,
    JobState,
    MessageState,
    OnUnsure,
    Origin,
    QuietMode,
    Reason,
    RecipientStorage,
    Role,
    Threshold,
    Track,
    Visitor,
)
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The parent of all tables."""

    # In the registry, not on the class: Flask-SQLAlchemy copies the attributes of the class.
    registry = registry(
        metadata=MetaData(naming_convention=NAMING_CONVENTION),
        type_annotation_map={
            **{dt.datetime: Instant, str: ByteText, uuid.UUID: BinaryUuid},
            **{kind: Choice(kind) for kind in VOCABULARIES},
        },
    )


def partial_index(name: str, condition: str, *columns: str) -> Index:
    """Return an index of only those rows for which the SQL condition holds."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))
