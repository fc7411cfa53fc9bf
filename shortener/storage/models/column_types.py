"""The column types that all tables share."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Integer, LargeBinary, Text, TypeDecorator, Uuid
from sqlalchemy.dialects import postgresql

from shortener.rules.wire.moments import from_micros, to_micros


class Instant(TypeDecorator[dt.datetime]):
    """A moment in UTC, stored as integer microseconds since 1970 on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> int | None:
        """Return the microseconds to store."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> dt.datetime | None:
        """Return an aware time in UTC."""
        return None if value is None else from_micros(value)


class Choice(TypeDecorator[enum.StrEnum]):
    """A value of one vocabulary, stored as its text. No other value can be stored or read."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[enum.StrEnum]) -> None:
        self.kind = kind
        self._stored = {member: member.value for member in kind}
        self._members = {member.value: member for member in kind}
        super().__init__()

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Sort by bytes, as all text does."""
        return dialect.type_descriptor(ByteText)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text of a member, or of a member's value. Raise ValueError for anything else."""
        return None if value is None else self._stored[self.kind(value)]

    def process_result_value(self, value: str | None, dialect: Dialect) -> enum.StrEnum | None:
        """Return the member. Raise KeyError if the vocabulary has no such value."""
        return None if value is None else self._members[value]


class BinaryUuid(TypeDecorator[uuid.UUID]):
    """A UUID in 16 bytes: `uuid` on PostgreSQL, a blob on SQLite. Both databases sort it by its bytes."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Use the database's own UUID type if it has one."""
        return dialect.type_descriptor(Uuid() if dialect.name == "postgresql" else LargeBinary(16))

    def process_bind_param(self, value: uuid.UUID | None, dialect: Dialect) -> Any:
        """Return the value in the form that the driver takes."""
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> uuid.UUID | None:
        """Return a UUID, whatever the driver returned."""
        return uuid.UUID(bytes=value) if isinstance(value, bytes) else value


# SQLite assigns ids by itself only to a column that is declared INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")
# Text sorts by its bytes, as SQLite does, whatever locale the PostgreSQL database has.
ByteText = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Document = JSON(none_as_null=True)
