"""The memory of the web processes while batches and large messages come at once."""

import base64
import http.client
import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import cpu_affinity
from bench.cpu_affinity import Server
from bench.due_callbacks import SECRET_KEY
from bench.limits_strangers import line
from bench.table import Store, message
from shortener.accounts import senders
from shortener.storage import db

ACCOUNTS = 8
BATCH = 10_000
MIB = 1024 * 1024
PIECE = b" " * MIB
HEAD = ("at once", "answers", "most MiB of a process", "of all", "before, of all")
Errand = Callable[[str, str], int]  # with the address and a token; returns the status


def measure(store: Store, server: Server, seconds: int) -> list[str]:
    """Print the table; return a fault if a web process died."""
    del seconds
    tokens, before = _tokens(store), _processes(server)
    print(line(*HEAD), line("---", "---", *["--:"] * (len(HEAD) - 2)), sep="\n", flush=True)
    for name, errand, count in (
        (f"one batch of {BATCH:,} messages", _batch, 1),
        (f"{ACCOUNTS} accounts, each with such a batch", _batch, ACCOUNTS),
        (f"{ACCOUNTS} accounts, each with a message of 20 MB", _large, ACCOUNTS),
        (f"{ACCOUNTS} accounts, each with four messages of 20 MB", _large, ACCOUNTS * 4),
        (f"{ACCOUNTS} accounts, each with a body of 300 MiB", _huge, ACCOUNTS),
    ):
        _forget_peaks(server)
        at_first = sum(_megabytes(pid, "VmRSS") for pid in _processes(server))
        with ThreadPoolExecutor(count) as pool:
            errands = [pool.submit(errand, server.address, tokens[number % ACCOUNTS]) for number in range(count)]
            statuses = Counter(each.result() for each in errands)
        peaks = [_megabytes(pid, "VmHWM") for pid in _processes(server)]
        answers = ", ".join(f"{many} × {status or 'closed'}" for status, many in sorted(statuses.items()))
        print(line(name, answers, f"{max(peaks):,.0f}", f"{sum(peaks):,.0f}", f"{at_first:,.0f}"), flush=True)
    return [] if _processes(server) == before else ["a web process died"]


def _tokens(store: Store) -> list[str]:
    """Make accounts and return their tokens."""
    with store.app.app_context(), db.write() as session:
        now = db.now(session)
        names = [f"memory-{now:%H%M%S%f}-{number}" for number in range(ACCOUNTS)]
        return [senders.create(session, name, secret_key=SECRET_KEY, now=now).token for name in names]


def _batch(address: str, token: str) -> int:
    return _post(address, token, "/v1/messages/batch", json.dumps([message() for _ in range(BATCH)]).encode())


def _large(address: str, token: str) -> int:
    content = base64.b64encode(b"\0" * (14 * MIB)).decode()  # a body of 20 MB
    attachment = {"name": "a.pdf", "content_type": "application/pdf", "content": content}
    return _post(address, token, "/v1/messages", json.dumps({**message(), "attachments": [attachment]}).encode())


def _huge(address: str, token: str) -> int:
    def pieces() -> Iterator[bytes]:
        yield from [PIECE] * 300

    return _post(address, token, "/v1/messages/batch", pieces())


def _post(address: str, token: str, path: str, body: bytes | Iterator[bytes]) -> int:
    """Post JSON and return the status; 0 if the connection ended before."""
    connection = http.client.HTTPConnection(address, timeout=300)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", path, body, headers, encode_chunked=not isinstance(body, bytes))
        answer = connection.getresponse()
        answer.read()
    except OSError:
        return 0
    finally:
        connection.close()
    return answer.status


def _processes(server: Server) -> list[int]:
    return sorted(pid for pid in cpu_affinity.children(server.pid) if _megabytes(pid, "VmRSS"))


def _forget_peaks(server: Server) -> None:
    for pid in _processes(server):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _megabytes(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(one.split()[1]) / 1024 for one in lines if one.startswith(f"{name}:")), 0)
