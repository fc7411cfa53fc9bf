"""The vendor's own client for Node.js against a running server with the simulator."""

from tests.support.factories import TEXT, Sender
from tests.support.scripts import run_node

TO, FAILS = "41793026727", "41793029902"
SCRIPT = """
const { Infobip, AuthType } = require("@infobip-api/sdk");
const [url, token, sid, to, fails, text] = args;
const infobip = new Infobip({ baseUrl: url, apiKey: token, authType: AuthType.ApiKey });
const basic = new Infobip({ baseUrl: url, username: sid, password: token, authType: AuthType.Basic });
const message = { from: "Acme", text, destinations: [{ to, messageId: "own" }, { to: fails }], callbackData: "d" };
const sent = await infobip.channels.sms.send({ bulkId: "b", messages: [message], urlOptions: { shortenUrl: true } });
const query = await basic.channels.sms.send({ type: "query", from: "Acme", to: [to, fails], text });
const reports = [];
for (let round = 0; round < 600 && reports.length < 4; round++) {
  const taken = await infobip.channels.sms.reports.get({ limit: 10 });
  reports.push(...taken.data.results);
  await new Promise((done) => setTimeout(done, 50));
}
const logs = await basic.channels.sms.logs.get({ messageId: ["own", "other"], bulkId: ["b"] });
const wrong = await new Infobip({ baseUrl: url, apiKey: "x", authType: AuthType.ApiKey }).channels.sms.logs.get({});
const bad = await infobip.channels.sms.send({ messages: [{ text: "x", destinations: [] }] });
answer({
  sent: sent.data,
  query: query.data.messages.length,
  reports: reports.map((one) => [one.to, one.status.groupName]).sort(),
  logs: logs.data.results.map((one) => [one.messageId, one.from, one.callbackData]),
  wrong: [wrong.response.status, wrong.response.data],
  bad: [bad.response.status, bad.response.data],
});
"""


def test_the_client_sends_reports_and_lists(server: str, sender: Sender) -> None:
    found = run_node(SCRIPT, server, sender.token, sender.sid, TO, FAILS, TEXT)
    assert found["sent"]["bulkId"] == "b"
    assert [one["to"] for one in found["sent"]["messages"]] == [TO, FAILS]
    assert found["sent"]["messages"][0]["text"].startswith(TEXT[:10]) and server in found["sent"]["messages"][0]["text"]
    assert found["query"] == 2
    assert found["reports"] == [*[[TO, "DELIVERED"]] * 2, *[[FAILS, "UNDELIVERABLE"]] * 2]
    assert found["logs"] == [["own", "Acme", "d"]]
    (status, wrong), (bad_status, bad) = found["wrong"], found["bad"]
    assert (status, wrong["requestError"]["serviceException"]["messageId"]) == (401, "UNAUTHORIZED")
    assert (bad_status, [*bad["requestError"]["serviceException"]["validationErrors"]]) == (
        400,
        ["messages[0].destinations"],
    )
