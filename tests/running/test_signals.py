"""Signals that are received without a lock, and how a process reacts."""

import os
import runpy
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from bench.instance import ROOT
from shortener.running.serve import Interrupt
from shortener.running.signals import SIGNALS, SignalPipe
from tests.support import databases
from tests.support.waiting import WITHIN


@pytest.fixture
def pipe() -> Iterator[SignalPipe]:
    """A pipe for the signals of a test."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    made = SignalPipe()
    made.listen(*SIGNALS)
    yield made
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def gunicorn_hooks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_template: Path) -> dict[str, Any]:
    """What gunicorn's configuration defines."""
    monkeypatch.setenv("SHORTENER_DATA", str(tmp_path))
    monkeypatch.setenv("SHORTENER_DATABASE_URL", databases.copy_sqlite(sqlite_template, tmp_path))
    return runpy.run_path(str(ROOT / "gunicorn.conf.py"))


def test_gunicorn_handles_all_signals_like_sigterm(gunicorn_hooks: dict[str, Any]) -> None:
    worker = SimpleNamespace(handle_exit=object(), handle_quit=object())
    gunicorn_hooks["post_fork"](None, worker)
    assert worker.handle_quit is worker.handle_exit


def test_gunicorn_ends_with_its_first_reason(gunicorn_hooks: dict[str, Any]) -> None:
    """Two workers cannot start, and the second one ends while gunicorn is ending."""

    def reap() -> None:
        raise HaltServer("App failed to load.", Arbiter.APP_LOAD_ERROR)

    server = SimpleNamespace(reap_workers=reap)
    gunicorn_hooks["keep_first_reason"](server)
    with pytest.raises(HaltServer):
        server.reap_workers()
    server.reap_workers()


def test_signals_arrive_in_order(pipe: SignalPipe) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)
        assert pipe.wait(WITHIN) == bytes([number])
    pipe.note(signal.SIGQUIT)
    pipe.note(signal.SIGCHLD)
    assert pipe.wait(WITHIN) == bytes([signal.SIGQUIT])
    assert pipe.wait(0) == b""


def test_signals_of_other_threads_arrive(pipe: SignalPipe) -> None:
    """The main thread waits for a lock, so its handler cannot run."""
    lock, told = threading.Lock(), threading.Event()
    lock.acquire()

    def hear() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        if pipe.wait(WITHIN):
            told.set()
        lock.release()

    threading.Thread(target=hear, daemon=True).start()
    assert lock.acquire(timeout=WITHIN)
    assert told.is_set()


def test_a_full_pipe_is_no_error() -> None:
    pipe = SignalPipe()
    for _ in range(100_000):
        pipe.note(signal.SIGTERM)
    assert pipe.wait(WITHIN)


def test_granians_loop_wakes_from_handler_and_thread(pipe: SignalPipe) -> None:
    due: list[bool] = []
    interrupt = Interrupt(lambda: bool(due))

    def set_it(*_: object) -> None:
        due.append(True)
        interrupt.set()

    assert not interrupt.wait(0.01)
    setting = threading.Timer(0.05, set_it)
    setting.start()
    assert interrupt.wait(WITHIN)
    interrupt.clear()
    assert interrupt.wait(0)
    due.clear()
    assert not interrupt.wait(0.01)
    before = signal.signal(signal.SIGTERM, set_it)
    killing = threading.Timer(0.05, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM))
    killing.start()
    assert interrupt.wait(WITHIN)
    signal.signal(signal.SIGTERM, before)
