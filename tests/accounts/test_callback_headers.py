"""The callback header of an account: stored encrypted, sent with callbacks, shown nowhere."""

import json
import logging
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shortener.accounts import callback_headers, senders
from shortener.accounts.encryption import can_decrypt
from shortener.accounts.reencryption import ENCRYPTED, Count, Place, reencrypt
from shortener.config.settings import Settings
from shortener.rules.delivery import callback_header
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Account
from tests.support.factories import BROWSER, Sender, make_message, slug_of
from tests.support.servers import OK, parsed, receiving

HEADER, SECRET = "X-Api-Key: 4711-geheim", "4711-geheim"


def give(app: Flask, *arguments: str, given: str | None = None) -> str:
    done = app.test_cli_runner().invoke(args=["account", "set", "shop", *arguments], input=given)
    assert done.exit_code == 0, done.output
    return done.stdout


def stored() -> bytes | None:
    with db.read() as session:
        return session.scalars(select(Account.callback_header).where(Account.name == "shop")).one()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database_url,
        data=tmp_path,
        secret_key="k" * 40,
        public_url="https://s.example.com",
        callback_allow_nets=("127.0.0.0/8",),
        spool_bytes=65536,
    )


def test_the_header_comes_with_each_callback(
    app: Flask, client: FlaskClient, sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    assert SECRET not in give(app, "--callback-header", HEADER)
    with receiving(OK) as receiver, caplog.at_level(logging.DEBUG):
        made = make_message(sender, lt_callbackurl=receiver.url())
        client.get(f"/{slug_of(made.link)}", headers={"User-Agent": BROWSER})
        services().deliverer.deliver_due()
        headers, _ = parsed(receiver.requests[0])
        assert headers["x-api-key"] == SECRET
        assert headers["content-type"] == "application/json"
        client.post("/v1/callbacks/test", json={"url": receiver.url()}, headers=sender.bearer)
        assert parsed(receiver.requests[1])[0]["x-api-key"] == SECRET
    report = client.get(f"/v1/messages/{made.message.msgid}", headers=sender.bearer)
    assert SECRET not in report.text + caplog.text


def test_another_accounts_callbacks_carry_no_header(
    app: Flask, client: FlaskClient, sender: Sender, other_sender: Sender
) -> None:
    give(app, "--callback-header", HEADER)
    with receiving(OK) as receiver:
        made = make_message(other_sender, lt_callbackurl=receiver.url())
        client.get(f"/{slug_of(made.link)}", headers={"User-Agent": BROWSER})
        services().deliverer.deliver_due()
    assert "x-api-key" not in parsed(receiver.requests[0])[0]


def test_the_header_is_stored_encrypted_and_reencrypted(app: Flask, sender: Sender) -> None:
    give(app, "--callback-header", "-", given=f"{HEADER}\n")
    sealed, old = stored(), services().settings.secret_keys
    assert sealed is not None and SECRET.encode() not in sealed
    place = Place(ENCRYPTED.index(Account.callback_header))
    with db.write() as session:
        reencrypt(session, ("n" * 40, *old), Count(), place)
    assert can_decrypt(stored() or b"", ("n" * 40,))


def test_an_empty_header_removes_it(app: Flask, sender: Sender) -> None:
    give(app, "--callback-header", HEADER)
    assert json.loads(give(app, "--json"))["callback_header"] is True
    give(app, "--callback-header", "")
    assert stored() is None
    assert json.loads(give(app, "--json"))["callback_header"] is False


def test_a_header_that_cannot_be_decrypted_delays_the_event(app: Flask, client: FlaskClient, sender: Sender) -> None:
    with db.write() as session:
        callback_headers.put(
            senders.named(session, "shop"), HEADER, secret_key="another key of forty characters........"
        )
    with receiving(OK) as receiver:
        made = make_message(sender, lt_callbackurl=receiver.url())
        client.get(f"/{slug_of(made.link)}", headers={"User-Agent": BROWSER})
        services().deliverer.deliver_due()
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Basic dTpw", ("Authorization", "Basic dTpw")),
        ("X-Api-Key:a", ("X-Api-Key", "a")),
        ("X-Key: \t a b  ", ("X-Key", "a b")),
    ],
)
def test_a_header_is_taken_apart(text: str, expected: tuple[str, str]) -> None:
    assert callback_header.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "X-Key",
        "X-Key:",
        ": geheim",
        "X Key: geheim",
        "X-Key: geheim\r\nHost: x",
        "X-Key: geheim\n",
        "X-Key: ключ",
        "Host: geheim",
        "content-type: geheim",
        "Webhook-Id: geheim",
        "Content-Length: 3",
        "X-Key: " + "x" * 5000,
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|set by the product and cannot be changed") as refused:
        callback_header.parse(text)
    assert "geheim" not in str(refused.value)
