"""SIGTERM during work: nothing new starts, running work ends or is returned, and nothing is lost."""

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from shortener.config.settings import Settings
from shortener.running.services import services
from tests.support.delivering import outcomes, states
from tests.support.factories import Sender, make_message, slug_of
from tests.support.process_overrides import Overrides
from tests.support.processes import Harness, Node, harness
from tests.support.servers import OK, Call, receiving
from tests.support.waiting import WITHIN, until

SETTINGS = {
    "secret_key": "k" * 40,
    "public_url": "https://s.example.com",
    "callback_allow_nets": "127.0.0.0/8",
    "callback_timeout": "3",
    "callback_waits": "300",
}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, data=tmp_path, **SETTINGS)  # type: ignore[arg-type]


@pytest.fixture
def processes(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Harness]:
    """Processes on the database of `app`; the application itself runs no loops."""
    with harness({**SETTINGS, "database_url": database_url, "data": str(tmp_path)}, tmp_path / "harness") as made:
        yield made


def clicked(sender: Sender, url: str, web: Node) -> None:
    assert web.status(f"/{slug_of(make_message(sender, lt_callbackurl=url).link)}") == 302


@pytest.mark.parametrize("role", ["gunicorn", "granian", "worker"])
def test_sigterm_begins_nothing_new_and_lets_what_runs_end(processes: Harness, sender: Sender, role: str) -> None:
    due = threading.Event()

    def slow(call: Call) -> None:
        due.wait(WITHIN)
        call.say(OK)

    with receiving(slow) as receiver, receiving(OK) as quick:
        clicks = processes.web(worker="off")
        stopping = processes.worker() if role == "worker" else processes.web(server=role)
        clicked(sender, receiver.url(), clicks)
        until(lambda: len(receiver.requests) == 1)
        stopping.send(signal.SIGTERM)
        until(processes.is_stopping)
        clicked(sender, quick.url(), clicks)
        due.set()
        assert stopping.exit_code() == 0
        assert (states(), outcomes(), quick.requests) == (["delivered", "pending"], ["delivered"], [])
        processes.worker()
        until(lambda: states() == ["delivered"] * 2)


@pytest.mark.parametrize("role", ["gunicorn", "granian", "worker"])
def test_a_silent_receiver_does_not_delay_the_end(processes: Harness, sender: Sender, role: str) -> None:
    with receiving(Call.hang) as receiver:
        clicks = processes.web(worker="off")
        stopping = processes.worker() if role == "worker" else processes.web(server=role)
        clicked(sender, receiver.url(), clicks)
        until(lambda: len(receiver.requests) == 1)
        stopping.send(signal.SIGTERM)
        assert stopping.exit_code() == 0
        assert (states(), outcomes()) == (["pending"], ["timeout"])  # recorded, and due again after its wait


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_a_stopping_process_claims_nothing_more(processes: Harness, sender: Sender, server: str) -> None:
    with receiving(OK) as receiver:
        clicks = processes.web(worker="off")
        stopping = processes.web(server=server)
        host, port = stopping.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=WITHIN) as slow:
            slow.sendall(b"POST /v1/messages HTTP/1.1\r\nHost: s.example.com\r\nContent-Type: application/json\r\n")
            slow.sendall(
                f"Content-Length: 99\r\nAuthorization: Bearer {sender.token}\r\nExpect: 100-continue\r\n\r\n{{".encode()
            )
            assert b"100" in slow.recv(64)  # a worker holds it
            stopping.send(signal.SIGTERM)
            until(processes.is_stopping)
            assert not stopping.died()
            clicked(sender, receiver.url(), clicks)
        assert stopping.exit_code() == 0
        assert (states(), receiver.requests) == (["pending"], [])


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_a_terminal_ends_the_processes_in_order(processes: Harness, server: str) -> None:
    """Each worker process gets the signal twice: from the terminal and from its parent."""
    stopping = processes.web(server=server)
    os.killpg(stopping.pid, signal.SIGTERM)
    assert stopping.exit_code() == 0
    assert "Traceback" not in stopping.log.read_text()


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_ctrl_c_during_the_start_ends_it(processes: Harness, server: str) -> None:
    moments = moments_of(server)
    for _ in range(8):
        stopping = processes.spawn_web(Overrides(traced=False), server=server, processes="2")
        until(stopping.has_a_group)
        time.sleep(moments.uniform(0, 1.5))
        stopping.interrupt()
        ends_whole(stopping)


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_a_signal_during_the_fork_ends_a_process(processes: Harness, server: str) -> None:
    stopping = processes.spawn_web(Overrides(signalled_in_fork=True), server=server)
    seen: set[int] = set()

    def is_replaced() -> bool:
        seen.update(stopping.children())
        return len(seen) > 1

    until(is_replaced)


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_no_process_survives_its_killed_parent(processes: Harness, server: str) -> None:
    """The parent ends before its child has the application."""
    killed = processes.spawn_web(server=server)
    until(lambda: killed.has_a_group() and bool(killed.children()))
    killed.send(signal.SIGKILL)
    killed.process.join(WITHIN)
    until(lambda: not killed.has_a_group())


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_ctrl_c_at_any_moment_under_load_ends_it(processes: Harness, sender: Sender, server: str) -> None:
    moments = moments_of(server)
    paths = [f"/{slug_of(make_message(sender).link)}" for _ in range(20)]
    for _ in range(8):
        stopping = processes.web(Overrides(traced=False), server=server, processes="2")
        with ThreadPoolExecutor(4) as pool:
            clicks = [pool.submit(stopping.status, path) for path in paths * 5]
            time.sleep(moments.uniform(0, 0.3))
            stopping.interrupt()
            for click in clicks:
                click.cancel()
        ends_whole(stopping)


def moments_of(server: str) -> random.Random:
    if services().readers.dialect != "sqlite":
        pytest.skip("which database it is does not matter to signals")
    return random.Random(server)


def ends_whole(node: Node) -> None:
    """Within the grace time, together with its child processes."""
    assert node.exit_code() in {0, 1, -signal.SIGINT}  # 1, or the signal, if it came before the handler was installed
    until(lambda: not node.has_a_group())


@pytest.mark.parametrize("role", ["gunicorn", "granian", "worker"])
def test_the_second_ctrl_c_gives_attempts_back_at_once(processes: Harness, sender: Sender, role: str) -> None:
    patient = {"callback_timeout": "60"}
    with receiving(Call.hang) as receiver:
        clicks = processes.web(worker="off")
        stopping = processes.worker(**patient) if role == "worker" else processes.web(server=role, **patient)
        clicked(sender, receiver.url(), clicks)
        until(lambda: len(receiver.requests) == 1)
        stopping.interrupt()
        until(lambda: "a second Ctrl-C ends it at once" in stopping.log.read_text())
        assert "1 callback in flight" in stopping.log.read_text()
        stopping.interrupt()
        assert stopping.exit_code() == 0
        assert "stopping at once" in stopping.log.read_text()
        assert (states(), outcomes()) == (["pending"], ["interrupted"])


def test_sigusr2_passes_the_socket_to_a_new_gunicorn(processes: Harness) -> None:
    old = processes.web()
    workers = set(old.children())
    old.send(signal.SIGUSR2)
    until(lambda: bool(set(old.children()) - workers))
    [new] = set(old.children()) - workers
    until(lambda: old.log.read_text().count("Booting worker") == 2)
    old.send(signal.SIGTERM)
    assert old.exit_code() == 0
    until(lambda: old.status("/healthz") == 200)
    os.kill(new, signal.SIGTERM)
    until(lambda: not old.has_a_group())


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_sighup_replaces_the_web_processes(processes: Harness, server: str) -> None:
    node = processes.web(server=server)
    before = set(node.children())
    node.send(signal.SIGHUP)
    until(lambda: bool(set(node.children())) and not before & set(node.children()))
    until(lambda: node.status("/healthz") == 200)
    node.send(signal.SIGTERM)
    assert node.exit_code() == 0


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_granian_says_which_signals_it_has_no_use_for(processes: Harness, number: signal.Signals) -> None:
    node = processes.web(server="granian")
    node.send(number)
    until(lambda: "SIGHUP replaces the web processes" in node.log.read_text())
    assert node.status("/healthz") == 200
