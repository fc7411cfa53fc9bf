"""Measure what Litestream costs and what a lost disk loses: the product on SQLite under load, with it and without.

    .venv/bin/python bench/litestream.py --rounds 3 --seconds 10

Each round loads an instance without Litestream and one with it: senders submit a message, then click its link. At the
end of the second, everything is killed, the data folder is deleted, and the database is restored from the replica. What
is missing of the answered messages was lost. Exits with 1 if a message is missing that was answered before one that is
there. docs/operate/litestream.md says more.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.instance import environ_of, free_port, serving, with_account  # noqa: E402
from bench.load import BROWSERS  # noqa: E402

PROGRAM = Path(sys.executable).with_name("litestream")
DOCUMENT = ROOT / "docs" / "operate" / "litestream.md"
DATABASE = "shortener.sqlite3"
SENDERS = 4
MESSAGE = json.dumps({"message": "See https://example.com/x", "lt_callbackurl": "http://receiver.example.com/"})


@dataclass
class Answered:
    """What was answered: each message with the time and the shortlink, oldest first, and durations in seconds."""

    messages: list[tuple[str, float, str]] = field(default_factory=list)
    submissions: list[float] = field(default_factory=list)
    clicks: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Load:
    """What was answered, the bytes of SQLite's log, the seconds of it that are lost with the disk, and `has_gap`."""

    answered: list[Answered]
    log_bytes: int
    lost: float | None = None
    has_gap: bool = False


def configuration(database: Path, replica: Path) -> str:
    """Return the configuration file of the documentation, for another database and replica."""
    text = DOCUMENT.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    return text.replace("/opt/shortener/data/shortener.sqlite3", str(database)).replace(
        "/mnt/backup/shortener", str(replica)
    )


@contextmanager
def replicating(folder: Path, data: Path, replica: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run Litestream; yield it when the replica has a first copy. It is killed at the end."""
    file = folder / "litestream.yml"
    file.write_text(configuration(data / DATABASE, replica))
    with (folder / "litestream.log").open("ab") as log:
        program = subprocess.Popen([PROGRAM, "replicate", "-config", file], stdout=log, stderr=log)
        try:
            _wait(program, replica, folder / "litestream.log")
            yield program
        finally:
            program.kill()
            program.wait()


def _wait(program: subprocess.Popen[bytes], replica: Path, log: Path) -> None:
    ends = time.monotonic() + 30
    while not any(replica.rglob("*.ltx")):
        if program.poll() is not None or time.monotonic() > ends:
            raise RuntimeError(f"Litestream does not replicate:\n{log.read_text()}")
        time.sleep(0.05)


def restored(replica: Path, target: Path) -> Path:
    """Restore the newest state of a replica into a new file."""
    command = [PROGRAM, "restore", "-o", str(target), f"file://{replica}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return target


def msgids(database: Path) -> set[str]:
    """Return the ids of all messages in a database."""
    with closing(sqlite3.connect(database)) as connection:
        return {msgid for (msgid,) in connection.execute("SELECT msgid FROM message")}


def send(address: str, token: str, done: threading.Event, answered: Answered) -> None:
    """Submit messages and click their links one after another, until told to stop or the server is gone."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        while not done.is_set():
            began = time.monotonic()
            connection.request("POST", "/v1/messages", MESSAGE, headers)
            message = json.loads(connection.getresponse().read())
            ended = time.monotonic()
            link = message["link_tracking"]["shortlink"]
            answered.messages.append((message["msgid"], ended, link))
            connection.request("GET", urlsplit(link).path, headers={"User-Agent": BROWSERS[0]})
            connection.getresponse().read()
            answered.submissions.append(ended - began)
            answered.clicks.append(time.monotonic() - ended)
    except (OSError, http.client.HTTPException, ValueError):  # the server was killed
        if not done.is_set():
            raise
    finally:
        connection.close()


def loaded(folder: Path, seconds: float, *, replicated: bool) -> Load:
    """Load an instance; with Litestream, lose its disk at the end and restore it."""
    data, replica, address = folder / "data", folder / "replica", f"127.0.0.1:{free_port()}"
    data.mkdir(parents=True)
    environ = environ_of(data=data, bind=address, processes=2)
    token = with_account(environ, "shop")["token"]
    answered, done = [Answered() for _ in range(SENDERS)], threading.Event()
    threads = [threading.Thread(target=send, args=(address, token, done, one)) for one in answered]
    with serving(environ, folder / "log", address) as server:
        if not replicated:
            _run(threads, seconds)
            done.set()
            _join(threads)
            return Load(answered, _log_of(data))
        with replicating(folder, data, replica) as program:
            _run(threads, seconds)
            log_bytes = _log_of(data)
            done.set()
            program.kill()
            os.killpg(server.pid, signal.SIGKILL)
            killed = time.monotonic()
            _join(threads)
    shutil.rmtree(data)
    return Load(answered, log_bytes, *_missing(answered, msgids(restored(replica, folder / "restored")), killed))


def _log_of(data: Path) -> int:
    """Return the size of SQLite's log, which shrinks only beyond 16 MiB."""
    return (data / f"{DATABASE}-wal").stat().st_size


def _run(threads: list[threading.Thread], seconds: float) -> None:
    for thread in threads:
        thread.start()
    time.sleep(seconds)


def _join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


def _missing(answered: list[Answered], found: set[str], killed: float) -> tuple[float, bool]:
    """Return how long before the end the oldest lost message was answered, and whether a younger one is there."""
    lost = [at for one in answered for msgid, at, _ in one.messages if msgid not in found]
    # Answers of one commit reach their senders in any order, so each sender is looked at alone.
    gaps = any(has_gap([msgid in found for msgid, _, _ in one.messages]) for one in answered)
    return max(0.0, killed - min(lost, default=killed)), gaps


def has_gap(there: list[bool]) -> bool:
    """Whether something is there after something that is missing."""
    return False in there and True in there[there.index(False) :]


def main() -> int:
    """Print a line for each load; return 1 if something is missing before what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    given, faults = parser.parse_args(), 0
    for _ in range(given.rounds):
        for replicated in (False, True):
            with tempfile.TemporaryDirectory(prefix="shortener-") as folder:
                load = loaded(Path(folder), given.seconds, replicated=replicated)
            faults += load.has_gap
            print(_line(load), flush=True)
    return 1 if faults else 0


def _line(load: Load) -> str:
    kind = "without Litestream" if load.lost is None else "with Litestream   "
    parts = [
        f"{name} {_milliseconds([each for one in load.answered for each in getattr(one, name)])}"
        for name in ("submissions", "clicks")
    ]
    lost = [] if load.lost is None else [f"lost the last {load.lost:.1f} s"]
    return f"{kind}: {'; '.join([*parts, f'log {load.log_bytes / 2**20:.1f} MiB', *lost])}"


def _milliseconds(durations: list[float]) -> str:
    cuts = statistics.quantiles(durations, n=100)
    shown = (("median", cuts[49]), ("p99", cuts[98]), ("max", max(durations)))
    return ", ".join([str(len(durations)), *(f"{name} {value * 1e3:.0f} ms" for name, value in shown)])


if __name__ == "__main__":
    sys.exit(main())
