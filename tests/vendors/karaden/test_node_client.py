"""The vendor's client library for Node.js, as it comes from the package index, against a real server on loopback."""

import datetime as dt
from typing import Any

import pytest

from tests.support.factories import TARGET, TEXT, Sender
from tests.support.scripts import run_node

START = """
import { Config, Message, MessageCreateParams, MessageDetailParams, MessageListParams, MessageCancelParams }
  from "karaden-prg-node";
const [base, tenant, key, ...rest] = args;
[Config.apiBase, Config.tenantId, Config.apiKey] = [`${base}/api`, tenant, key];
const shown = (message) => ({
  id: message.id, serviceId: message.serviceId, to: message.to, body: message.body, tags: message.tags,
  isShorten: message.isShorten, isShortenClicked: message.isShortenClicked, result: message.result,
  status: message.status, sentResult: message.sentResult, carrier: message.carrier,
  charged: message.chargedCountPerSent, createdAt: message.createdAt, scheduledAt: message.scheduledAt,
});
const create = (body, more) => {
  const params = MessageCreateParams.newBuilder().withServiceId(1).withTo("09012345678").withBody(body);
  return Message.create((more ? more(params) : params).build());
};
const detail = (id) => Message.detail(MessageDetailParams.newBuilder().withId(id).build());
const failed = async (call) => {
  try { await call(); return null; } catch (error) { return [error.constructor.name, error.error?.code]; }
};
"""


@pytest.fixture
def run(server: str, sender: Sender) -> Any:
    return lambda script, *args: run_node(START + script, server, sender.sid, sender.token, *args)


def test_a_message_is_sent_and_delivered(run: Any) -> None:
    script = """
    const sent = await create(rest[0], (params) => params.withTags(["a", "b"]).withIsShorten(true));
    let found = await detail(sent.id);
    for (let tries = 0; found.result != "done" && tries < 500; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      found = await detail(sent.id);
    }
    answer([shown(sent), shown(found)]);
    """
    sent, found = run(script, TEXT)
    assert (sent["serviceId"], sent["to"], sent["tags"]) == (1, "09012345678", ["a", "b"])
    assert (sent["isShorten"], sent["isShortenClicked"], sent["carrier"], sent["charged"]) == (True, False, None, 1)
    assert TARGET not in sent["body"]
    assert (found["id"], found["status"], found["sentResult"]) == (sent["id"], "done", "received")
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(sent["createdAt"])
    assert dt.timedelta(seconds=-5) < age < dt.timedelta(minutes=5)


def test_lists_and_cancellation_work(run: Any) -> None:
    script = """
    const at = new Date(Date.now() + 3600_000), around = (hours) => new Date(Date.now() + hours * 3600_000);
    const later = await create(rest[0], (params) => params.withScheduledAt(at).withLimitedAt(around(3)));
    await create(rest[0]);
    const list = (more) => Message.list(more(MessageListParams.newBuilder()).build());
    const all = await list((params) => params.withStartAt(around(-1)).withEndAt(around(1)).withPage(0).withPerPage(1));
    const waits = (params) => params.withStatus("waiting").withResult("processing").withSentResult("none");
    const waiting = await list(waits);
    const canceled = await Message.cancel(MessageCancelParams.newBuilder().withId(later.id).build());
    answer({
      at: at.toISOString(), later: shown(later), more: all.hasMore, count: all.data.length,
      waits: waiting.data.some((one) => one.id == later.id), canceled: canceled.status,
    });
    """
    found = run(script, TEXT)
    assert (found["more"], found["count"], found["waits"], found["canceled"]) == (True, 1, True, "canceled")
    scheduled, at = (dt.datetime.fromisoformat(text) for text in (found["later"]["scheduledAt"], found["at"]))
    assert abs(scheduled - at) <= dt.timedelta(seconds=1)


def test_each_error_is_an_exception_of_the_client(run: Any) -> None:
    script = """
    const results = [await failed(() => create("x".repeat(661))), await failed(() => detail("x"))];
    Config.apiVersion = "newest";
    results.push(await failed(() => create("a")));
    Config.apiKey = "x";
    results.push(await failed(() => create("a")));
    answer(results);
    """
    assert run(script) == [
        ["UnprocessableEntityException", "unprocessable_entity"],
        ["NotFoundException", "not_found"],
        ["BadRequestException", "bad_request"],
        ["UnauthorizedException", "unauthorized"],
    ]
