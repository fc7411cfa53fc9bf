"""Measure what the words for a visitor's device cost: first clicks with SHORTENER_STORE_DEVICE on and off, in turn.

    .venv/bin/python bench/devices.py
    .venv/bin/python bench/devices.py --rounds 9 --seconds 10 --rare 0.1

Both variants run on one processor under gunicorn on SQLite. The agents are those of real visitors in
user-agents/intoli-browsers.jsonl of the corpora (docs/corpora.md), as often as their weights say; `--rare` is the share
of clicks whose agent no other click has, so that it is not cached. Prints the medians of the CPU time for a first
click. See docs/adr/0057-devices.md.
"""

import argparse
import contextlib
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import cpu_affinity, load  # noqa: E402  # the checkout is on the path from here on
from bench.shortcuts import SHAPE  # noqa: E402
from bench.table import FIRST, SQLITE, Cell, started, stored  # noqa: E402

CORPORA = Path(os.environ.get("SHORTENER_CORPORA", ROOT.parent / "shared" / "corpora"))
AGENTS = CORPORA / "user-agents" / "intoli-browsers.jsonl"
MANY = 100_000


def main() -> None:
    """Measure both variants in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="length of each run")
    parser.add_argument("--rare", type=float, default=0.05, help="share of clicks with an agent of their own")
    args = parser.parse_args()
    os.sched_setaffinity(0, {cpu_affinity.LOADING})
    load.AS_BROWSERS[:] = _requests(args.rare)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shortener-")))
        store = stack.enter_context(stored(SQLITE, 2 * 3_000 * args.seconds * args.rounds))
        cells = {}
        for kept in ("off", "on"):
            shape = {**SHAPE, "store_device": kept}
            running = stack.enter_context(started("gunicorn", store, folder / kept, shape))
            cells[kept] = Cell(store, "gunicorn", running, folder / kept, args.seconds, shape)
        for number in range(args.rounds):
            for kept in ("off", "on") if number % 2 else ("on", "off"):
                cells[kept].run(FIRST)
    cpu = {kept: [run.cpu * 1000 for run in cell.runs[FIRST.word]] for kept, cell in cells.items()}
    for kept, micros in cpu.items():
        print(f"{kept}: {statistics.median(micros):,.1f} µs, lowest {min(micros):,.1f} µs of {len(micros)} rounds")
    ratios = [on / off for off, on in zip(cpu["off"], cpu["on"], strict=True)]
    print(f"on / off: {statistics.median(ratios):.3f}, of the lowest {min(cpu['on']) / min(cpu['off']):.3f}")


def _requests(rare: float) -> list[str]:
    """Return the rest of requests with agents as often as real visitors send them, behind the slug."""
    chance, found = random.Random(1), [json.loads(line) for line in AGENTS.open(encoding="utf-8")]
    agents = chance.choices([each["ua"] for each in found], [each["weight"] for each in found], k=MANY)
    unique = itertools.count()
    sent = (f"{agent} Build/{next(unique)}" if chance.random() < rare else agent for agent in agents)
    return [load.AS_BROWSERS[0].replace(load.BROWSERS[0], agent) for agent in sent]


if __name__ == "__main__":
    main()
