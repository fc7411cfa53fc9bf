"""What a restored database holds, so that an operator sees whether it is the right backup, and how old it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, func, inspect, select

from shortener.storage import postgresql
from shortener.storage.models import Base, Message

COUNTED: Final[tuple[str, ...]] = ("account", "message", "link", "click", "callback", "sending")


@dataclass(frozen=True, slots=True)
class Contents:
    """The number of rows of each table that is there, and when the newest message was received."""

    counts: dict[str, int]
    newest_on: datetime | None


def found(engine: Engine) -> Contents:
    """Count the rows; with ten million of them that takes some seconds."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            postgresql.allow_time(connection, None)
        there = inspect(connection).get_table_names()  # a backup of an earlier version may lack some
        counts = {
            name: connection.scalar(select(func.count()).select_from(Base.metadata.tables[name])) or 0
            for name in COUNTED
            if name in there
        }
        newest = connection.scalar(select(Message.received_on).order_by(Message.id.desc()).limit(1))
    return Contents(counts, newest)
