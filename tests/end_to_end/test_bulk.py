"""Messages in bulk over real sockets: streaming, simultaneous batches, a lost database, constant memory."""

import contextlib
import http.client
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import requests

from bench.instance import Instance, running
from tests.support.factories import TARGET
from tests.support.waiting import WITHIN

SETTINGS = {"secret_key": "k" * 40, "public_url": "https://s.example.com", "processes": "2"}
# A response of this size does not fit into the buffers of a socket: its sender waits for the reader.
LARGE, LONG = 10_000, 5_000  # messages, characters of each


@pytest.fixture(scope="module")
def instance(own_database_url: str) -> Iterator[Instance]:
    with running("shop", database_url=own_database_url, **SETTINGS) as instance:
        yield instance


def lines(count: int, length: int = 0, **fields: Any) -> Iterator[bytes]:
    for number in range(count):
        entry = {"message": f"{number} {TARGET} {'x' * length}", **fields}
        yield json.dumps(entry).encode() + b"\n"


@contextmanager
def asked(instance: Instance, body: bytes, shape: str = "application/x-ndjson") -> Iterator[http.client.HTTPResponse]:
    """Send a whole batch, as simple clients do, and return the response before any of it is read."""
    headers = {"Content-Type": shape, "Authorization": f"Bearer {instance.token}"}
    with closing(http.client.HTTPConnection(urlsplit(instance.url).netloc, timeout=WITHIN)) as connection:
        connection.request("POST", "/v1/messages/batch", body, headers)
        with connection.getresponse() as answer:
            yield answer


def answers(instance: Instance, body: bytes) -> list[dict[str, Any]]:
    with asked(instance, body) as answer:
        assert answer.status == 200, answer.read()
        return [json.loads(line) for line in answer]


def run(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement on a connection outside the product."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=WITHIN)) as sqlite:
            return sqlite.execute(statement).fetchall()
    with psycopg.connect(database_url) as postgresql:
        done = postgresql.execute(statement)
        return done.fetchall() if done.description else []


def highest_memory() -> int:
    """The peak memory of the instance's largest process, in MiB."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error, OSError):  # it has ended meanwhile, and does not belong to the instance
            if "gunicorn" in " ".join(process.cmdline()):
                status = Path(f"/proc/{process.pid}/status").read_text()
                found += map(int, re.findall(r"VmHWM:\s+(\d+) kB", status))
    return max(found) // 1024


def test_a_body_without_a_length_is_streamed(instance: Instance) -> None:
    answer = requests.post(
        f"{instance.url}/v1/messages/batch",
        data=lines(300),
        headers={"Content-Type": "application/x-ndjson"},
        auth=(instance.sid, instance.token),
        timeout=WITHIN,
    )
    assert answer.headers["Transfer-Encoding"] == "chunked"
    found = [json.loads(line) for line in answer.content.splitlines()]
    assert [entry["message"].split()[0] for entry in found] == [str(number) for number in range(300)]


def test_simultaneous_batches_share_client_tags_safely(instance: Instance) -> None:
    """In opposite orders, so that each holds what the other waits for."""
    tags = [f"both-{number}" for number in range(600)]

    def post(order: list[str]) -> list[dict[str, Any]]:
        entries = [{"message": TARGET, "client_tag": tag} for tag in order]
        with asked(instance, json.dumps(entries).encode(), "application/json") as answer:
            found: list[dict[str, Any]] = json.loads(answer.read())
        return [entry | {"tag": tag} for entry, tag in zip(found, order, strict=True)]

    with ThreadPoolExecutor(2) as pool:
        found = [entry for batch in pool.map(post, [tags, tags[::-1]]) for entry in batch]
    assert Counter(entry["status"] for entry in found) == {201: 600, 409: 600}
    first = {entry["tag"]: entry["msgid"] for entry in found if entry["status"] == 201}
    assert first.keys() == set(tags)
    assert all(entry["msgid"] == first[entry["tag"]] for entry in found)


def test_ten_thousand_messages_pass_through_flat_memory(instance: Instance) -> None:
    answers(instance, b"".join(lines(1_000)))
    before = highest_memory()
    body = b"".join(lines(LARGE, LONG))
    found = answers(instance, body)
    assert len(found) == LARGE
    assert {entry["status"] for entry in found} == {201}
    assert len(body) > 50_000_000
    assert highest_memory() - before < 30


@pytest.mark.timeout(300)
@pytest.mark.parametrize("shape", ["application/x-ndjson", "application/json"])
def test_a_lost_database_truncates_the_answer(database_url: str, shape: str) -> None:
    body = b"".join(lines(LARGE, LONG))
    if shape == "application/json":
        body = b"[" + b",".join(body.splitlines()) + b"]"
    with running("shop", database_url=database_url, **SETTINGS) as instance:
        with asked(instance, body, shape) as answer:
            received = answer.read(1)
            run(database_url, "ALTER TABLE link RENAME TO gone")
            with pytest.raises(http.client.IncompleteRead) as broken:
                answer.read()
        received += broken.value.partial
        run(database_url, "ALTER TABLE gone RENAME TO link")
        if shape == "application/json":
            with pytest.raises(json.JSONDecodeError):
                json.loads(received)
            received = received.removeprefix(b"[").replace(b"},\n{", b"}\n{")
        *done, last = [json.loads(line) for line in received.splitlines()]
        assert (last["status"], last["code"]) == (503, "unavailable")
        assert 0 < len(done) < LARGE
        assert {entry["status"] for entry in done} == {201}
        assert run(database_url, "SELECT count(*) FROM message") == [(len(done),)]
        assert answers(instance, b"".join(lines(1)))[0]["status"] == 201
