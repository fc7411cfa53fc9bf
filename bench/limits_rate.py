"""An account with a limit of messages per second posts as fast as it can; another account posts beside it."""

import json
import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from bench import load
from bench.cpu_affinity import Server
from bench.due_callbacks import SECRET_KEY
from bench.limits_strangers import PAUSE, POSTS, Answers, line, refused
from bench.table import Store, message
from shortener.accounts import senders
from shortener.accounts.message_rates import AHEAD
from shortener.storage import db

RATE = 20  # messages a second
AT_ONCE = 8  # requests, so that all processes of the server get some
HEAD = ("who", "posts", "201", "429", "allowed", "p50 ms", "p99 ms")


def measure(store: Store, server: Server, seconds: int) -> list[str]:
    """Print the table; return a fault if the other account was refused or the limit was not kept."""
    with store.app.app_context(), db.write() as session:
        name = f"rate-{db.now(session):%H%M%S%f}"
        token = senders.create(session, name, secret_key=SECRET_KEY, now=db.now(session)).token
        senders.configure(session, name, {"messages_per_second": RATE})
    print(line(*HEAD), line("---", *["--:"] * (len(HEAD) - 1)), sep="\n", flush=True)
    bodies = [json.dumps(message()) for _ in range(POSTS * seconds)]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        greedy = pool.submit(_post, server.address, token, seconds)
        others = load.at_rate(server.address, load.posts("/v1/messages", store.token, bodies), POSTS, 8, PAUSE)
        answers, took = greedy.result()
    allowed = RATE * (AHEAD + took)
    _show(f"account with {RATE} per second", answers, f"{allowed:,.0f}", is_timed=False)
    _show("another account", others, "", is_timed=True)
    stored = sum(answer is not None and answer.status == 201 for answer in answers)
    beyond = [f"{stored} messages were stored, and {allowed:.0f} allowed"] if stored > allowed + AT_ONCE else []
    return beyond + refused(others, 201, "posts of another account")


def _post(address: str, token: str, seconds: int) -> tuple[Answers, float]:
    """Post as fast as possible; return the answers, and the seconds that it took."""
    began, answers = time.monotonic(), list[load.Answer | None]()
    while time.monotonic() < began + seconds:
        requests = load.posts("/v1/messages", token, [json.dumps(message()) for _ in range(100)])
        answers += load.at_rate(address, requests, 1e9, AT_ONCE, PAUSE)
    return answers, time.monotonic() - began


def _show(who: str, answers: Answers, allowed: str, *, is_timed: bool) -> None:
    counts = Counter(answer.status if answer else 0 for answer in answers)
    taken = [f"{ms:,.1f}" for ms in load.quantiles([answer.taken for answer in answers if answer])]
    figures = [f"{len(answers):,}", f"{counts[201]:,}", f"{counts[429]:,}", allowed]
    print(line(who, *figures, *(taken if is_timed else ("", ""))), flush=True)
