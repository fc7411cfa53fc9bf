"""Nothing that belongs to a sender or a recipient gets into the log, at any level, in both forms."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shortener.config.settings import Settings
from shortener.receipts import keys
from shortener.running.services import Services
from shortener.telemetry import log_setup
from tests.conftest import SECRET_KEY
from tests.support import databases
from tests.support.factories import BROWSER, Sender
from tests.support.servers import receiving

RECIPIENT, TEXT, WRONG, QUERY = "+819011112222", "Your parcel from Hanako", "wrong-token-of-nobody", "signature=hush"
SECRETS = (RECIPIENT, "9011112222", "parcel", "Hanako", WRONG, "hush", "shop.example.com/track")


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One database is enough: the log does not depend on it."""
    return databases.copy_sqlite(sqlite_template, tmp_path)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    update = {"access_log": "all", "gateway": "simulator", "simulator_delay": 0.0, "callback_waits": (0.0,)}
    return settings.model_copy(update=update)


@pytest.fixture(params=["text", "json"])
def lines(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """All lines that are written, at the most talkative level."""
    root, ours = logging.getLogger(), logging.getLogger(log_setup.OURS)
    levels, handlers = (root.level, ours.level), list(root.handlers)
    stream = io.StringIO()
    log_setup.use("debug", request.param, stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def flow(client: FlaskClient, services: Services, sender: Sender) -> list[str]:
    """Post, send, click, fail to call back, take receipts in, use wrong tokens and a vendor's format; return ids."""
    with receiving(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n") as receiver:
        fields = {
            "message": f"{TEXT}: https://shop.example.com/track?{QUERY}",
            "recipient": RECIPIENT,
            "sender": "ACME",
            "client_tag": "order-7",
            "lt_callbackurl": f"{receiver.url()}?{QUERY}",
        }
        posted = client.post("/v1/messages", json=fields, headers=sender.basic).get_json()
        services.sendings.deliver_due()
        slug = posted["links"][0]["shortlink"].rpartition("/")[2]
        assert client.get(f"/{slug}?{QUERY}", headers={"User-Agent": BROWSER}).status_code == 302
        services.deliverer.deliver_due()
    bearer = {"Authorization": f"Bearer {WRONG}"}
    assert client.post("/v1/messages", json=fields, headers=bearer).status_code == 401
    path = keys.account_path("vonage", sender.sid, SECRET_KEY)
    receipt = {
        "msisdn": RECIPIENT,
        "messageId": "0A01",
        "status": "delivered",
        "err-code": "0",
        "client-ref": "order-7",
    }
    assert client.post(path, json=receipt).status_code == 200
    assert client.post(f"/receipts/vonage/{WRONG}", json=receipt).status_code in (401, 404)
    xoxzo = {"message": TEXT, "recipient": RECIPIENT, "sender": "ACME"}
    client.post("/sms/messages/", json=xoxzo, headers=sender.basic)
    client.get(f"/v1/messages?recipient={RECIPIENT}", headers=sender.basic)
    return [posted["msgid"], slug, path.rpartition("/")[2]]


def test_the_log_names_things_but_no_secrets(
    app: Flask, client: FlaskClient, services: Services, sender: Sender, lines: io.StringIO
) -> None:
    msgid, slug, key = flow(client, services, sender)
    written = lines.getvalue()
    for secret in (*SECRETS, slug, key, sender.token, sender.signing_secret, SECRET_KEY):
        assert secret not in written, secret
    about = [line for line in written.splitlines() if msgid in line and sender.sid in line]
    assert any("callback evt_" in line and "answered" in line for line in about)
    assert any("sending " in line and "taken" in line for line in about)
    assert any("POST /v1/messages 201" in line for line in about)
    if written.startswith("{"):
        assert all(json.loads(line)["level"] for line in written.splitlines())
