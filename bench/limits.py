"""Show what the limits do to those who do too much, and to the others: strangers, slow clients, large bodies.

    .venv/bin/python bench/limits.py
    .venv/bin/python bench/limits.py --part strangers --server gunicorn --seconds 20

The product runs on SQLite with its default settings behind a trusted proxy, which this script plays: it names the
clients in `X-Forwarded-For`. All clients share one network, as behind a carrier's address.

strangers: people click, one of a hundred on a mistyped link, and a sender posts, first alone; then beside a scanner
that knows the salt of the slugs and somebody who tries tokens. rate: an account with a limit of messages per second
posts as fast as it can, beside another one. slow: people click alone, then beside a hundred clients of each kind that
send slowly. memory: the most memory of each process while batches and large messages come at once.

Exits with 1 if a click on a live link or a right token was refused, the rate was not kept, or the
server died.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import (  # noqa: E402  # the checkout is on the path from here on
    cpu_affinity,
    limits_memory,
    limits_rate,
    limits_slow,
    limits_strangers,
)
from bench.table import SQLITE, started, stored  # noqa: E402

PARTS = {
    "strangers": limits_strangers.measure,
    "rate": limits_rate.measure,
    "slow": limits_slow.measure,
    "memory": limits_memory.measure,
}
SHAPE = {"trusted_proxies": "127.0.0.0/8"}


def main() -> int:
    """Run the chosen parts under the chosen servers; return 1 if somebody was refused who must not be."""
    args = _arguments()
    faults: list[str] = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shortener-")))
        store = stack.enter_context(stored(SQLITE, 20_000, cpu_affinity.EVERY))
        for server in args.server:
            for part in args.part:
                with started(server, store, folder / f"{server}-{part}", SHAPE, cpu_affinity.EVERY) as running:
                    print(f"\n{part}, {server}\n", flush=True)
                    faults += [f"{part}, {server}: {fault}" for fault in PARTS[part](store, running, args.seconds)]
    for fault in faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    return int(bool(faults))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=list(PARTS), action="append", help="only this one")
    parser.add_argument("--server", choices=list(cpu_affinity.COMMANDS), action="append", help="only this one")
    parser.add_argument("--seconds", type=int, default=20, help="length of each run")
    args = parser.parse_args()
    args.part, args.server = args.part or list(PARTS), args.server or list(cpu_affinity.COMMANDS)
    return args


if __name__ == "__main__":
    sys.exit(main())
