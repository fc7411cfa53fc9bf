"""What `kill -9` does to messages for a vendor's API: none goes out twice, and a lost question is asked again.

tests/end_to_end/test_sending_crashes.py has the same for Kannel, with every point of a hand-over.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from shortener.config.settings import Settings
from tests.end_to_end.test_sending_crashes import post
from tests.support.crash_points import Point
from tests.support.factories import Sender
from tests.support.hand_overs import message, outcomes, sending
from tests.support.process_overrides import Overrides
from tests.support.processes import Harness, harness
from tests.support.servers import Call, Receiver, receiving
from tests.support.waiting import until

QUICK = Overrides(doubt=1.0, kannel_timeout=2.0, ask_after=0.1)  # the lease lasts 2.5 s
PATIENT = Overrides(doubt=1.0, kannel_timeout=30.0, ask_after=0.1)


class Api:
    """Answers as the vendor does: takes each message, and says that each is delivered."""

    def __init__(self) -> None:
        self.server: Receiver
        self.status = "DELIVERED"

    def __call__(self, call: Call) -> None:
        asks = self.server.requests[-1].startswith(b"GET ")
        body = json.dumps({"status": self.status} if asks else [{"msgid": f"V{len(self.given())}"}])
        call.say(f"HTTP/1.1 {200 if asks else 201} OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    def given(self) -> list[bytes]:
        """The messages that were handed over."""
        return [request for request in self.server.requests if request.startswith(b"POST ")]

    def asked(self) -> list[bytes]:
        """The questions."""
        return [request for request in self.server.requests if request.startswith(b"GET ")]


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    with receiving(made) as made.server:
        yield made


@pytest.fixture
def values(api: Api, database_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "database_url": database_url,
        "data": str(tmp_path),
        "secret_key": "k" * 40,
        "public_url": "https://s.example.com",
        "gateway": "xoxzo",
        "gateway_urls": f"xoxzo=http://SID:TOKEN@127.0.0.1:{api.server.port}",
    }


@pytest.fixture
def settings(values: dict[str, str]) -> Settings:
    return Settings(**values)  # type: ignore[arg-type]


@pytest.fixture
def processes(app: Flask, values: dict[str, str], tmp_path: Path) -> Iterator[Harness]:
    """Processes on the database of `app`; the application itself runs no loops."""
    with harness(values, tmp_path / "harness") as made:
        yield made


@pytest.mark.parametrize(("point", "posts"), [(Point.POST, 0), (Point.RECEIVED, 1), (Point.SETTLE_COMMITS, 1)])
def test_a_message_in_doubt_goes_out_once(
    app: Flask, processes: Harness, sender: Sender, api: Api, point: Point, posts: int
) -> None:
    message_id = post(app, sender)
    processes.arm(point)
    assert processes.worker(QUICK).exit_code() == -signal.SIGKILL
    processes.worker(PATIENT)
    until(lambda: sending(message_id).state == "held")
    assert message(message_id).state == "unknown"
    assert (outcomes(message_id), len(api.given())) == (["interrupted"], posts)


def test_a_question_that_was_cut_off_is_asked_again(app: Flask, processes: Harness, sender: Sender, api: Api) -> None:
    api.status = "DELIVERING"
    message_id = post(app, sender)
    first = processes.worker(QUICK)
    until(lambda: len(api.asked()) > 0)
    processes.arm(Point.RECEIVED)
    assert first.exit_code() == -signal.SIGKILL
    assert message(message_id).state == "sent"
    api.status = "DELIVERED"
    processes.worker(PATIENT)
    until(lambda: message(message_id).state == "delivered")
    assert (outcomes(message_id), len(api.given())) == (["taken"], 1)
    assert (sending(message_id).recipient, sending(message_id).ask_on) == (None, None)
