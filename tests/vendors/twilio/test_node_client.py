"""The vendor's own client library for Node.js against a real server on loopback."""

from typing import Any

from tests.support.factories import TARGET, TEXT, Sender
from tests.support.hooks import Hook
from tests.support.scripts import run_node

START = """
const twilio = require("twilio");
const [server, sid, token, text, ...more] = args;
const client = twilio(sid, token);
client.api.baseUrl = client.messaging.baseUrl = server;
const message = { to: "+818012345678", from: "+15017122661", body: text };
const final = async (sid) => {
  for (;;) {
    const found = await client.messages(sid).fetch();
    if (["delivered", "undelivered", "failed", "canceled"].includes(found.status)) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const refused = async (call) => { try { await call(); } catch (error) { return [error.status, error.code]; } };
"""


def run(script: str, server: str, sender: Sender, *more: Any) -> Any:
    return run_node(START + script, server, f"AC{sender.sid}", sender.token, TEXT, *more)


def test_a_message_is_sent_listed_and_deleted(server: str, sender: Sender) -> None:
    found = run(
        """
const sent = await client.messages.create({ ...message, shortenUrls: true });
const done = await final(sent.sid);
const other = await client.messages.create({ ...message, to: "+818012340000", body: "Hello" });
await final(other.sid);
const listed = (await client.messages.list({ pageSize: 1 })).map((one) => one.sid);
const today = await client.messages.list({ dateSentAfter: new Date(Date.now() - 86400000), to: message.to });
const erased = await client.messages(sent.sid).update({ body: "" });
const removed = await client.messages(sent.sid).remove();
const gone = await refused(() => client.messages(sent.sid).fetch());
answer({ body: sent.body, status: done.status, sent: done.dateSent instanceof Date, listed, sids: [other.sid, sent.sid],
         today: today.length, erased: erased.body, removed, gone });
""",
        server,
        sender,
    )
    assert found["body"] != TEXT and TARGET not in found["body"]
    assert found["listed"] == found["sids"]
    kept = {name: found[name] for name in ("status", "sent", "today", "erased", "removed", "gone")}
    assert kept == {
        "status": "delivered",
        "sent": True,
        "today": 1,
        "erased": "",
        "removed": True,
        "gone": [404, 20404],
    }


def test_a_scheduled_message_is_canceled(server: str, sender: Sender) -> None:
    found = run(
        """
const later = new Date(Date.now() + 3600000);
const sent = await client.messages.create({ ...message, sendAt: later, scheduleType: "fixed", validityPeriod: 60 });
const canceled = await client.messages(sent.sid).update({ status: "canceled" });
const wrong = await refused(() => client.messages.create({ ...message, to: "12" }));
answer([sent.status, canceled.status, wrong]);
""",
        server,
        sender,
    )
    assert found == ["scheduled", "canceled", [400, 21211]]


def test_its_callbacks_are_signed(server: str, sender: Sender, hook: Hook) -> None:
    config = run(
        """
const [hook] = more;
const config = client.messaging.v1.domainConfig("DN" + "1".repeat(32));
const made = await config.update({ callbackUrl: hook + "/clicked", continueOnFailure: true });
await client.messages.create({ ...message, statusCallback: hook + "/status?a=1" });
answer([made.callbackUrl, made.continueOnFailure, made.dateCreated !== null]);
""",
        server,
        sender,
        hook.url,
    )
    assert config == [f"{hook.url}/clicked", True, True]
    told = [[hook.url + one.target, one.headers["x-twilio-signature"], one.form] for one in hook.wait_for(2)]
    checked = run(
        """
const [secret, told] = more;
answer(told.map(([url, signature, form]) => twilio.validateRequest(secret, signature, url, form)));
""",
        server,
        sender,
        sender.signing_secret,
        told,
    )
    assert checked == [True, True]
