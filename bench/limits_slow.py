"""People who click, beside a hundred clients that send slowly."""

import contextlib

from bench import load
from bench.cpu_affinity import Server
from bench.limits_strangers import PAUSE, PEOPLE, forwarded, line, refused
from bench.table import Store
from tests.support.slow_clients import openings, slow_clients

SLOW = 100
KINDS = ("silent", "heads", "sign-ins", "long sign-ins", "chunked sign-ins", "messages", "batches")
HEAD = ("beside", "clicks", "302", "p50 ms", "p99 ms", "longest ms")


def measure(store: Store, server: Server, seconds: int) -> list[str]:
    """Print the table; return the faults."""
    faults = []
    print(line(*HEAD), line("---", *["--:"] * (len(HEAD) - 1)), sep="\n", flush=True)
    kinds = openings(store.token)
    for kind in (None, *KINDS):
        name = f"{SLOW} slow clients: {kind}" if kind else "nobody"
        clicks = [forwarded(one) for one in load.clicks(store.slugs(store.take(PEOPLE * seconds)))]
        with slow_clients(f"http://{server.address}", kinds[kind], SLOW) if kind else contextlib.nullcontext():
            answers = load.at_rate(server.address, clicks, PEOPLE, 64, PAUSE)
        taken = [answer.taken for answer in answers if answer]
        done = sum(answer is not None and answer.status == 302 for answer in answers)
        figures = [f"{figure:,.1f}" for figure in (*load.quantiles(taken), max(taken))]
        print(line(name, f"{len(answers):,}", f"{done:,}", *figures), flush=True)
        faults += refused(answers, 302, f"clicks beside {name}")
    return faults
