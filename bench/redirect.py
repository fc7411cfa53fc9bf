"""How fast clicks are answered and stored, as a share of what the same server does with a bare WSGI callable.

Starts a bare callable and the product under the same server on one processor, and loads them in turn from another with
wrk (`apt-get install wrk`). After each run of clicks it counts the rows: what was answered must be stored, a first
click with `accessed_on` and callback. Two shares are given: of the bare callable's requests a second, and of the
processor time that it needs for one, which a busy machine disturbs less. Example:

    python bench/redirect.py --rounds 5 --seconds 5
"""

import argparse
import contextlib
import datetime as dt
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from bench.instance import free_port, running
from shortener import create_app, db
from shortener.config import Settings
from shortener.models import Account, Base, Callback, Click, Link, Message
from shortener.services import services

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
BARE = """
def app(environ, start_response):
    start_response("302 Found", [("Location", "https://shop.example.com/"), ("Content-Length", "0")])
    return []
"""
LUA = """
local paths, at = {}, 0
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
request = function() at = at % #paths + 1; return wrk.format(os.getenv("METHOD"), paths[at]) end
"""
UNKNOWN = "AAAAAAAAAA"
SECRET_KEY = "k" * 40
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Run:
    """One run of wrk: requests a second, latencies and processor time (both in ms), answers, and those not 302."""

    rate: float
    p50: float
    p99: float
    cpu: float
    answered: int
    others: int


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is reached, and its processes."""

    url: str
    processes: Sequence[int]


def main() -> None:
    """Measure and print the table."""
    args = _arguments()
    with tempfile.TemporaryDirectory(prefix="shortener-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        url = args.database_url or f"sqlite:///{folder}/bench.sqlite3"
        os.sched_setaffinity(0, {args.server_cpu})  # what is started from here inherits it
        product = _started(lambda: stack.enter_context(_product(url, args)))
        bare = _started(lambda: stack.enter_context(_bare(folder, args)))
        os.sched_setaffinity(0, {args.load_cpu})
        with create_app(Settings(database_url=url, secret_key=SECRET_KEY, data=folder)).app_context():
            bench = Bench(folder, args, bare, product)
            for _ in range(args.rounds):
                bench.round()
            bench.print()


class Bench:
    """The runs, one kind after the other in each round, and their table."""

    def __init__(self, folder: Path, args: argparse.Namespace, bare: Server, product: Server) -> None:
        self._folder, self._args, self._bare, self._product = folder, args, bare, product
        self._runs: dict[str, list[Run]] = {}
        self._lone: list[float] = []

    def round(self) -> None:
        """Run everything once, on links of its own."""
        fresh = _make_links(self._args.links)
        self._run("bare", self._bare, [UNKNOWN])
        self._run("unknown slug", self._product, [UNKNOWN])
        self._run("HEAD", self._product, fresh, "HEAD")
        first = self._clicks("first clicks", fresh, first=True)
        self._clicks("repeated, one link", fresh[:1])
        self._clicks("repeated, spread", fresh[: first.answered])
        self._lone += _alone(self._product.url, _make_links(self._args.lone))

    def print(self) -> None:
        """Print medians over the rounds, with the least and the most."""
        head = ("", "requests/s", "least to most", "of bare", "by CPU", "CPU ms", "p50 ms", "p99 ms")
        print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
        for name, runs in self._runs.items():
            pairs = list(zip(runs, self._runs["bare"], strict=True))
            rates = [run.rate for run in runs]
            cells = [name, f"{statistics.median(rates):.0f}", f"{min(rates):.0f} to {max(rates):.0f}"]
            cells += [f"{statistics.median(run.rate / bare.rate for run, bare in pairs):.2f}"]
            cells += [f"{statistics.median(bare.cpu / run.cpu for run, bare in pairs):.2f}"]
            cells += [f"{statistics.median(run.cpu for run in runs):.2f}"]
            cells += [
                f"{statistics.median(values):.1f}" for values in zip(*((r.p50, r.p99) for r in runs), strict=True)
            ]
            print(f"| {' | '.join(cells)} |")
        median, worst = statistics.median(self._lone), statistics.quantiles(self._lone, n=100)[98]
        print(f"\nFirst clicks one at a time over one connection: median {median:.2f} ms, p99 {worst:.2f} ms")

    def _clicks(self, name: str, slugs: Sequence[str], *, first: bool = False) -> Run:
        before = _counts()
        run = self._run(name, self._product, slugs)
        _check(run, [new - old for old, new in zip(before, _counts(), strict=True)], first=first)
        return run

    def _run(self, name: str, server: Server, slugs: Sequence[str], method: str = "GET") -> Run:
        paths, script = self._folder / "paths", self._folder / "wrk.lua"
        paths.write_text("".join(f"/{slug}\n" for slug in slugs))
        script.write_text(LUA)
        command = ["wrk", "-t1", f"-c{self._args.connections}", f"-d{self._args.seconds}s", "--timeout", "10s"]
        command += ["--latency", "-s", str(script), "-H", f"User-Agent: {BROWSER}", server.url]
        environ = {**os.environ, "PATHS": str(paths), "METHOD": method}
        before = _cpu(server.processes)
        output = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout
        run = _read(output, _cpu(server.processes) - before)
        self._runs.setdefault(name, []).append(run)
        return run


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database-url", help="an empty PostgreSQL database; default: SQLite in a temporary folder")
    parser.add_argument("--server", choices=("gunicorn", "granian"), default="gunicorn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="length of each run")
    parser.add_argument("--links", type=int, default=20_000, help="links of a round; more than are clicked in one run")
    parser.add_argument("--lone", type=int, default=200, help="clicks of the one client in each round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--processes", type=int, default=Settings.model_fields["processes"].default)
    parser.add_argument("--threads", type=int, default=Settings.model_fields["threads"].default)
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--load-cpu", type=int, default=1)
    return parser.parse_args()


def _started(start: Callable[[], str]) -> Server:
    """Start a server; its processes are those that were not ours before."""
    before = _descendants()
    url = start()
    return Server(url, sorted(_descendants() - before))


@contextlib.contextmanager
def _product(url: str, args: argparse.Namespace) -> Iterator[str]:
    shape = {"server": args.server, "processes": str(args.processes), "threads": str(args.threads)}
    with running("bench", database_url=url, secret_key=SECRET_KEY, worker="off", **shape) as instance:
        yield instance.url


@contextlib.contextmanager
def _bare(folder: Path, args: argparse.Namespace) -> Iterator[str]:
    """The bare callable under the same server with the same settings."""
    (folder / "bare.py").write_text(BARE)
    (folder / "empty.conf.py").touch()
    port = free_port()
    command = _granian(port, args) if args.server == "granian" else _gunicorn(folder, port, args)
    server = subprocess.Popen([sys.executable, "-m", *command, "bare:app"], cwd=folder)
    try:
        _wait(f"127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _gunicorn(folder: Path, port: int, args: argparse.Namespace) -> list[str]:
    command = ["gunicorn", "-c", str(folder / "empty.conf.py"), "-b", f"127.0.0.1:{port}", "-k", "gthread"]
    command += ["-w", str(args.processes), "--threads", str(args.threads)]
    return [*command, "--keep-alive", "5", "--log-level", "error", "--no-control-socket"]


def _granian(port: int, args: argparse.Namespace) -> list[str]:
    threads = str(args.threads)
    command = ["granian", "--interface", "wsgi", "--port", str(port), "--workers", str(args.processes), "--no-ws"]
    return [*command, "--blocking-threads", threads, "--backpressure", "1000", "--log-level", "error"]


def _wait(address: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection(address, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            return connection.close()
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers at {address}")


def _descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def _cpu(processes: Sequence[int]) -> float:
    """Seconds of processor time that they have used, in user mode and in the kernel."""
    fields = [Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split() for process in processes]
    return sum(int(values[11]) + int(values[12]) for values in fields) / os.sysconf("SC_CLK_TCK")


def _make_links(count: int) -> list[str]:
    """Store as many messages with a link and a callback each; give back their slugs."""
    slugs = services().slugs
    with db.write() as session:
        now, account_id = db.now(session), session.scalars(select(Account.id)).one()
        after = session.scalar(select(func.max(Message.id))) or 0
        ids = range(after + 1, after + count + 1)
        numbers = {id_: id_ * 0x9E3779B97F4A7 % (1 << 49) for id_ in ids}
        expires_on = now + dt.timedelta(days=90)
        _insert(session, Message, [_message(id_, account_id, now) for id_ in ids])
        _insert(session, Link, [_link(id_, numbers[id_], expires_on) for id_ in ids])
    return [slugs.encode(number) for number in numbers.values()]


def _insert(session: Session, model: type[Base], rows: Sequence[dict[str, object]]) -> None:
    for start in range(0, len(rows), BATCH):
        session.execute(insert(Base.metadata.tables[model.__tablename__]), rows[start : start + BATCH])


def _message(id_: int, account_id: int, now: dt.datetime) -> dict[str, object]:
    return {
        "id": id_,
        "account_id": account_id,
        "msgid": f"{id_:032d}",
        "received_on": now,
        "text": f"Your parcel is here: https://shop.example.com/track?id={id_} thank you",
        "track_link": True,
        "detection": "strict",
        "bare_domains": "careful",
        "count_as_click": "person_or_unknown",
        "lt_callbackurl": "http://receiver.example.com/clicked",
        "client_tag": f"order-{id_}",
        "recipient": f"+8190{id_:08d}",
    }


def _link(id_: int, number: int, expires_on: dt.datetime) -> dict[str, object]:
    return {
        "id": id_,
        "message_id": id_,
        "position": 1,
        "number": number,
        "base_url": "https://s.example.com",
        "target": f"https://shop.example.com/track?id={id_}",
        "starts_at": 21,
        "ends_at": 53 + len(str(id_)),
        "expires_on": expires_on,
        "count_as_click": "person_or_unknown",
    }


def _counts() -> tuple[int, int, int]:
    """Clicks, callbacks and links that count as clicked."""
    with db.read() as session:
        return (
            session.scalars(select(func.count()).select_from(Click)).one(),
            session.scalars(select(func.count()).select_from(Callback)).one(),
            session.scalars(select(func.count()).where(Link.accessed_on.is_not(None))).one(),
        )


def _check(run: Run, added: Sequence[int], *, first: bool) -> None:
    """Fail where an answered click was not stored; a first click also without `accessed_on` or callback."""
    if run.others:
        raise RuntimeError(f"{run.others} of {run.answered} clicks were not answered with 302")
    for name, more in zip(("click", "callback", "accessed_on"), added, strict=True):
        if more < run.answered and (first or name == "click"):
            raise RuntimeError(f"{run.answered} clicks were answered, but only {more} of {name} were added")


def _alone(url: str, slugs: Sequence[str]) -> list[float]:
    """One first click after the other over one connection: milliseconds of each."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    taken = []
    for slug in slugs:
        began = time.perf_counter()
        connection.request("GET", f"/{slug}", headers={"User-Agent": BROWSER})
        answer = connection.getresponse()
        answer.read()
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status != 302:
            raise RuntimeError(f"answered {answer.status}")
    connection.close()
    return taken


def _read(output: str, cpu: float) -> Run:
    """Read what wrk prints."""
    latency = {share: _milliseconds(value) for share, value in re.findall(r"^ +(50|99)% +(\S+) *$", output, re.M)}
    answered = int(re.findall(r"(\d+) requests in", output)[0])
    if errors := re.findall(r"Socket errors: .*", output):
        print(errors[0], file=sys.stderr)
    return Run(
        rate=float(re.findall(r"Requests/sec: +([\d.]+)", output)[0]),
        p50=latency["50"],
        p99=latency["99"],
        cpu=cpu / answered * 1000,
        answered=answered,
        others=sum(int(count) for count in re.findall(r"Non-2xx or 3xx responses: (\d+)", output)),
    )


def _milliseconds(text: str) -> float:
    value, unit = re.findall(r"([\d.]+)(\w+)", text)[0]
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


if __name__ == "__main__":
    main()
