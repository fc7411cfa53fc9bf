"""A process that writes an export dies, freezes or is stopped: another one writes the file, which is never half there.

Real processes upload to a real S3 server, or write to a folder.
"""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from bench import seed_rows
from shortener.config.settings import Settings
from shortener.exports import attempt
from shortener.storage import db
from tests.support.factories import Sender
from tests.support.object_stores import ObjectStore, serving
from tests.support.process_overrides import Overrides
from tests.support.processes import Harness, harness
from tests.support.servers import Receiver, receiving
from tests.support.waiting import until

MESSAGES = 20_000  # a second of work or more
QUICK = Overrides(lease_margin=-13.0)  # a lease lasts 2 s instead of 45


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    with serving() as endpoint:
        yield endpoint


@pytest.fixture
def store(s3_endpoint: str) -> ObjectStore:
    return ObjectStore(s3_endpoint)


@pytest.fixture
def values(store: ObjectStore, database_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "database_url": database_url,
        "data": str(tmp_path),
        "secret_key": "k" * 40,
        "public_url": "https://s.example.com",
        **store.settings(),
    }


@pytest.fixture
def settings(values: dict[str, str]) -> Settings:
    return Settings(**values)  # type: ignore[arg-type]


@pytest.fixture
def processes(app: Flask, values: dict[str, str], tmp_path: Path) -> Iterator[Harness]:
    """Processes on the database of `app`; the application itself runs no loops."""
    with harness(values, tmp_path / "harness") as made:
        yield made


class Asked:
    """An export of many messages, as its account sees it."""

    def __init__(self, app: Flask, sender: Sender) -> None:
        with db.write() as session:
            seed_rows.fill(session, MESSAGES)
        self._client, self._headers = app.test_client(), sender.basic
        self.key = f"exports/{sender.sid}/all.csv"
        given = {"format": "csv", "name": "all.csv"}
        self._path = (
            f"/v1/exports/{self._client.post('/v1/exports', json=given, headers=self._headers).get_json()['id']}"
        )

    def report(self) -> dict[str, Any]:
        return dict(self._client.get(self._path, headers=self._headers).get_json())

    def outcomes(self) -> list[str]:
        return [one["outcome"] for one in self.report()["attempts"]]

    def is_written(self) -> bool:
        return self.report()["state"] == "delivered"

    def streamed(self) -> bytes:
        return self._client.get("/v1/messages/export?format=csv", headers=self._headers, buffered=True).data


@pytest.fixture
def asked(app: Flask, sender: Sender) -> Asked:
    return Asked(app, sender)


def test_a_killed_upload_is_written_again(processes: Harness, store: ObjectStore, asked: Asked) -> None:
    first = processes.worker(QUICK)
    until(lambda: store.uploads() == [asked.key] and asked.report()["rows"] > 0)
    first.kill()
    assert store.names() == []
    assert asked.report()["state"] == "attempting"
    processes.worker(QUICK)
    until(asked.is_written)
    assert store.read(asked.key) == asked.streamed()
    assert asked.outcomes() == ["interrupted", "delivered"]
    assert asked.report()["rows"] == MESSAGES
    assert store.uploads() == [asked.key]  # what a lifecycle rule removes


def test_a_frozen_process_writes_no_second_file(processes: Harness, store: ObjectStore, asked: Asked) -> None:
    first = processes.worker(QUICK)
    until(lambda: store.uploads() == [asked.key])
    first.send(signal.SIGSTOP)
    processes.worker(QUICK)
    until(asked.is_written)
    written = store.read(asked.key)
    first.send(signal.SIGCONT)
    until(lambda: store.uploads() == [])  # it has noticed, and aborted
    first.send(signal.SIGTERM)
    assert first.exit_code() == 0
    assert store.read(asked.key) == written == asked.streamed()
    assert asked.outcomes()[1:] == ["delivered"]


def test_a_stopped_process_passes_the_export_on(processes: Harness, store: ObjectStore, asked: Asked) -> None:
    first = processes.worker()
    until(lambda: store.uploads() == [asked.key])
    processes.worker()
    first.send(signal.SIGTERM)
    assert first.exit_code() == 0
    [stopped, *_] = asked.report()["attempts"]
    assert stopped["detail"] == attempt.STOPPED
    until(asked.is_written)
    assert store.read(asked.key) == asked.streamed()
    assert store.uploads() == []


class TestInAFolder:
    @pytest.fixture
    def values(self, values: dict[str, str], tmp_path: Path) -> dict[str, str]:
        return {**values, "export_url": f"file://{tmp_path}/out", "export_options": ""}

    def test_a_killed_file_is_written_again(
        self, processes: Harness, asked: Asked, sender: Sender, tmp_path: Path
    ) -> None:
        folder = tmp_path / "out" / sender.sid
        first = processes.worker(QUICK)
        until(lambda: any(path.stat().st_size for path in folder.glob(".all.csv.*.part")))
        first.kill()
        assert not (folder / "all.csv").exists()
        processes.worker(QUICK)
        until(asked.is_written)
        assert [path.name for path in folder.iterdir()] == ["all.csv"]
        assert (folder / "all.csv").read_bytes() == asked.streamed()


class TestWithAHangingStorage:
    @pytest.fixture
    def hanging(self) -> Iterator[Receiver]:
        with receiving(lambda call: call.hang()) as receiver:
            yield receiver

    @pytest.fixture
    def values(self, values: dict[str, str], store: ObjectStore, hanging: Receiver) -> dict[str, str]:
        return {**values, "export_options": store.options.replace(store.endpoint, hanging.url(path=""))}

    def test_a_stop_does_not_wait_for_it(self, processes: Harness, asked: Asked, hanging: Receiver) -> None:
        first = processes.web()
        until(lambda: hanging.calls > 0)
        first.send(signal.SIGTERM)
        assert first.exit_code() == 0
        assert asked.report()["state"] == "pending"
