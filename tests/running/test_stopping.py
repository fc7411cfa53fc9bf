"""Signals that are heard without a lock, and what a process does about them."""

import os
import runpy
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.instance import ROOT
from shortener.running.serve import Interrupt
from shortener.running.stopping import SIGNALS, Heard
from tests.support.waiting import WITHIN


@pytest.fixture
def heard() -> Iterator[Heard]:
    """What hears the signals of the tests, which are silent otherwise."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    made = Heard()
    made.listen(*SIGNALS)
    yield made
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_gunicorn_handles_every_end_alike_and_without_a_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHORTENER_DATA", str(tmp_path))
    worker = SimpleNamespace(handle_exit=object(), handle_quit=object())
    runpy.run_path(str(ROOT / "gunicorn.conf.py"))["post_fork"](SimpleNamespace(SIG_QUEUE=None), worker)
    assert worker.handle_quit is worker.handle_exit


def test_signals_are_heard_in_their_order(heard: Heard) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)
        assert heard.wait(WITHIN) == bytes([number])
    heard.note(signal.SIGQUIT)
    heard.note(signal.SIGCHLD)
    assert heard.wait(WITHIN) == bytes([signal.SIGQUIT])
    assert heard.wait(0) == b""


def test_a_signal_is_heard_that_another_thread_gets(heard: Heard) -> None:
    """The main thread waits for a lock meanwhile, and its handler has no turn."""
    lock, told = threading.Lock(), threading.Event()
    lock.acquire()

    def hear() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        if heard.wait(WITHIN):
            told.set()
        lock.release()

    threading.Thread(target=hear, daemon=True).start()
    assert lock.acquire(timeout=WITHIN)
    assert told.is_set()


def test_more_signals_than_anybody_reads_are_no_error() -> None:
    heard = Heard()
    for _ in range(100_000):
        heard.note(signal.SIGTERM)
    assert heard.wait(WITHIN)


def test_granians_loop_wakes_from_handler_and_thread(heard: Heard) -> None:
    interrupt = Interrupt()
    assert not interrupt.wait(0.01)
    setting = threading.Timer(0.05, interrupt.set)
    setting.start()
    assert interrupt.wait(WITHIN)
    interrupt.clear()
    before = signal.signal(signal.SIGTERM, lambda *_: interrupt.set())
    killing = threading.Timer(0.05, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM))
    killing.start()
    assert interrupt.wait(WITHIN)
    signal.signal(signal.SIGTERM, before)
