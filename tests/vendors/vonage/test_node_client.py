"""The vendor's own client for Node.js, as it comes from npm, against a real server on loopback."""

from typing import Any

from tests.support.factories import TARGET, TEXT, Sender
from tests.support.hooks import Hook
from tests.support.scripts import run_node

MESSAGE = {"to": "447700900001", "from": "Acme", "text": TEXT}
SEND = """
const { Vonage } = require("@vonage/server-sdk");
const [apiKey, apiSecret, restHost, messages] = args;
const vonage = new Vonage({ apiKey, apiSecret }, { restHost });
const results = [];
for (const message of messages)
  results.push(await vonage.sms.send(message).then(
    (sent) => ({ sent }), (error) => ({ name: error.constructor.name, failed: error.response.messages })));
answer(results);
"""
VERIFY = """
const { SMS } = require("@vonage/sms");
const { AlgorithmTypes } = require("@vonage/auth");
const [secret, receipts] = args;
const sms = new SMS({ apiKey: "a", apiSecret: "b" });
answer(receipts.map((receipt) => sms.verifySignature(receipt.sig, receipt, secret, AlgorithmTypes.sha256hmac)));
"""


def sent(server: str, sender: Sender, *messages: dict[str, Any], token: str | None = None) -> list[dict[str, Any]]:
    """What became of each message."""
    found: list[dict[str, Any]] = run_node(SEND, sender.sid, token or sender.token, server, messages)
    return found


def test_messages_are_sent_as_json(server: str, sender: Sender) -> None:
    options = {"clientRef": "campaign-7", "ttl": 20_000, "statusReportReq": False, "messageClass": 1}
    japanese = {**MESSAGE, "text": f"荷物 {TARGET} 🚚", "type": "unicode", **options, "accountRef": "unit-1"}
    for one, text in zip(sent(server, sender, MESSAGE, japanese), (TEXT, japanese["text"]), strict=True):
        [entry] = one["sent"]["messages"]
        assert (entry["status"], entry["to"], len(entry["messageId"])) == ("0", "447700900001", 32)
        assert entry["text"] == text.replace(TARGET, entry["shortlink"])
    assert (entry["clientRef"], entry["accountRef"]) == ("campaign-7", "unit-1")


def test_errors_are_the_clients_own(server: str, sender: Sender) -> None:
    missing, binary = sent(server, sender, {**MESSAGE, "text": ""}, {**MESSAGE, "type": "binary", "body": "00"})
    [wrong] = sent(server, sender, MESSAGE, token="wrong")
    for one, number in ((missing, "2"), (binary, "3"), (wrong, "4")):
        assert one["name"].startswith("MessageSend")
        assert [entry["status"] for entry in one["failed"]] == [number]
        assert one["failed"][0]["errorText"]


def test_receipts_are_verified_by_the_client(server: str, sender: Sender, hook: Hook) -> None:
    sent(server, sender, {**MESSAGE, "callback": f"{hook.url}/dlr", "clientRef": "a & b = 荷物"})
    receipts = [request.json for request in hook.wait_for(2)]
    assert {receipt["client-ref"] for receipt in receipts} == {"a & b = 荷物"}
    assert run_node(VERIFY, sender.signing_secret, receipts) == [True, True]
    assert run_node(VERIFY, "whsec_wrong", receipts) == [False, False]
