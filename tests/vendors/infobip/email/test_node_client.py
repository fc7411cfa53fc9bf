"""Infobip's client for Node.js sends mails with files, and reads reports and logs."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import select

from shortener.storage import db
from shortener.storage.models import Attachment
from tests.support.factories import TARGET, Sender
from tests.support.scripts import run_node

SCRIPT = """
import { Infobip, AuthType } from "@infobip-api/sdk";

const [baseUrl, apiKey, target] = args;
const client = new Infobip({ baseUrl, apiKey, authType: AuthType.ApiKey });
const told = ({ status, data, response }) => ({ status: status ?? response?.status, data: data ?? response?.data });
const least = { from: "Acme <news@acme.example>", to: "anna@example.com", subject: "Hello", text: "See " + target };
const file = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
const email = client.channels.email;
const sent = told(await email.send({
  ...least,
  to: ["anna@example.com", "ben@example.com"],
  cc: ["carl@example.com"],
  html: `<a href="${target}">track</a><img src="cid:logo.png">`,
  attachment: [{ data: file, name: "a.bin" }, { data: file, name: "請求書.pdf" }],
  inlineImage: [{ data: file, name: "logo.png" }],
  callbackData: "4711", bulkId: "b1", messageId: "mine", replyTo: "help@acme.example",
}));
const one = told(await email.send({ ...least }));
let reports = [];
for (let tries = 0; reports.length < 4 && tries < 200; tries++) {
  reports = reports.concat(told(await email.report.get({ limit: 10 })).data.results);
}
const logs = told(await email.log.get({ messageId: "mine", from: "news@acme.example" }));
const faulty = told(await email.send({ ...least, to: "nonsense" }));
const stranger = new Infobip({ baseUrl, apiKey: "wrong", authType: AuthType.ApiKey });
answer({ sent, one, reports, logs, faulty, refused: told(await stranger.channels.email.log.get({})) });
"""


@pytest.fixture
def told(server: str, sender: Sender) -> dict[str, Any]:
    found: dict[str, Any] = run_node(SCRIPT, server, sender.token, TARGET)
    return found


def test_the_client_works_unchanged(told: dict[str, Any]) -> None:
    assert (told["sent"]["status"], told["one"]["status"]) == (200, 200)
    messages = told["sent"]["data"]["messages"]
    assert [one["to"] for one in messages] == [f"{name}@example.com" for name in ("anna", "ben", "carl")]
    assert len({one["shortlink"] for one in messages}) == 3
    assert sorted(report["to"] for report in told["reports"]) == [
        *["anna@example.com", "anna@example.com", "ben@example.com", "carl@example.com"]
    ]
    [log] = told["logs"]["data"]["results"]
    assert (log["messageId"], log["callbackData"], log["bulkId"]) == ("mine", "4711", "b1")
    assert told["faulty"]["status"] == 400
    assert list(told["faulty"]["data"]["requestError"]["serviceException"]["validationErrors"]) == ["to[0]"]
    assert told["refused"]["status"] == 401
    with db.read() as session:
        files = session.scalars(select(Attachment).order_by(Attachment.message_id, Attachment.position)).all()
        assert [file.name for file in files] == ["logo.png", "a.bin", "請求書.pdf"] * 3
        assert {file.sha256 for file in files} == {hashlib.sha256(bytes(range(256))).digest()}
