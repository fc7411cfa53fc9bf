"""The statements that store clicks and their callbacks, in each database's own words, as `Direct` takes them."""

from dataclasses import dataclass
from typing import Final

from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire.moments import MICROSECOND
from shortener.storage import functions
from shortener.storage.changed_hours import HOUR
from shortener.storage.models import CLICK


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements for one database. The writing ones skip what is stored already."""

    insert_clicks: str  # the link's id, the click's id, time, visitor, reason, network
    find_links: str  # the ids of links
    set_accessed_on: str  # time, the link's id
    # The message's id, the link's id, account, event, URL, destination, body, time twice, face.
    insert_callbacks: str


_CLICKS: Final = "INSERT INTO click (link_id, id, clicked_on, visitor, reason, network)"
_CALLBACKS: Final = (
    "INSERT INTO callback (about, state, starts_before, "
    "message_id, link_id, account_id, event_id, url, destination, body, created_on, due_on, face)"
)
_CONSTANT: Final = f"'{CLICK}', '{JobState.PENDING}', 0"
_COLUMNS: Final = (
    "link.id, link.accessed_on, link.number, link.base_url, link.target, message.id, message.account_id, "
    "message.lt_callbackurl, message.face, message.msgid, message.client_tag, message.recipient"
)
# As `changed_hours.TOTALLED_HOUR`: the hour of a message that may have a total.
_TOTALLED_HOUR: Final = (
    "CASE WHEN message.received_on < (SELECT totals_end_on FROM installation) "  # noqa: S608
    f"THEN message.received_on / {HOUR // MICROSECOND} END"
)
_ONE_EACH: Final = "ON CONFLICT (message_id, about) DO NOTHING"
SQLITE: Final = Statements(
    insert_clicks=f"{_CLICKS} VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    find_links=(
        f"SELECT {_COLUMNS}, message.tags, message.metadata, {_TOTALLED_HOUR} "  # noqa: S608
        "FROM link JOIN message ON message.id = link.message_id "
        "WHERE link.id IN (SELECT value FROM json_each(?)) ORDER BY link.id"
    ),
    set_accessed_on="UPDATE link SET accessed_on = ? WHERE id = ? AND accessed_on IS NULL",
    insert_callbacks=f"{_CALLBACKS} VALUES ({_CONSTANT}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) {_ONE_EACH}",
)
POSTGRESQL: Final = Statements(
    insert_clicks=functions.INSERT_CLICKS.query,
    find_links=functions.FIND_LINKS.query,
    set_accessed_on=functions.SET_ACCESSED_ON.query,
    insert_callbacks=functions.INSERT_CALLBACKS.query,
)
STATEMENTS: Final = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
