"""People and a sender, beside a scanner and somebody who tries tokens, all in one network."""

import json
import multiprocessing
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager

from bench import load
from bench.cpu_affinity import Server
from bench.load import Answer
from bench.table import Store, message

CARRIER = "20.30.40.50"  # everybody's address
PEOPLE, POSTS = 100, 10  # a second
MISTYPED = 0.01  # share of the clicks
AT_ONCE = 8  # requests of a stranger
AT_ONCE_RATE = 1e9  # all are due at once, so how long they took says nothing
PAUSE = 0.0005  # seconds between two looks of a client that shares the processors
STATUSES = (201, 302, 401, 404, 429)
HEAD = ("who", "requests", *map(str, STATUSES), "closed", "per second", "p50 ms", "p99 ms")
Answers = Sequence[Answer | None]


def measure(store: Store, server: Server, seconds: int) -> list[str]:
    """Print the table; return the faults."""
    print(line(*HEAD), line("---", *["--:"] * (len(HEAD) - 1)), sep="\n", flush=True)
    faults = _everybody(store, server, seconds, "alone")
    scans = [forwarded(one) for one in load.clicks(store.unknown(200_000))]
    tries = [forwarded(one) for _ in range(2_000) for one in load.posts("/v1/messages", secrets.token_hex(16), ["{}"])]
    with _beside(server.address, seconds, {"scanner": scans, "tries tokens": tries}) as strangers:
        faults += _everybody(store, server, seconds, "beside them")
    for name, stranger in strangers.items():
        show(name, stranger.result(), seconds, is_timed=False)
    return faults


def _everybody(store: Store, server: Server, seconds: int, when: str) -> list[str]:
    """Let people click and a sender post; return the faults."""
    live = [forwarded(one) for one in load.clicks(store.slugs(store.take(int(PEOPLE * seconds * (1 - MISTYPED)))))]
    wrong = [forwarded(one) for one in load.clicks(store.unknown(PEOPLE * seconds - len(live)))]
    bodies = [json.dumps(message()) for _ in range(POSTS * seconds)]
    posts = [forwarded(one) for one in load.posts("/v1/messages", store.token, bodies)]
    clicks = [*live, *wrong]
    random.shuffle(clicks)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        sender = pool.submit(load.at_rate, server.address, posts, POSTS, 8, PAUSE)
        answers = load.at_rate(server.address, clicks, PEOPLE, 64, PAUSE)
        stored = sender.result()
    is_live = set(live)
    right = [answer for click, answer in zip(clicks, answers, strict=True) if click in is_live]
    show(f"people, live links, {when}", right, seconds)
    show(
        f"people, mistyped, {when}",
        [a for click, a in zip(clicks, answers, strict=True) if click not in is_live],
        seconds,
    )
    show(f"sender, {when}", stored, seconds)
    return refused(right, 302, f"clicks on live links, {when}") + refused(stored, 201, f"posts, {when}")


@contextmanager
def _beside(
    address: str, seconds: int, requests: Mapping[str, Sequence[bytes]]
) -> Iterator[dict[str, Future[Answers]]]:
    """Let strangers send as fast as they can meanwhile, each from a process of its own."""
    with ProcessPoolExecutor(len(requests), multiprocessing.get_context("spawn")) as pool:
        yield {name: pool.submit(_as_fast_as_possible, address, some, seconds) for name, some in requests.items()}


def _as_fast_as_possible(address: str, requests: Sequence[bytes], seconds: int) -> Answers:
    """Send the requests, a few at once, again and again until the time is over."""
    until, answers, at = time.monotonic() + seconds, list[Answer | None](), 0
    while time.monotonic() < until:
        some = [requests[(at + number) % len(requests)] for number in range(250)]
        answers += load.at_rate(address, some, AT_ONCE_RATE, AT_ONCE, PAUSE)
        at += len(some)
    return answers


def forwarded(request: bytes) -> bytes:
    """Return the request as a proxy passes it on."""
    line_, rest = request.split(b"\r\n", 1)
    return b"%b\r\nX-Forwarded-For: %b\r\n%b" % (line_, CARRIER.encode(), rest)


def refused(answers: Answers, wanted: int, what: str) -> list[str]:
    """Return a fault if not all were answered with this status."""
    others = sum(answer is None or answer.status != wanted for answer in answers)
    return [f"{others} {what} were refused"] if others else []


def show(who: str, answers: Answers, seconds: float, *, is_timed: bool = True) -> None:
    """Print a row of the table."""
    counts = Counter(answer.status if answer else 0 for answer in answers)
    known = [counts.pop(status, 0) for status in STATUSES]
    figures = [f"{figure:,.0f}" for figure in (len(answers), *known, counts.total(), len(answers) / seconds)]
    taken = [f"{ms:,.1f}" for ms in load.quantiles([answer.taken for answer in answers if answer])]
    print(line(who, *figures, *(taken if is_timed else ("", ""))), flush=True)


def line(*values: str) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(values)} |"
