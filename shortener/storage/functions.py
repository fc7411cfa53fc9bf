"""Functions in PostgreSQL for the statements of a click.

PostgreSQL parses and plans every statement anew, since prepared statements do not work behind a pooler. The plan of a
function's statement is kept for a session, whoever uses it next. ADR 0047 says what this saves.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire.moments import MICROSECOND
from shortener.storage.changed_hours import HOUR
from shortener.storage.models import CLICK

# What SQLite's statements of a click have in common with these.
INSERT_INTO_CLICK: Final = "INSERT INTO click (link_id, id, clicked_on, visitor, reason, network, system, app, device)"
INSERT_INTO_CALLBACK: Final = (
    "INSERT INTO callback (about, state, starts_before, "
    "message_id, link_id, account_id, event_id, url, destination, body, created_on, due_on, face)"
)
NEW_CALLBACK: Final = f"'{CLICK}', '{JobState.PENDING}', 0"
LINK_COLUMNS: Final = (
    "link.id, link.accessed_on, link.number, link.base_url, link.target, message.id, message.account_id, "
    "message.lt_callbackurl, message.face, message.msgid, message.client_tag, message.recipient"
)
# As `changed_hours.TOTALLED_HOUR`: the hour of a message that may have a total.
TOTALLED_HOUR: Final = (
    "CASE WHEN message.received_on < (SELECT totals_end_on FROM installation) "  # noqa: S608
    f"THEN message.received_on / {HOUR // MICROSECOND} END"
)
ONE_EACH: Final = "ON CONFLICT (message_id, about) DO NOTHING"

# Whoever changes a function adds a revision, so that installations are upgraded, and keeps its name only if the
# version before can call it.


@dataclass(frozen=True, slots=True)
class Function:
    """A statement whose values `$1`, `$2`, … are arrays of these types; the function returns the statement's rows."""

    name: str
    types: tuple[str, ...]
    rows: str  # what the statement returns
    statement: str

    @property
    def query(self) -> str:
        """Return the query for the rows."""
        values = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(self.types, 1))
        return f"SELECT * FROM {self.name}({values})"  # noqa: S608 - only words of our own

    @property
    def definition(self) -> str:
        """Return the statement that creates or replaces the function.

        Its plan fits arrays of any length; otherwise PostgreSQL would plan again and again for short ones. It uses
        indexes, because it may be made while the tables are small, and be used when they no longer are.
        """
        return (
            f"CREATE OR REPLACE FUNCTION {self.signature} RETURNS {self.rows} LANGUAGE plpgsql "
            "SET plan_cache_mode = force_generic_plan SET enable_seqscan = off "
            f"AS $$BEGIN RETURN QUERY {self.statement}; END$$"
        )

    @property
    def signature(self) -> str:
        """Return the name and the types of the values."""
        types = ", ".join(f"{type_}[]" for type_ in self.types)
        return f"{self.name}({types})"


INSERT_CLICKS: Final = Function(
    # Revision 0013 changed the values. Versions before it call `insert_clicks`, which an upgrade leaves alone.
    "insert_clicks_with_devices",
    # The link's id, the click's id, time, visitor, reason, network, system, app, device.
    ("bigint", "uuid", "bigint", "text", "text", "text", "text", "text", "text"),
    "SETOF boolean",
    f"{INSERT_INTO_CLICK} SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) "  # noqa: S608 - only words of our own
    "ON CONFLICT DO NOTHING RETURNING true",
)
# Links are locked in the order of their ids, so that transactions cannot deadlock.
FIND_LINKS: Final = Function(
    "find_clicked_links",
    ("bigint",),
    "TABLE (link_id bigint, accessed_on bigint, number bigint, base_url text, target text, message_id bigint, "
    "account_id bigint, lt_callbackurl text, face text, msgid text, client_tag text, recipient text, tags text, "
    "metadata text, totalled_hour bigint)",
    f"SELECT {LINK_COLUMNS}, message.tags::text, message.metadata::text, {TOTALLED_HOUR} "  # noqa: S608
    "FROM link JOIN message ON message.id = link.message_id "
    "WHERE link.id = ANY($1) ORDER BY link.id FOR NO KEY UPDATE OF link",
)
SET_ACCESSED_ON: Final = Function(
    "set_accessed_on",
    ("bigint", "bigint"),  # time, the link's id
    "SETOF boolean",
    "UPDATE link SET accessed_on = first.now FROM unnest($1, $2) AS first (now, link) "
    "WHERE link.id = first.link AND link.accessed_on IS NULL RETURNING true",
)
INSERT_CALLBACKS: Final = Function(
    "insert_callbacks",
    # The message's id, the link's id, account, event, URL, destination, body, time twice, face.
    ("bigint", "bigint", "bigint", "text", "text", "text", "bytea", "bigint", "bigint", "text"),
    "SETOF boolean",
    f"{INSERT_INTO_CALLBACK} SELECT {NEW_CALLBACK}, * "  # noqa: S608 - only words of our own
    f"FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) {ONE_EACH} RETURNING true",
)
FUNCTIONS: Final = (INSERT_CLICKS, FIND_LINKS, SET_ACCESSED_ON, INSERT_CALLBACKS)
SCRIPT: Final = "\n".join(f"{function.definition};" for function in FUNCTIONS)  # creates or replaces all


def create(connection: Connection) -> None:
    """Create or replace all functions, if the database is PostgreSQL."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(SCRIPT)


def are_missing(connection: Connection) -> bool:
    """Whether PostgreSQL lacks a function, as after the tables alone were restored; SQLite needs none."""
    if connection.dialect.name == "sqlite":
        return False
    found = " AND ".join(f"to_regprocedure('{function.signature}') IS NOT NULL" for function in FUNCTIONS)
    return not connection.exec_driver_sql(f"SELECT {found}").scalar_one()
