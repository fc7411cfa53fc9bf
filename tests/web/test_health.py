"""Health checks: alive is not ready, and ready is not without faults."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from shortener.running.services import Services
from shortener.storage import db


def unavailable(*_: object) -> None:
    raise OperationalError("", {}, Exception())


def test_a_living_process_touches_nothing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "read", unavailable)
    assert client.get("/livez").json == {"status": "ok"}


def test_a_process_is_ready_with_its_database(client: FlaskClient) -> None:
    assert client.get("/readyz").json == {"status": "ok", "clicks": "stored"}


def test_a_process_is_ready_with_its_spool(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert services.recorder.fault() is None
    monkeypatch.setattr(db, "check", unavailable)
    assert client.get("/readyz").json == {"status": "ok", "clicks": "spooled"}
    assert client.get("/healthz").status_code == 503


def test_nobody_is_ready_without_both(client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "check", unavailable)
    monkeypatch.setattr(services.recorder, "fault", lambda: "the disk is full")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json and answer.json["code"]) == (503, "no_spool")
    assert "the disk is full" in answer.text
