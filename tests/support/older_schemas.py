"""Databases of earlier versions of the product, with rows inserted by SQL of that version."""

import datetime as dt
import hashlib
import json
from typing import Any, Final

from alembic import command
from sqlalchemy import Connection, Engine, text

from shortener.accounts import encryption
from shortener.storage import migrations
from tests.conftest import SECRET_KEY

TOKEN: Final = "a-token-of-an-earlier-version"
HEADERS: Final = {"Authorization": f"Bearer {TOKEN}"}
TARGET: Final = "https://shop.example.com/track?id=1"
NUMBER: Final = 281_474_976_710_597
LINKED, PLAIN = "L" * 32, "P" * 32
TEXTS: Final = {LINKED: f"Ihr Paket \U0001f4e6: {TARGET} danke", PLAIN: "bis um fünf"}
CALLBACKURLS: Final = {LINKED: 'https://crm.example.com/"dlr"?ü=1', PLAIN: None}
EVENT: Final = "evt_1"
CALLBACK: Final = "https://crm.example.com/clicked"


def upgrade_to(engine: Engine, revision: str) -> None:
    """Migrate a database to an earlier version."""
    config = migrations._config()
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def make(engine: Engine, revision: str) -> None:
    """Migrate an empty database to an earlier version, and add two messages, one with a click and a callback."""
    upgrade_to(engine, revision)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        _fill(connection, revision)
        if revision >= "0003":
            _add_people(connection)
        if revision >= "0005":
            connection.execute(text("UPDATE account SET callback_header = NULL"))
        _continue_ids(connection)


def _fill(connection: Connection, revision: str) -> None:
    now = int(dt.datetime.now(dt.UTC).timestamp()) * 1_000_000
    defaults = {"track_link": True, "detection": "strict", "bare_domains": "careful"}
    defaults["count_as_click"] = "person_or_unknown"
    _insert(
        connection, "account", id=1, name="shop", sid="S" * 20, created_on=now, recipient_storage="full", **defaults
    )
    digest = hashlib.sha256(TOKEN.encode()).digest()
    _insert(connection, "credential", id=1, account_id=1, token_sha256=digest, created_on=now)
    sealed = encryption.encrypt(b"s" * 32, SECRET_KEY)
    _insert(connection, "signing_secret", id=1, account_id=1, sealed=sealed, created_on=now)
    for number, (msgid, message) in enumerate(TEXTS.items(), 1):
        fields = {"tags": '["a", "b"]', "metadata": '{"k": 1}', **_vendor_fields(msgid, revision)}
        fields |= {"lt_callbackurl": "https://crm.example.com/clicked", "client_tag": f"order-{number}"}
        _insert(connection, "message", id=number, account_id=1, msgid=msgid, received_on=now, **fields, **defaults)
        if revision >= "0006":
            _insert(connection, "part", message_id=number, kind="text", text=message)
    starts_at = TEXTS[LINKED].index(TARGET)
    span = {"starts_at": starts_at, "ends_at": starts_at + len(TARGET), "expires_on": now + 90 * 86_400_000_000}
    life = {"base_url": "https://s.example", "accessed_on": now, "count_as_click": "person_or_unknown"}
    _insert(connection, "link", id=1, message_id=1, position=1, number=NUMBER, target=TARGET, **span, **life)
    _insert(
        connection, "click", link_id=1, id=_click_id(connection), clicked_on=now, visitor="person", reason="browser"
    )
    job: dict[str, Any] = {
        "event_id": EVENT,
        "url": "https://crm.example.com/clicked",
        "destination": "1 https://crm.example.com:443",
    }
    times = {"created_on": now, "due_on": now, "settled_on": now, "starts_before": 0}
    job |= {"message_id": 1, "about": "click"} if revision >= "0007" else {}
    _insert(connection, "callback", id=1, link_id=1, account_id=1, body=b"{}", state="delivered", **job, **times)
    outcome = {"started_on": now, "ended_on": now, "outcome": "delivered", "status": 200}
    _insert(connection, "attempt", id=1, callback_id=1, number=1, **outcome)


def add_callbacks(engine: Engine) -> None:
    """Add a message with a link and a callback for each state in which version 0006 can have one, with attempts."""
    now = int(dt.datetime.now(dt.UTC).timestamp()) * 1_000_000
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        for number, job in enumerate(_jobs(now), 3):
            common = {"account_id": 1, "destination": "1 https://crm.example.com:443", "url": CALLBACK}
            # Links and callbacks are not numbered as their messages are.
            _add_linked(connection, number, number + 10, now)
            _insert(
                connection, "callback", id=number + 20, link_id=number + 10, event_id=f"evt_{number}", **common, **job
            )
            for place in (1, 2):
                ended = {"ended_on": now, "outcome": "answered", "status": 500, "answer": b"\0\xff", "total_us": place}
                _insert(connection, "attempt", callback_id=number + 20, number=place, started_on=now, **ended)
            if job.get("starts_before"):
                _insert(connection, "replay", callback_id=number + 20, asked_on=now, asked_by="account shop")
        _continue_ids(connection)


def _continue_ids(connection: Connection) -> None:
    """Let PostgreSQL's next ids follow those that were inserted with theirs."""
    if connection.dialect.name == "postgresql":
        for table in ("message", "link", "callback", "attempt"):
            connection.execute(text(f"SELECT setval('{table}_id_seq', max(id)) FROM {table}"))


def _jobs(now: int) -> list[dict[str, Any]]:
    """The columns of callbacks that are exhausted, pending, attempting, delivered, and replayed twice."""
    job = {"body": b'{"a":1}', "created_on": now - 5, "due_on": now - 1, "starts_before": 0}
    because = {"exhausted_because": "all 2 attempts failed"}
    return [
        job | {"state": "exhausted", "settled_on": now} | because,
        job | {"state": "pending", "due_on": now + 30},
        job | {"state": "attempting", "lease_token": "lease", "due_on": now - 2},
        job | {"state": "delivered", "settled_on": now, "starts_before": 2},
        job | {"state": "pending", "replayed_from": "exhausted", "starts_before": 2} | because,
    ]


def _add_linked(connection: Connection, message: int, link: int, now: int) -> None:
    fields = {"account_id": 1, "received_on": now, "track_link": True, "detection": "strict", "bare_domains": "careful"}
    counts = {"count_as_click": "any"}
    _insert(connection, "message", id=message, msgid=f"{message:032}", lt_callbackurl=CALLBACK, **fields, **counts)
    _insert(connection, "part", message_id=message, kind="text", text=TARGET)
    span = {"starts_at": 0, "ends_at": len(TARGET), "expires_on": now + 1, "accessed_on": now - 5}
    where = {"number": NUMBER + link, "base_url": "https://s.example", "target": TARGET}
    _insert(connection, "link", id=link, message_id=message, position=1, **where, **span, **counts)


def _vendor_fields(msgid: str, revision: str) -> dict[str, str | None]:
    """The text, where the message's row has it, and what only one vendor's wire format has."""
    url = CALLBACKURLS[msgid]
    if revision < "0006":
        return {"text": TEXTS[msgid], "callbackurl": url}
    return {"vendor_fields": None if url is None else json.dumps({"callbackurl": url})}


def _add_people(connection: Connection) -> None:
    _insert(
        connection, "person", id=1, name="ann", password="x", account_id=1, role="owner", operator=False, created_on=1
    )


def _click_id(connection: Connection) -> Any:
    raw = bytes(range(16))
    return raw.hex() if connection.dialect.name == "postgresql" else raw


def _insert(connection: Connection, table: str, **values: Any) -> None:
    names = ", ".join(values)
    given = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({given})"), values)
