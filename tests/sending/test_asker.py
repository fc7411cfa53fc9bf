"""The threads that ask: their answers arrive, and a slow gateway delays neither the others nor the end."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from shortener.rules.delivery import server_address
from shortener.rules.delivery.server_address import HTTP_PORTS
from shortener.sending import asker, vendor_api
from shortener.sending.asker import THREADS
from shortener.sending.gateway import Taken
from shortener.sending.vendor_api import VendorGateway
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


def hang(call: Call) -> None:
    call.hang()


def away(call: Call) -> None:
    call.say(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


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
    with receiving(away) as server, asking(app, acme=server) as news:
        until(lambda: server.calls > 0)
    assert (message(message_id).state, news) == ("sent", [])
    assert sending(message_id).ask_on is not None


def test_gateways_that_report_themselves_have_no_thread(app: Flask) -> None:
    gateway = Gateway()
    assert asker.make(app.app_context, {gateway.name: gateway}, lambda: None) == []
    assert "asker" not in {thread.name for thread in threading.enumerate()}
