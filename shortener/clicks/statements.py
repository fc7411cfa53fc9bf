"""The statements that store clicks and their callbacks, in each database's own words, as `Direct` takes them."""

from dataclasses import dataclass
from typing import Final

from shortener.storage import functions


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements for one database. The writing ones skip what is stored already."""

    insert_clicks: str  # the link's id, the click's id, time, visitor, reason, network, system, app, device
    find_links: str  # the ids of links
    set_accessed_on: str  # time, the link's id
    # The message's id, the link's id, account, event, URL, destination, body, time twice, face.
    insert_callbacks: str


SQLITE: Final = Statements(
    insert_clicks=f"{functions.INSERT_INTO_CLICK} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    find_links=(
        f"SELECT {functions.LINK_COLUMNS}, message.tags, message.metadata, {functions.TOTALLED_HOUR} "  # noqa: S608
        "FROM link JOIN message ON message.id = link.message_id "
        "WHERE link.id IN (SELECT value FROM json_each(?)) ORDER BY link.id"
    ),
    set_accessed_on="UPDATE link SET accessed_on = ? WHERE id = ? AND accessed_on IS NULL",
    insert_callbacks=(
        f"{functions.INSERT_INTO_CALLBACK} VALUES ({functions.NEW_CALLBACK}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        f"{functions.ONE_EACH}"
    ),
)
POSTGRESQL: Final = Statements(
    insert_clicks=functions.INSERT_CLICKS.query,
    find_links=functions.FIND_LINKS.query,
    set_accessed_on=functions.SET_ACCESSED_ON.query,
    insert_callbacks=functions.INSERT_CALLBACKS.query,
)
STATEMENTS: Final = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
