"""Receipts on the command line: the URL for them, and the list of what came in."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shortener.cli import receipts as cli
from shortener.reporting import receipt_lists
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from shortener.storage.models import Message, Receipt
from tests.cli.test_commands import Run, document, done, refused, run
from tests.support.factories import DAY, NOW, Sender, make_message

__all__ = ["run"]  # the fixture
HOUR = DAY / 24


def test_the_shown_url_takes_receipts(app: Flask, client: FlaskClient, sender: Sender) -> None:
    message = make_message(sender, client_tag="order-1").message
    result = app.test_cli_runner().invoke(args=["account", "receipts-url", "shop", "vonage", "--json"])
    assert result.exit_code == 0
    url = json.loads(result.stdout)["url"]
    assert url.startswith(f"https://s.example.com/receipts/vonage/{sender.sid}-")
    fields = {"messageId": "1", "status": "delivered", "client-ref": "order-1"}
    assert client.post(url.removeprefix("https://s.example.com"), data=fields).status_code == 200
    with db.read() as session:
        assert session.get_one(Message, message.id).state == "delivered"


@pytest.mark.parametrize(
    ("arguments", "said"), [(["shop", "nobody"], "karaden"), (["nobody", "vonage"], "no account named nobody")]
)
def test_an_unknown_name_is_refused(app: Flask, sender: Sender, arguments: list[str], said: str) -> None:
    result = app.test_cli_runner().invoke(args=["account", "receipts-url", *arguments])
    assert result.exit_code != 0
    assert said in result.output + result.stderr


@pytest.fixture
def receipts(sender: Sender) -> list[str]:
    """Receipts of two messages, an hour apart: accepted and delivered, then failed; the messages' msgids."""
    first, second = make_message(sender).message, make_message(sender).message
    states = [(first, MessageState.ACCEPTED), (first, MessageState.DELIVERED), (second, MessageState.FAILED)]
    with db.write() as session:
        for hours, (message, state) in enumerate(states):
            moment = NOW + hours * HOUR
            values = {"gateway": "kannel", "gateway_ref": "ref-1", "happened_on": moment, "received_on": moment}
            session.add(Receipt(account_id=message.account_id, message_id=message.id, state=state, **values))
    return [first.msgid, second.msgid]


def test_receipts_are_listed_the_newest_first(run: Run, receipts: list[str]) -> None:
    header, *rows = done(run("receipt", "list", "--account", "shop")).splitlines()
    assert header.split() == ["received_on", "msgid", "state", "gateway", "gateway_ref", "code", "reason", "at"]
    assert [row.split()[1:4] for row in rows] == [
        [receipts[1], "failed", "kannel"],
        [receipts[0], "delivered", "kannel"],
        [receipts[0], "accepted", "kannel"],
    ]


@pytest.mark.parametrize(
    ("options", "states"),
    [
        (["--state", "failed"], ["failed"]),
        (["--gateway", "smtp"], []),
        (["--from", "2026-11-22T10:00:00Z"], ["failed", "delivered"]),
        (["--to", "2026-11-22T10:00:00Z"], ["accepted"]),
    ],
)
def test_receipts_can_be_chosen(run: Run, receipts: list[str], options: list[str], states: list[str]) -> None:
    found = document(run("receipt", "list", "--account", "shop", *options, "--json"))
    assert [one["state"] for one in found] == states


def test_the_receipts_of_one_message_are_found(run: Run, receipts: list[str]) -> None:
    found = document(run("receipt", "list", "--account", "shop", "--msgid", receipts[0], "--json"))
    assert [one["msgid"] for one in found] == [receipts[0]] * 2


def test_a_rare_state_is_found_behind_others(run: Run, receipts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipt_lists, "EXAMINED", 1)
    found = document(run("receipt", "list", "--account", "shop", "--state", "accepted", "--json"))
    assert [one["state"] for one in found] == ["accepted"]


def test_a_list_is_bounded(run: Run, receipts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "MOST", 2)
    assert len(document(run("receipt", "list", "--account", "shop", "--json"))) == 2


def test_no_receipts_are_said_to_be_none(run: Run, sender: Sender) -> None:
    assert done(run("receipt", "list", "--account", "shop")) == "No receipts found.\n"


def test_receipts_of_another_account_are_not_listed(run: Run, receipts: list[str], other_sender: Sender) -> None:
    assert document(run("receipt", "list", "--account", other_sender.name, "--json")) == []
    assert "no message" in refused(run("receipt", "list", "--account", other_sender.name, "--msgid", receipts[0]))
