"""Measure the product's speed as a share of a bare WSGI callable under the same server, in one table.

    make bench                                       everything, in five minutes
    make bench BENCH="--database sqlite --server gunicorn --rounds 9 --seconds 5"
    make bench BENCH="--rows first --rows spread --links 1000000"
    make bench BENCH=--memory                        a worker's private memory over a million requests instead
    make bench BENCH=--write                         put the table into docs/performance.md

The product runs on one processor, together with PostgreSQL, and the load on another. All servers run from the start and
are loaded in turn, one run of each row per round; a row shows medians of the rounds. After each run of clicks the rows
are counted: every answered click must be stored, a first click with `accessed_on` and callback. Then the product is
killed under load. Exits with 1 if anything answered is not stored. docs/performance.md says more.
"""

import argparse
import contextlib
import importlib.metadata
import itertools
import os
import platform
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import cpu_affinity, load, table  # noqa: E402  # the checkout is on the path from here on
from bench.cpu_affinity import Server  # noqa: E402
from bench.due_callbacks import KINDS  # noqa: E402
from bench.load import Run  # noqa: E402
from bench.table import CONNECTIONS, FIRST, POSTGRESQL, ROWS, SQLITE, Cell, Row, started, stored  # noqa: E402
from shortener.config.settings import Settings  # noqa: E402

DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- table: begin, made by bench/speed.py -->", "<!-- table: end -->"

FIRST_SHARE = 0.7  # share of the first clicks on SQLite that PostgreSQL should reach
FIXED_P99 = 25  # ms
NAMES = {SQLITE: "SQLite", POSTGRESQL: "PostgreSQL"}
REPEATABLE = (table.UNKNOWN, table.HEAD, table.AGAIN, table.SPREAD)  # rows that need no new links
AFTERWARDS = 15  # seconds reserved for each cell for the steps after the rounds


def main() -> int:
    """Run the requested measurements. Return 1 if anything answered is not stored."""
    args = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that started processes are stopped too
    began, heading = time.monotonic(), machine(args)
    if args.memory:
        print(f"{heading}\n\n{memory(args)}")
        return 0
    with tempfile.TemporaryDirectory(prefix="shortener-") as folder:
        measured = Measured(args)
        measured.measure(Path(folder))
    found = f"{heading}\n\n{measured.tables()}"
    print(found)
    say(f"{time.monotonic() - began:.0f} s in all")
    if args.write:
        DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8"), found), "utf-8")
    faults = [fault for cell in measured.cells for fault in cell.faults]
    for fault in faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    return int(bool(faults))


class Measured:
    """The requested measurements: the product by database and server, and the bare callable by server."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._rows = [row for row in ROWS if row.word in args.rows]
        after = AFTERWARDS * len(args.database) * len(args.server) if FIRST in self._rows else 0.0
        self._until = time.monotonic() + args.minutes * 60 - after
        self.cells: list[Cell] = []
        self._bare: dict[str, list[Run]] = {server: [] for server in args.server}
        self._versions: dict[str, str] = {}

    def measure(self, folder: Path) -> None:
        """Start everything, and run the cells in turn."""
        os.sched_setaffinity(0, {cpu_affinity.LOADING})
        with contextlib.ExitStack() as stack:
            bares = self._start(stack, folder)
            for number in range(1, self._args.rounds + 1):
                began = time.monotonic()
                say(f"round {number} of {self._args.rounds}")
                self._round(bares, folder)
                if began + 2 * (time.monotonic() - began) > self._until and number < self._args.rounds:
                    say(f"no time for another round after {number}; give more with --minutes")
                    break
            for cell in self.cells if FIRST in self._rows else ():
                say(f"{cell.store.kind} under {cell.server}: at a fixed rate, one by one, kill -9")
                cell.steady()
                cell.kill()

    def _round(self, bares: Mapping[str, Server], folder: Path) -> None:
        for server, running in bares.items():
            self._bare[server].append(self._of_bare(running, folder))
        for cell in self.cells:
            for row in self._rows:
                cell.run(row)

    def _start(self, stack: contextlib.ExitStack, folder: Path) -> dict[str, Server]:
        say(f"making {self._args.links:,} links that were never clicked, and as many that were")
        stores = [stack.enter_context(stored(kind, self._args.links)) for kind in self._args.database]
        self._versions = {store.kind: store.version for store in stores}
        processes, threads = self._args.processes, self._args.threads
        shape = {"processes": str(processes), "threads": str(threads)}
        for store in stores:
            for server in self._args.server:
                place = folder / f"{store.kind}-{server}"
                running = stack.enter_context(started(server, store, place, shape))
                self.cells.append(Cell(store, server, running, place, self._args.seconds, shape))
        with cpu_affinity.on(cpu_affinity.SERVING):
            bares = {server: cpu_affinity.bare(server, folder, processes, threads) for server in self._args.server}
            return {server: stack.enter_context(running) for server, running in bares.items()}

    def _of_bare(self, running: Server, folder: Path) -> Run:
        """Load the bare callable like the product."""
        path = load.write(folder / "bare", load.clicks(["AAAAAAAAAA"] * len(load.BROWSERS)))
        used = cpu_affinity.cpu(running.pid)
        run = load.wrk(running.address, path, self._args.seconds, CONNECTIONS)
        return replace(run, cpu=(cpu_affinity.cpu(running.pid) - used) / run.answered * 1000)

    def tables(self) -> str:
        """Return the whole report as Markdown."""
        found = [", ".join(self._versions.values()) + ".", self._of_rows()]
        if FIRST in self._rows:
            found += [self._of_clicks_in_time(), self._of_kills()]
        return "\n\n".join(found)

    def _of_rows(self) -> str:
        """Return a table with a line for each server and row, and the same columns for each database."""
        columns = ("of bare", "by CPU", "p50", "p99 ms", "target")
        kinds = self._args.database
        lines: list[Sequence[str]] = [("", *(name for kind in kinds for name in (f"{NAMES[kind]}: per s", *columns)))]
        lines.append(("---", *[*["--:"] * 5, "---"] * len(kinds)))
        for server, bare in self._bare.items():
            lines.append((f"**{server}**: bare callable", *_figures(bare, bare, ""), *[""] * (6 * len(kinds) - 6)))
            for row in self._rows:
                cells = [cell for cell in self.cells if cell.server == server]
                figures = [_figures(cell.runs[row.word], bare, self._target(row, cell)) for cell in cells]
                lines.append((row.name, *itertools.chain.from_iterable(figures)))
        return _markdown(lines)

    def _target(self, row: Row, cell: Cell) -> str:
        """Return the target of a row, and whether it is met."""
        if row is FIRST and cell.store.kind == POSTGRESQL:
            others = [each for each in self.cells if each.server == cell.server and each.store.kind == SQLITE]
            return _judged(cell.top() / others[0].top(), FIRST_SHARE, " of SQLite") if others else ""
        floor = row.floor(cell.store.kind, cell.server)
        return "" if floor is None else _judged(_share(cell.runs[row.word], self._bare[cell.server]), floor)

    def _of_clicks_in_time(self) -> str:
        head = ("First clicks", "on", "requests/s", "p50 ms", "p99 ms", "longest ms", "target")
        lines: list[Sequence[str]] = [head, ("---", "---", *["--:"] * 4, "---")]
        for cell in self.cells:
            where = f"{cell.server}, {cell.store.kind}"
            rate, p50, p99, longest = cell.notes["fixed"]
            met = "met" if p99 <= FIXED_P99 else "missed"
            times = (f"{rate:,.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{longest:.0f}")
            lines.append(("at a fixed rate, half of the top", where, *times, f"p99 ≤ {FIXED_P99}, {met}"))
            lines.append(("one at a time", where, "", *(f"{value:.1f}" for value in cell.notes["lone"]), "", ""))
        return _markdown(lines)

    def _of_kills(self) -> str:
        lines: list[Sequence[str]] = [
            ("Killed with -9 under load", "answered 302", "of these not stored"),
            ("---", "--:", "--:"),
        ]
        for cell in self.cells:
            lines.append((f"{cell.server}, {cell.store.kind}", *(f"{value:,.0f}" for value in cell.notes["kill"])))
        return _markdown(lines)


def memory(args: argparse.Namespace) -> str:
    """Return the private memory of the web processes, measured repeatedly while requests are answered."""
    os.sched_setaffinity(0, {cpu_affinity.LOADING})
    lines: list[Sequence[str]] = [("requests answered", "private memory of each web process, MB"), ("--:", "---")]
    shape, answered = {"processes": str(args.processes), "threads": str(args.threads)}, 0
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shortener-")))
        store = stack.enter_context(stored(args.database[0], args.links))
        running = stack.enter_context(started(args.server[0], store, place, shape))
        cell = Cell(store, args.server[0], running, place, args.seconds, shape)
        for row in itertools.cycle(REPEATABLE):
            used = sorted(cpu_affinity.private_bytes(pid) / 1e6 for pid in cpu_affinity.children(running.pid))
            if not lines[2:] or answered >= (len(lines) - 2) * args.memory / 10:
                lines.append((f"{answered:,}", ", ".join(f"{size:.0f}" for size in used[-args.processes :])))
                say(" ".join(lines[-1]))
            if answered >= args.memory:
                return _markdown(lines)
            cell.run(row)
            answered += cell.runs[row.word][-1].answered
    raise RuntimeError("not reached")


def machine(args: argparse.Namespace) -> str:
    """Return the versions and the machine."""
    model = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in args.server)
    return (
        f"{model.partition(':')[2].strip()}, {os.cpu_count()} processors, Linux {platform.release()}, "
        f"Python {platform.python_version()}, {versions}; processes × threads {args.processes} × {args.threads}; "
        f"a page written and synced in {_sync():.2f} ms; load average at the start {os.getloadavg()[0]:.1f}."
    )


def written(document: str, found: str) -> str:
    """Return `document` with the results between its two marks."""
    before, rest = document.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{found}\n\n{END}{rest.split(END, 1)[1]}"


def say(sentence: str) -> None:
    """Print progress to standard error."""
    print(sentence, file=sys.stderr, flush=True)


def _sync() -> float:
    """Return the milliseconds that the disk needs for a commit."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(100):
            began = time.perf_counter()
            os.pwrite(file.fileno(), bytes(4096), 0)
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _figures(runs: Sequence[Run], bare: Sequence[Run], target: str) -> tuple[str, ...]:
    """Return the medians of a row's runs."""
    by_cpu = statistics.median(base.cpu / run.cpu for run, base in zip(runs, bare, strict=True))
    p50, p99 = (statistics.median(times) for times in zip(*((run.p50, run.p99) for run in runs), strict=True))
    busy = " *" if statistics.median(run.load for run in runs) > 0.95 else ""
    rate = f"{statistics.median(run.rate for run in runs):,.0f}{busy}"
    return (rate, f"{_share(runs, bare):.2f}", f"{by_cpu:.2f}", f"{p50:.1f}", f"{p99:.1f}", target)


def _share(runs: Sequence[Run], bare: Sequence[Run]) -> float:
    return statistics.median(run.rate / base.rate for run, base in zip(runs, bare, strict=True))


def _judged(share: float, floor: float, of: str = "") -> str:
    return f"≥ {floor:.2f}{of}, {'met' if share >= floor else 'missed'}"


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = [row.word for row in ROWS]
    parser.add_argument("--database", choices=KINDS, action="append", help="only this one")
    parser.add_argument("--server", choices=list(cpu_affinity.COMMANDS), action="append", help="only this one")
    parser.add_argument("--rows", choices=words, action="append", help="only these rows")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="length of each run")
    parser.add_argument("--minutes", type=float, default=5, help="no round starts that would end later")
    parser.add_argument("--links", type=int, default=300_000)
    parser.add_argument("--processes", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument(
        "--memory",
        type=int,
        nargs="?",
        const=1_000_000,
        help="measure only the memory, over N requests (default: a million)",
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    args = parser.parse_args()
    args.database, args.server = args.database or list(KINDS), args.server or list(cpu_affinity.COMMANDS)
    args.rows = args.rows or words
    given = {name: getattr(args, name) for name in ("processes", "threads") if getattr(args, name)}
    with cpu_affinity.on(cpu_affinity.SERVING):  # the source of the product's defaults
        settings = Settings(**given)
    args.processes, args.threads = settings.processes, settings.threads
    return args


if __name__ == "__main__":
    sys.exit(main())
