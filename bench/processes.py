"""Compare the default on several processors, two processes, with one process: first clicks.

    .venv/bin/python bench/processes.py
    .venv/bin/python bench/processes.py --database sqlite --server granian --rounds 9 --seconds 5

Unlike in bench/speed.py, the product, PostgreSQL and the load may all use all processors, as on a machine that serves.
Both variants use one database and are loaded in turn; each round measures the highest rate, and then both at one fixed
rate, half of what one process reached. Figures are medians of the rounds; ratios are medians of the rounds' ratios.
After each run, every answered click must be stored, with `accessed_on` and callback; at the end, the default is killed
under load. Exits with 1 if anything answered is not stored.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import cpu_affinity  # noqa: E402  # the checkout is on the path from here on
from bench.due_callbacks import KINDS  # noqa: E402
from bench.table import FIRST, Cell, started, stored  # noqa: E402

PAUSE = 0.0003  # seconds between two looks of the sender at a fixed rate, which shares the processors
SHAPES: Mapping[str, dict[str, str]] = {"one process": {"processes": "1"}, "default": {}}
LEAST = {"sqlite": 1.2, "postgresql": 1.5}  # the rate of the default, relative to one process
HEAD = ("on", "", "requests/s", "p50 ms", "p99 ms", "CPU µs", "fixed rate", "p50 ms", "p99 ms")


class Compared:
    """Both variants on a database under a server, and their runs at a fixed rate: rate, p50 and p99."""

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        self.cells = cells
        self._fixed: dict[str, list[tuple[float, float, float]]] = {name: [] for name in cells}

    def round(self) -> None:
        """Load both in turn."""
        for cell in self.cells.values():
            cell.run(FIRST)
        rate = self.cells["one process"].top() / 2
        for name, cell in self.cells.items():
            self._fixed[name].append((rate, *cell.at_rate(rate, PAUSE)[:2]))

    def lines(self, where: str) -> list[str]:
        """Return two rows of the table, and the sentence that compares them."""
        lines = []
        for name, cell in self.cells.items():
            runs = [(run.rate, run.p50, run.p99, run.cpu * 1000) for run in cell.runs[FIRST.word]]
            columns = [*zip(*runs, strict=True), *zip(*self._fixed[name], strict=True)]
            values = [statistics.median(column) for column in columns]
            lines.append(_line(where, name, *(f"{value:,.{0 if value >= 100 else 1}f}" for value in values)))
        return lines

    def ratio(self, kind: str) -> str:
        """Say how the default compares with one process."""
        one, default = (cell.runs[FIRST.word] for cell in self.cells.values())
        rates = [b.rate / a.rate for a, b in zip(one, default, strict=True)]
        slow = statistics.median(b.p99 / a.p99 for a, b in zip(one, default, strict=True))
        fixed = statistics.median(b[2] / a[2] for a, b in zip(*self._fixed.values(), strict=True))
        share = statistics.median(rates)
        met = "met" if share >= LEAST[kind] else "missed"
        return (
            f"rate × {share:.2f} ({min(rates):.2f} to {max(rates):.2f}; target ≥ {LEAST[kind]}, {met}), "
            f"p99 × {slow:.2f}, p99 at the fixed rate × {fixed:.2f}"
        )


def main() -> int:
    """Measure all requested pairs in turn. Return 1 if anything answered is not stored."""
    args = _arguments()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shortener-")))
        pairs: dict[tuple[str, str], Compared] = {}
        for kind in args.database:
            store = stack.enter_context(stored(kind, args.links, cpu_affinity.EVERY))
            for server in args.server:
                cells = {}
                for name, shape in SHAPES.items():
                    place = folder / f"{kind}-{server}-{len(cells)}"
                    running = stack.enter_context(started(server, store, place, shape, cpu_affinity.EVERY))
                    cells[name] = Cell(store, server, running, place, args.seconds, shape, cpu_affinity.EVERY)
                pairs[kind, server] = Compared(cells)
        for number in range(1, args.rounds + 1):
            print(f"round {number} of {args.rounds}", file=sys.stderr, flush=True)
            for pair in pairs.values():
                pair.round()
        for pair in pairs.values():
            pair.cells["default"].kill()
        return _show(pairs)


def _show(pairs: Mapping[tuple[str, str], Compared]) -> int:
    """Print everything; return 1 if anything answered is not stored."""
    print(_line(*HEAD), _line("---", "---", *["--:"] * (len(HEAD) - 2)), sep="\n")
    for (kind, server), pair in pairs.items():
        print(*pair.lines(f"{kind}, {server}"), sep="\n")
    print()
    for (kind, server), pair in pairs.items():
        answered, lost = pair.cells["default"].notes.get("kill", (0, 0))
        print(f"- {kind}, {server}: {pair.ratio(kind)}; killed with -9: {answered} answered, {lost} lost")
    faults = [fault for pair in pairs.values() for cell in pair.cells.values() for fault in cell.faults]
    for fault in faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    return int(bool(faults))


def _line(*values: str) -> str:
    return f"| {' | '.join(values)} |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=KINDS, action="append", help="only this one")
    parser.add_argument("--server", choices=list(cpu_affinity.COMMANDS), action="append", help="only this one")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="length of each run")
    parser.add_argument("--links", type=int, default=200_000)
    args = parser.parse_args()
    args.database, args.server = args.database or list(KINDS), args.server or list(cpu_affinity.COMMANDS)
    return args


if __name__ == "__main__":
    sys.exit(main())
