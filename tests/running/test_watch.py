"""What a process says about itself: only once it serves, and without waiting for a database that is away."""

import threading
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shortener.reporting import installation_numbers
from shortener.reporting.installation_numbers import InstallationNumbers
from shortener.running import watch
from shortener.running.services import Services
from shortener.telemetry.metrics import book, connections_most, processes


def value(family: object) -> float:
    place = book.families.index(family)  # type: ignore[arg-type]
    return next(iter(book.families[place].series(book.numbers.own)))[1][0]


def test_only_a_process_that_serves_is_counted(services: Services) -> None:
    processes.set(0)
    services.watch.work()
    assert value(processes) == 0
    services.watch.begin()
    services.watch.stop(grace=30)
    assert value(processes) == 1
    assert value(connections_most) == services.readers.counts()[2] > services.settings.threads
    processes.set(0)


def test_numbers_are_read_once_in_ten_seconds(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    first = services.watch.numbers()
    monkeypatch.setattr(installation_numbers, "read", lambda _: pytest.fail("read again"))
    assert services.watch.numbers() is first is not None


def test_numbers_are_none_without_a_database(app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(installation_numbers, "read", fail)
    assert services.watch.numbers() is None


def test_numbers_do_not_wait_for_a_hanging_database(
    app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, read = threading.Event(), installation_numbers.read

    def hang(session: Session) -> InstallationNumbers:
        hangs.wait()
        return read(session)

    for module, name, value in ((installation_numbers, "read", hang), (watch, "PATIENCE", 0.01), (watch, "FRESH", 0.0)):
        monkeypatch.setattr(module, name, value)
    assert services.watch.numbers() is None
    assert services.watch.numbers() is None
    assert [one.name for one in threading.enumerate()].count("numbers") == 1
    hangs.set()
    monkeypatch.setattr(watch, "PATIENCE", 60.0)
    assert services.watch.numbers() is not None


def test_a_spool_that_cannot_be_read_is_no_error(services: Services, tmp_path: Path) -> None:
    assert services.spool_counts() == (0, 0)
    services.recorder.counts = lambda: (_ for _ in ()).throw(OSError())  # type: ignore[method-assign]
    assert services.spool_counts() is None
