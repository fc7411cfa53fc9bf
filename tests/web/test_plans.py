"""No request over the web scans a table that grows with every message.

Checked with SQLite's plans, which do not depend on the number of rows; the times with ten million rows are in
docs/operate/scaling.md.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from shortener.callbacks.kind import CALLBACKS
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from tests.support import export_rows
from tests.support.browsing import Browser, make_person, seated
from tests.support.databases import listening
from tests.support.factories import BROWSER, DAY, Sender, make_message, slug_of
from tests.support.plans import scans
from tests.support.sending_rows import put_attachment, put_receipt, put_sending

PATHS = [
    "/dashboard",
    "/dashboard/messages",
    "/dashboard/messages?clicked=true",
    "/dashboard/messages?clicked=false&visitor=bot&tag=a",
    "/dashboard/messages?text=order",
    "/dashboard/messages?text=https://s.example.com/{slug}",
    "/dashboard/messages?client_tag=order-1",
    "/dashboard/messages?state=failed",
    "/dashboard/messages?recipient=5678",
    "/dashboard/messages?from=2026-01-01T00:00&to=2026-02-01T00:00",
    "/dashboard/messages/export?format=csv",
    "/dashboard/messages/{msgid}",
    "/dashboard/messages/{msgid}/clicks",
    "/dashboard/messages/{msgid}/clicks?visitor=person",
    "/dashboard/clicks",
    "/dashboard/callbacks",
    "/dashboard/callbacks?state=delivered",
    "/dashboard/callbacks?state=failing",
    "/dashboard/callbacks?state=waiting&destination=http://127.0.0.1:9",
    "/dashboard/exports",
    "/dashboard/account",
    "/dashboard/operator",
    "/v1/messages",
    "/v1/messages?text=order&tag=a",
    "/v1/messages?state=failed&client_tag=order-1",
    "/v1/messages?text={slug}&tag=a",
    "/v1/messages/export?format=jsonl&clicked=true",
    "/v1/messages/export?format=jsonl&text=s.example.com/{slug}",
    "/v1/messages/{msgid}",
    "/v1/messages/{msgid}/clicks",
    "/v1/callbacks",
    "/v1/callbacks?state=delivered",
    "/v1/callbacks?about=receipt&state=exhausted",
    "/v1/callbacks?about=click",
    "/v1/callbacks/{event_id}",
    "/v1/exports",
    "/v1/receipts",
    "/v1/receipts?state=delivered&gateway=acme",
    "/v1/receipts?msgid={msgid}",
]


@pytest.fixture
def asked(app: Flask, database_kind: str) -> Iterator[list[tuple[str, Any]]]:
    """The statements to the database, from here on."""
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL reads small tables whole, as it should")
    with listening() as statements:
        yield statements


@pytest.mark.parametrize("path", PATHS)
def test_no_growing_table_is_read_whole(app: Flask, sender: Sender, asked: list[tuple[str, Any]], path: str) -> None:
    for name in ("order-1", "order-2"):  # with only one row, some plans differ
        made = make_message(sender, client_tag=name, tags=["a"], lt_callbackurl=f"http://127.0.0.1:9/{name}")
        app.test_client().get(f"/{slug_of(made.link)}", headers={"User-Agent": BROWSER})
        put_sending(made.message)
        put_receipt(made.message, MessageState.ACCEPTED)
        put_attachment(made.message)
    for state in export_rows.STATES:
        with db.write() as session:
            export_rows.put_export(session, made.message.account_id, state, now=db.now(session))
    callback, _ = app.test_client().get("/v1/callbacks", headers=sender.bearer).get_json()["callbacks"]
    with db.write() as session:
        assert len(CALLBACKS.claim(session, now=db.now(session), limit=2, lease=DAY, per_destination=2)) == 2
    make_person("olive", operator=True)
    person: Browser = seated(app, "olive")
    del asked[:]
    whole_path = path.format(msgid=made.message.msgid, event_id=callback["id"], slug=slug_of(made.link))
    with person.client.get(whole_path, headers=sender.bearer) as answer:  # its end releases the export's place
        assert (answer.status_code, bool(answer.get_data())) == (200, True)
    questions = [each for each in asked if each[0].lstrip("(").startswith(("SELECT", "WITH"))]
    assert questions
    whole = [f"{step}: {statement}" for statement, values in questions for step in scans(statement, values)]
    assert whole == []
