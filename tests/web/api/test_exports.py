"""Exports: their contents, streaming in parts, and that a truncated export is recognisable."""

import csv
import http.client
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from shortener.receipts.advance import News, advance
from shortener.reporting import message_exports
from shortener.reporting.message_exports import COLUMNS
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.running.long_calls import PATIENCE, LostSlotError
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Message
from tests.support.factories import BROWSER, DAY, NOW, PREVIEW, TARGET, TEXT, Sender, make_message, slug_of

EXPORT = "/v1/messages/export"
FORMATS = pytest.mark.parametrize("kind", ["csv", "jsonl"])


FIELDS: dict[str, Any] = {
    "client_tag": "order-1",
    "sender": "Shop",
    "recipient": "+818012345678",
    "tags": ["春", "a"],
    "metadata": {"k": "é", "n": 1},
    "lt_callbackurl": "http://127.0.0.1:9/clicked",
}


def export(client: FlaskClient, sender: Sender, kind: str, query: str = "") -> TestResponse:
    answer = client.get(f"{EXPORT}?format={kind}{query}", headers=sender.bearer, buffered=True)
    assert answer.status_code == 200, answer.text
    return answer


def rows(answer: TestResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def lines(answer: TestResponse) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.data.decode().splitlines()]


def msgids(answer: TestResponse, kind: str) -> list[str]:
    return [row["msgid"] for row in (rows(answer) if kind == "csv" else lines(answer))]


def clicked(client: FlaskClient, sender: Sender, /, *agents: str, **fields: Any) -> str:
    """Make a message with these clicks; return its msgid."""
    document = client.post("/v1/messages", json={"message": TEXT, **fields}, headers=sender.bearer).get_json()
    for agent in agents:
        path = document["link_tracking"]["shortlink"].removeprefix("https://s.example.com")
        assert client.get(path, headers={"User-Agent": agent}).status_code == 302
    return str(document["msgid"])


def failed(msgid: str) -> None:
    """Let the message have failed."""
    with db.write() as session:
        message_id = session.scalars(select(Message.id).where(Message.msgid == msgid)).one()
        news = News(MessageState.FAILED, NOW, "3", Reason.ABSENT_PERMANENT)
        assert advance(session.connection(), message_id, news, now=NOW)


class TestContent:
    def test_a_line_of_json_is_complete(self, client: FlaskClient, sender: Sender) -> None:
        msgid = clicked(client, sender, PREVIEW, BROWSER, BROWSER, **FIELDS)
        failed(msgid)
        report = client.get(f"/v1/messages/{msgid}", headers=sender.bearer).get_json()
        [line] = lines(export(client, sender, "jsonl"))
        tracking = report["link_tracking"]
        assert line == {
            **{name: report[name] for name in ("msgid", "received_on", "client_tag", "sender", "recipient")},
            **{name: tracking[name] for name in ("link", "shortlink", "expires_on", "accessed", "accessed_on")},
            **{f"clicks_{visitor}": count for visitor, count in report["clicks"]["counts"].items()},
            "tags": ["春", "a"],
            "metadata": {"k": "é", "n": 1},
            "callback": "pending",
            "state": "failed",
            "state_on": report["receipt"]["at"],
            "reason": "absent_permanent",
            "code": "3",
        }
        assert (line["clicks_person"], line["clicks_preview"], line["clicks_bot"]) == (2, 1, 0)
        assert tuple(line) == COLUMNS

    def test_a_row_of_csv_has_the_same(self, client: FlaskClient, sender: Sender) -> None:
        failed(clicked(client, sender, PREVIEW, BROWSER, **FIELDS))
        answer = export(client, sender, "csv")
        [row], [line] = rows(answer), lines(export(client, sender, "jsonl"))
        changed = {"recipient": "'+818012345678", "tags": "春,a", "metadata": '{"k":"é","n":1}', "accessed": "true"}
        assert row == {name: str(value) for name, value in line.items()} | changed
        assert answer.data.startswith(b"\xef\xbb\xbfmsgid,received_on,")
        assert answer.data.count(b"\r\n") == 2

    def test_clicks_on_all_links_are_counted(self, client: FlaskClient, sender: Sender) -> None:
        made = make_message(sender, f"{TEXT} https://other.example.org/x", track="all")
        for link in made.links[::-1]:
            client.get(f"/{slug_of(link)}", headers={"User-Agent": BROWSER})
            [line] = lines(export(client, sender, "jsonl"))
            assert (line["link"], line["accessed"]) == (TARGET, True)
        assert line["clicks_person"] == 2

    def test_an_export_can_be_of_one_state(self, client: FlaskClient, sender: Sender) -> None:
        msgid = make_message(sender).message.msgid
        make_message(sender)
        failed(msgid)
        assert [line["msgid"] for line in lines(export(client, sender, "jsonl", "&state=failed"))] == [msgid]

    def test_what_is_not_there_is_empty(self, client: FlaskClient, sender: Sender) -> None:
        make_message(sender, "see you")
        [row], [line] = rows(export(client, sender, "csv")), lines(export(client, sender, "jsonl"))
        assert {name for name, value in row.items() if value} == {"msgid", "received_on"}
        assert {name for name, value in line.items() if value is not None} == {
            "msgid",
            "received_on",
            "tags",
            "metadata",
        }

    @pytest.mark.parametrize("name", ["client_tag", "sender", "recipient"])
    def test_no_cell_is_a_formula(self, client: FlaskClient, sender: Sender, name: str) -> None:
        for starter in ("=", "+", "-", "@", "\t", "\r"):
            clicked(client, sender, **{name: f"{starter}1+1", "tags": [f"{starter}2"]})
        found = rows(export(client, sender, "csv"))
        assert {row[name][:1] + row["tags"][:1] for row in found} == {"''"}
        assert {line[name][0] for line in lines(export(client, sender, "jsonl"))} == set("=+-@\t\r")

    def test_a_number_with_zeros_in_front_stays_text(self, client: FlaskClient, sender: Sender) -> None:
        clicked(client, sender, recipient="09012345678", client_tag="00042", tags=["1-2"])
        [row] = rows(export(client, sender, "csv"))
        assert (row["recipient"], row["client_tag"], row["tags"]) == ("'09012345678", "'00042", "'1-2")
        [line] = lines(export(client, sender, "jsonl"))
        assert (line["recipient"], line["client_tag"], line["tags"]) == ("09012345678", "00042", ["1-2"])

    @pytest.mark.parametrize(("name", "delimiter"), [("comma", ","), ("semicolon", ";"), ("tab", "\t")])
    def test_the_cells_are_separated_as_asked_for(
        self, client: FlaskClient, sender: Sender, name: str, delimiter: str
    ) -> None:
        msgid = clicked(client, sender, tags=["a", "=b"])
        text = export(client, sender, "csv", f"&delimiter={name}").data.decode("utf-8-sig")
        [row] = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        assert (row["msgid"], row["tags"]) == (msgid, "a,=b" if name == "comma" else "a,'=b")

    @pytest.mark.parametrize(
        ("kind", "content_type"), [("csv", "text/csv; charset=utf-8"), ("jsonl", "application/jsonl")]
    )
    def test_an_export_is_an_uncached_file(
        self, client: FlaskClient, sender: Sender, kind: str, content_type: str
    ) -> None:
        answer = export(client, sender, kind)
        assert answer.content_type == content_type
        assert answer.headers["Content-Disposition"] == f'attachment; filename="messages.{kind}"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Content-Length" not in answer.headers

    def test_an_empty_one_has_its_header(self, client: FlaskClient, sender: Sender) -> None:
        assert export(client, sender, "csv").data.decode("utf-8-sig") == ",".join(COLUMNS) + "\r\n"
        assert export(client, sender, "jsonl").data == b""


class TestSelection:
    @FORMATS
    def test_the_filters_are_those_of_lists(self, client: FlaskClient, sender: Sender, kind: str) -> None:
        wanted = clicked(client, sender, BROWSER, tags=["a"])
        make_message(sender, tags=["a"])
        clicked(client, sender, BROWSER)
        assert msgids(export(client, sender, kind, "&tag=a&clicked=true&visitor=person"), kind) == [wanted]

    def test_another_accounts_messages_are_not_exported(
        self, client: FlaskClient, sender: Sender, other_sender: Sender
    ) -> None:
        make_message(other_sender)
        assert lines(export(client, sender, "jsonl")) == []

    @FORMATS
    def test_every_message_comes_once_in_however_many_parts(
        self, client: FlaskClient, sender: Sender, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(message_exports, "AT_ONCE", 3)
        made = [make_message(sender, now=NOW + n // 2 * DAY / 100).message.msgid for n in range(9)]
        assert msgids(export(client, sender, kind), kind) == made[::-1]
        assert msgids(export(client, sender, kind, "&from=2026-11-22T09:00:00.000001Z"), kind) == made[:1:-1]

    def test_messages_that_come_meanwhile_are_not_in_it(
        self, client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(message_exports, "AT_ONCE", 1)
        made = [make_message(sender).message.msgid for _ in range(3)]
        answer = client.get(f"{EXPORT}?format=jsonl", headers=sender.bearer, buffered=False)
        parts = answer.iter_encoded()
        first = next(parts)
        make_message(sender)
        text = first + b"".join(parts)
        answer.close()
        assert [json.loads(line)["msgid"] for line in text.splitlines()] == made[::-1]

    @pytest.mark.parametrize(
        "query",
        [
            "",
            "?format=xlsx",
            "?format=csv&limit=5",
            "?format=csv&cursor=x",
            "?format=csv&tag=",
            "?format=csv&format=csv",
            "?format=csv&delimiter=;",
            "?format=csv&delimiter=tab&delimiter=tab",
            "?format=jsonl&delimiter=tab",
        ],
    )
    def test_what_cannot_be_used_is_422(self, client: FlaskClient, sender: Sender, query: str) -> None:
        answer = client.get(EXPORT + query, headers=sender.bearer)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (422, "invalid_fields")

    def test_a_shortlink_finds_its_message(self, client: FlaskClient, sender: Sender) -> None:
        made = make_message(sender)
        make_message(sender)
        assert msgids(export(client, sender, "csv", f"&text={slug_of(made.link)}"), "csv") == [made.message.msgid]

    def test_all_faults_are_named_at_once(self, client: FlaskClient, sender: Sender) -> None:
        answer = client.get(f"{EXPORT}?format=xlsx&limit=5&from=x", headers=sender.bearer)
        assert answer.get_json(force=True)["errors"] == {
            "format": ["must be csv or jsonl"],
            "limit": ["is not a parameter of this call"],
            "from": ["must be a time like 2026-11-22T09:00:00Z"],
        }


@contextmanager
def listening(name: str, act: Callable[..., None]) -> Iterator[list[str]]:
    """Act on an event of the engine, and record it."""
    seen: list[str] = []

    def heard(*args: Any) -> None:
        seen.append(name)
        act(*args)

    event.listen(db.db.engine, name, heard)
    yield seen
    event.remove(db.db.engine, name, heard)


def test_no_transaction_is_open_while_a_part_is_sent(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_exports, "AT_ONCE", 1)
    for _ in range(3):
        make_message(sender)
    out: set[int] = set()
    with (
        listening("checkout", lambda connection, *_: out.add(id(connection))) as taken,
        listening("checkin", lambda connection, *_: out.discard(id(connection))),
    ):
        answer = client.get(f"{EXPORT}?format=csv", headers=sender.bearer, buffered=False)
        for _ in answer.iter_encoded():
            assert out == set()
        answer.close()
    assert taken


def begin_all(client: FlaskClient, sender: Sender) -> list[TestResponse]:
    """Open as many exports as an account may have at once, without reading them to the end."""
    running = []
    while (answer := client.get(f"{EXPORT}?format=csv", headers=sender.bearer, buffered=False)).status_code == 200:
        running.append(answer)
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (429, "too_many_exports")
    assert int(answer.headers["Retry-After"]) > 0
    return running


def end_all(running: list[TestResponse]) -> None:
    for answer in running:
        answer.close()


def test_exports_that_end_make_room_for_the_next_ones(client: FlaskClient, sender: Sender) -> None:
    running = begin_all(client, sender)
    assert len(running) > 1
    end_all(running)
    for method in ("HEAD", "GET") * len(running):
        answer = client.open(f"{EXPORT}?format=csv", method=method, headers=sender.bearer, buffered=True)
        assert answer.status_code == 200


def test_a_slow_export_blocks_no_other_account(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    make_message(other_sender)
    running = begin_all(client, sender)
    for _ in range(20):
        assert len(lines(export(client, other_sender, "jsonl"))) == 1
    end_all(running)


def test_an_export_that_lost_its_place_says_so(
    client: FlaskClient, sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_exports, "AT_ONCE", 1)
    for _ in range(3):
        make_message(sender)
    answer = client.get(f"{EXPORT}?format=jsonl", headers=sender.bearer, buffered=False)
    parts = answer.iter_encoded()
    next(parts)
    monkeypatch.setattr(services.long_calls, "clock", lambda: time.monotonic() + PATIENCE)
    end_all(begin_all(client, sender))
    assert json.loads(next(parts))["code"] == "broken_off"
    with pytest.raises(LostSlotError):
        next(parts)
    answer.close()


class TestBreakingOff:
    """Over a socket: what a client gets of an export when the database fails midway."""

    @pytest.fixture
    def port(self, app: Flask) -> Iterator[int]:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        server.daemon_threads = True  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()
        server.server_close()

    @FORMATS
    def test_it_says_so_in_its_last_line(
        self, port: int, sender: Sender, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(message_exports, "AT_ONCE", 2)
        for _ in range(5):
            make_message(sender)
        looked = 0

        def fail_at_the_second_part(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            nonlocal looked
            looked += statement.startswith("SELECT message.received_on")
            if looked == 2:
                raise ConnectionError("the database is gone")

        event.listen(db.db.engine, "before_cursor_execute", fail_at_the_second_part)
        try:
            answer = self.taken(port, sender, kind)
        finally:
            event.remove(db.db.engine, "before_cursor_execute", fail_at_the_second_part)
        *whole, last = answer.decode().strip().splitlines()
        assert "broke off here" in last
        assert len(whole) == 2 + (kind == "csv")

    def taken(self, port: int, sender: Sender, kind: str) -> bytes:
        """The data received before the connection closed without the end of the response."""
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("GET", f"{EXPORT}?format={kind}", headers=sender.bearer)
            with pytest.raises(http.client.IncompleteRead) as broken_off:
                connection.getresponse().read()
        return broken_off.value.partial
