"""The threads that ask: their answers arrive, and a slow gateway delays neither the others nor the end."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from shortener.rules.delivery import server_address
from shortener.rules.delivery.server_address import HTTP_PORTS
from shortener.sending import asker, vendor_api
from shortener.sending import asking as asking_about
from shortener.sending.asker import THREADS
from shortener.sending.asking import Question
from shortener.sending.gateway import Taken
from shortener.sending.vendor_api import VendorGateway
from shortener.storage import db
from shortener.storage.models import Sending
from tests.support.factories import Sender
from tests.support.hand_overs import Gateway, claim, message, put, sending, settle
from tests.support.servers import Call, Receiver, receiving
from tests.support.vendors.acme.gateway import GATEWAY
from tests.support.waiting import WITHIN, until

BODY = '{"states": ["accepted", "delivered"]}'
DELIVERED = f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}".encode()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asker, "PAUSE", 0.01)
    monkeypatch.setattr(vendor_api, "ASK_AFTER", 0.0)
    monkeypatch.setattr(asking_about, "SOON", dt.timedelta(0))


def hang(call: Call) -> None:
    call.hang()


def away(call: Call) -> None:
    call.say(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


def delivered(call: Call) -> None:
    call.say(DELIVERED)


@contextmanager
def asking(app: Flask, **servers: Receiver) -> Iterator[list[str]]:
    """Ask these gateways in threads; what they told callbacks."""
    news: list[str] = []
    gateways = {
        name: VendorGateway(
            name, GATEWAY, server_address.parse(f"http://k:s@127.0.0.1:{server.port}", HTTP_PORTS), timeout=WITHIN
        )
        for name, server in servers.items()
    }
    made = asker.make(app.app_context, gateways, lambda: news.append("woken"))
    for one in made:
        one.start()
    try:
        yield news
    finally:
        for one in made:
            one.request_stop()
        begun = time.monotonic()
        for one in made:
            one.stop(grace=WITHIN)
        assert time.monotonic() - begun < 4


def taken(sender: Sender, gateway: str) -> int:
    now = dt.datetime.now(dt.UTC)
    message_id = put(sender, now=now, gateway=gateway)
    [claimed] = claim(now)
    settle(claimed, Taken(reference=f"R{message_id}", ask_after=0.0), now)
    return message_id


def test_an_answer_arrives(app: Flask, sender: Sender) -> None:
    message_id = taken(sender, "acme")
    with receiving(DELIVERED) as server, asking(app, acme=server) as news:
        until(lambda: message(message_id).state == "delivered" and bool(news))
    assert server.requests[0].startswith(f"GET /messages/R{message_id} ".encode())
    assert (sending(message_id).recipient, sending(message_id).ask_on) == (None, None)


def test_a_slow_gateway_delays_no_other(app: Flask, sender: Sender) -> None:
    slow = [taken(sender, "slow") for _ in range(THREADS)]
    quick = taken(sender, "quick")
    with receiving(hang) as hanging, receiving(DELIVERED) as server, asking(app, slow=hanging, quick=server):
        until(lambda: hanging.calls > 0)
        until(lambda: message(quick).state == "delivered")
    assert {message(one).state for one in slow} == {"sent"}


def test_a_gateway_that_is_away_is_asked_again(app: Flask, sender: Sender) -> None:
    message_id = taken(sender, "acme")
    answers = iter([away, away])
    with receiving(lambda call: next(answers, delivered)(call)) as server, asking(app, acme=server) as news:
        until(lambda: message(message_id).state == "delivered")
        assert server.calls == 3
        until(lambda: bool(news))


def test_one_that_is_away_postpones_no_other(app: Flask, sender: Sender) -> None:
    ids = [taken(sender, "acme") for _ in range(5)]
    now = dt.datetime.now(dt.UTC)
    with db.write() as session:  # they are old, so that their next questions would be an hour away
        session.execute(update(Sending).values(sent_on=now - dt.timedelta(hours=2)))
    answers = iter([delivered, away])
    with receiving(lambda call: next(answers, delivered)(call)) as server, asking(app, acme=server):
        until(lambda: sorted(str(message(one).state) for one in ids) == [*["delivered"] * 4, "sent"])
    [left] = [sending(one).ask_on for one in ids if message(one).state == "sent"]
    assert left is not None and left > now + dt.timedelta(minutes=30)


def test_an_answer_that_cannot_be_stored_stops_no_other(
    app: Flask, sender: Sender, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [taken(sender, "acme") for _ in range(3)]
    bad, take = message(ids[0]).msgid, asking_about.take

    def failing(session: Session, question: Question, receipts: Any, *, now: dt.datetime) -> None:
        if question.asked.msgid == bad:
            raise ValueError("a secret number")
        take(session, question, receipts, now=now)

    monkeypatch.setattr(asking_about, "take", failing)
    with receiving(DELIVERED) as server, asking(app, acme=server):
        until(lambda: [message(one).state for one in ids[1:]] == ["delivered"] * 2)
        until(lambda: bad in caplog.text)
    assert message(ids[0]).state == "sent"
    assert "secret" not in caplog.text


def test_gateways_that_report_themselves_have_no_thread(app: Flask) -> None:
    gateway = Gateway()
    assert asker.make(app.app_context, {gateway.name: gateway}, lambda: None) == []
    assert "asker" not in {thread.name for thread in threading.enumerate()}
