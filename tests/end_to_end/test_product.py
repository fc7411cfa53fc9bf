"""The product as users run it: each server with several processes, a receiver, requests over real sockets."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from standardwebhooks.webhooks import Webhook

from bench.instance import ROOT, Instance, environ_of, running
from tests.support.factories import BROWSER, TARGET, TEXT
from tests.support.servers import OK, Call, parsed, receiving
from tests.support.waiting import WITHIN, until

SERVERS = ("gunicorn", "granian")
SETTINGS = {
    "secret_key": "k" * 40,
    "public_url": "https://s.example.com",
    "callback_allow_nets": "127.0.0.0/8",
    "callback_waits": "0.2,0.2",
}


@pytest.fixture(scope="module", params=SERVERS)
def instance(own_database_url: str, request: pytest.FixtureRequest) -> Iterator[Instance]:
    """The product with two web processes, callbacks to loopback allowed, and short retry waits."""
    shape = {"server": request.param, "processes": "2", "store_address": "truncated"}
    with running(f"shop-{request.param}", database_url=own_database_url, **shape, **SETTINGS) as instance:
        yield instance


def send(instance: Instance, **fields: object) -> dict[str, object]:
    answer = requests.post(
        f"{instance.url}/v1/messages",
        json={"message": TEXT, **fields},
        auth=(instance.sid, instance.token),
        timeout=WITHIN,
    )
    assert answer.status_code == 201
    document: dict[str, object] = answer.json()
    return document


def local(instance: Instance, message: dict[str, object]) -> str:
    """The shortlink, with the host and port that the test can reach."""
    entry = message["link_tracking"]
    assert isinstance(entry, dict)
    return str(entry["shortlink"]).replace("https://s.example.com", instance.url)


def click(url: str) -> requests.Response:
    return requests.get(url, headers={"User-Agent": BROWSER}, allow_redirects=False, timeout=WITHIN)


def report(instance: Instance, message: dict[str, object]) -> dict[str, object]:
    answer = requests.get(
        f"{instance.url}/v1/messages/{message['msgid']}", auth=(instance.sid, instance.token), timeout=WITHIN
    )
    document: dict[str, object] = answer.json()
    return document


def state(instance: Instance, message: dict[str, object]) -> object:
    callback = report(instance, message)["callback"]
    return callback["state"] if isinstance(callback, dict) else None


def test_a_message_is_sent_clicked_called_back_and_reported(instance: Instance) -> None:
    with receiving(OK) as receiver:
        message = send(instance, lt_callbackurl=receiver.url(), client_tag="order-7", metadata={"name": "山田"})
        clicked = time.monotonic()
        answer = click(local(instance, message))
        assert (answer.status_code, answer.headers["Location"], answer.content) == (302, TARGET, b"")
        until(lambda: receiver.calls > 0)
        assert time.monotonic() - clicked < 10  # one second is promised; a loaded machine gets more
        until(lambda: state(instance, message) == "delivered")
        headers, body = parsed(receiver.requests[0])
        event = Webhook(instance.signing_secret).verify(body.decode(), headers)
    assert event["type"] == "link.clicked"
    assert event["data"]["msgid"] == message["msgid"]
    assert event["data"]["metadata"] == {"name": "山田"}
    told = report(instance, message)
    assert told["link_tracking"]["accessed_on"] == event["data"]["accessed_on"]  # type: ignore[index]


def test_fifty_simultaneous_clicks_make_one_callback(instance: Instance) -> None:
    with receiving(OK) as receiver:
        message = send(instance, lt_callbackurl=receiver.url())
        url, together = local(instance, message), threading.Barrier(50)

        def first(_: int) -> int:
            together.wait()
            return click(url).status_code

        with ThreadPoolExecutor(50) as pool:
            assert list(pool.map(first, range(50))) == [302] * 50
        until(lambda: state(instance, message) == "delivered")
        told = report(instance, message)
        assert told["clicks"]["total"] == 50  # type: ignore[index]
        assert receiver.calls == 1
        earliest = min(entry["clicked_on"] for entry in told["clicks"]["newest"])  # type: ignore[index]
        assert told["link_tracking"]["accessed_on"] >= earliest  # type: ignore[index]


def test_visitors_with_open_connections_block_no_other(instance: Instance) -> None:
    url = local(instance, send(instance))
    with contextlib.ExitStack() as stack:
        for _ in range(50):  # more than there are threads
            browser = stack.enter_context(requests.Session())
            answer = browser.get(url, headers={"User-Agent": BROWSER}, allow_redirects=False, timeout=WITHIN)
            assert answer.status_code == 302


def test_glued_text_and_dead_links_pass_the_server(instance: Instance) -> None:
    message = send(instance)
    glued = click(local(instance, message) + "%E3%81%A7%0A")
    assert (glued.status_code, glued.headers["Location"]) == (302, TARGET)
    dead = requests.get(f"{instance.url}/AAAAAAAAAA", headers={"Accept-Language": "ja"}, timeout=WITHIN)
    assert (dead.status_code, dead.headers["Content-Language"]) == (404, "ja")
    head = requests.head(f"{instance.url}/AAAAAAAAAA", headers={"Accept-Language": "ja"}, timeout=WITHIN)
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (404, b"", str(len(dead.content)))


def test_the_visitors_network_is_that_of_the_connection(instance: Instance) -> None:
    message = send(instance)
    click(local(instance, message))
    [stored] = report(instance, message)["clicks"]["newest"]  # type: ignore[index]
    assert stored["network"] == "127.0.0.0/24"


def test_a_retry_has_the_same_bytes_and_id(instance: Instance) -> None:
    def second_time_lucky(call: Call) -> None:
        call.say(OK if len(receiver.requests) > 1 else b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    with receiving(second_time_lucky) as receiver:
        message = send(instance, lt_callbackurl=receiver.url())
        click(local(instance, message))
        until(lambda: state(instance, message) == "delivered")
    (first, first_body), (second, second_body) = map(parsed, receiver.requests)
    assert (first["webhook-id"], first_body) == (second["webhook-id"], second_body)
    attempts = report(instance, message)["callback"]["attempts"]  # type: ignore[index]
    assert [(attempt["number"], attempt["status"]) for attempt in attempts] == [(1, 503), (2, 200)]


def test_a_failing_receiver_exhausts_its_callback(instance: Instance) -> None:
    with receiving(b"HTTP/1.1 204 No Content\r\n\r\n") as receiver:
        message = send(instance, lt_callbackurl=receiver.url())
        click(local(instance, message))
        until(lambda: state(instance, message) == "exhausted")
    attempts = report(instance, message)["callback"]["attempts"]  # type: ignore[index]
    assert len(attempts) == 3
    assert attempts[0]["detail"] == "answered 204; only 200 counts as delivered"


def test_a_separate_worker_delivers_callbacks(database_url: str) -> None:
    settings = {**SETTINGS, "database_url": database_url}
    with receiving(OK) as receiver, running("shop", worker="off", **settings) as instance:
        message = send(instance, lt_callbackurl=receiver.url())
        click(local(instance, message))
        assert state(instance, message) == "pending"
        with worker(settings):
            until(lambda: state(instance, message) == "delivered")
        assert receiver.calls == 1


def test_what_sigterm_interrupts_is_delivered_by_the_next_start(database_url: str) -> None:
    settings = {**SETTINGS, "database_url": database_url, "callback_timeout": "2"}
    asked = threading.Event()

    def silent_at_first(call: Call) -> None:
        if asked.is_set():
            call.say(OK)
        else:
            asked.set()
            call.hang()

    with receiving(silent_at_first) as receiver:
        with running("shop", **settings) as instance:
            message = send(instance, lt_callbackurl=receiver.url())
            click(local(instance, message))
            until(asked.is_set)
        with worker(settings):
            until(lambda: len(receiver.requests) > 1)
    (first, _), (second, body) = map(parsed, receiver.requests)
    assert first["webhook-id"] == second["webhook-id"]
    assert json.loads(body)["data"]["msgid"] == message["msgid"]


@contextmanager
def worker(settings: dict[str, str]) -> Iterator[None]:
    """`shortener worker`, which must stop cleanly on SIGTERM."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    process = subprocess.Popen(command, cwd=ROOT, env=environ_of(**settings))
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(WITHIN) == 0


@pytest.mark.parametrize(
    "shape",
    [
        {"Cookie": "a=" + "b" * 8_300},
        {"Cookie": "; ".join(f"name{number}={'b' * 300}" for number in range(100))},
        {"Referer": f"https://mail.example.com/?{'x' * 9_000}"},
        {f"X-Header-{number}": "x" * 100 for number in range(90)},
        {"User-Agent": BROWSER + " (x)" * 3_000},
    ],
    ids=["cookie", "cookies", "referer", "headers", "agent"],
)
def test_a_long_head_does_not_cost_the_redirect(instance: Instance, shape: dict[str, str]) -> None:
    url = local(instance, send(instance))
    for query in ("", "?" + "x" * 4_200, "?" + "x" * 30_000):
        headers = {"User-Agent": BROWSER, **shape}
        answer = requests.get(url + query, headers=headers, allow_redirects=False, timeout=WITHIN)
        assert (answer.status_code, answer.headers["Location"]) == (302, TARGET)
