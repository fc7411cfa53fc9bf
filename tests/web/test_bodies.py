"""How many threads may wait for bodies: some threads always stay free for clicks."""

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from shortener.config.settings import Settings
from shortener.web import bodies
from tests.support.factories import Sender
from tests.support.waiting import until

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"threads": 4})


class Stalled:
    """A body that sends nothing until released."""

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()

    def read(self, size: int = -1) -> bytes:
        self.asked.set()
        assert self.let_go.wait(30)
        return b""


def environ(path: str, sender: Sender, body: Any) -> dict[str, Any]:
    headers = {**(sender.bearer if sender.token else {}), "Content-Length": "9"}
    kind = "application/json" if path.endswith("batch") else FORM
    made = EnvironBuilder(path=path, method="POST", content_type=kind, headers=headers).get_environ()
    return {**made, "wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_LENGTH": "9"}


@contextmanager
def stalled(app: Flask, sender: Sender, path: str) -> Iterator[list[str]]:
    body, statuses = Stalled(), list[str]()
    thread = threading.Thread(target=lambda: statuses.append(run_wsgi_app(app, environ(path, sender, body))[1]))
    thread.start()
    try:
        assert body.asked.wait(30)
        yield statuses
    finally:
        body.let_go.set()
        thread.join()


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/batch", "/dashboard/sign-in"])
def test_a_body_too_many_is_refused_for_a_moment(app: Flask, sender: Sender, path: str) -> None:
    second = "/v1/messages" if path.startswith("/v1") else path
    with stalled(app, sender, "/v1/messages"), stalled(app, sender, second) as statuses:
        _, status, headers = run_wsgi_app(app, environ(path, sender, Stalled()))
        assert (status, headers["Retry-After"]) == ("503 SERVICE UNAVAILABLE", "5")
        assert not statuses
    body = Stalled()
    body.let_go.set()
    assert run_wsgi_app(app, environ(path, sender, body))[1] != "503 SERVICE UNAVAILABLE"


def test_a_body_waits_for_quick_ones(app: Flask, sender: Sender) -> None:
    body = Stalled()
    body.let_go.set()
    with stalled(app, sender, "/v1/messages"), contextlib.ExitStack() as stack:
        stack.enter_context(stalled(app, sender, "/v1/messages"))
        threading.Timer(0.1, stack.close).start()
        assert run_wsgi_app(app, environ("/v1/messages", sender, body))[1] == "400 BAD REQUEST"


def test_a_body_does_not_wait_for_slow_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    places = bodies._Slots(2, patience=600)
    assert places.take("slow")
    assert places.take("quick")
    monkeypatch.setattr(bodies, "SLOW_AFTER", 0.0)
    assert not places.take("another")


@pytest.mark.parametrize("path", ["/dashboard/sign-in", "/sms/json"])
def test_strangers_leave_places_to_senders(app: Flask, sender: Sender, path: str) -> None:
    """A vendor's credentials may be in the body: who they belong to is known only when it has been read."""
    body = Stalled()
    body.let_go.set()
    stranger = Sender("", "", "", "")
    with stalled(app, stranger, path):
        assert run_wsgi_app(app, environ(path, stranger, Stalled()))[1] == "503 SERVICE UNAVAILABLE"
        assert run_wsgi_app(app, environ("/v1/messages", sender, body))[1] == "400 BAD REQUEST"


def test_a_late_body_is_ended(app: Flask, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(bodies, "FIRST_BYTES_WITHIN", 0.1)
    monkeypatch.setattr(bodies, "CHECK_EVERY", 0.1)
    monkeypatch.setattr(bodies, "_abort_of", lambda environ: ended.set)
    with stalled(app, sender, "/v1/messages"):
        until(ended.is_set)


def test_a_request_without_a_body_takes_no_place(app: Flask, sender: Sender) -> None:
    with stalled(app, sender, "/v1/messages"), stalled(app, sender, "/v1/messages"):
        assert app.test_client().get("/v1/messages", headers=sender.bearer).status_code == 200
