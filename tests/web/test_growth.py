"""Bodies that are expensive for their size: work and response grow at most linearly with the input."""

import json
import time

import pytest
from flask.testing import FlaskClient

from shortener.errors import MOST_NAMED
from tests.support.factories import Sender

SIZE = 500_000  # bytes; a body may have 524,288
ENOUGH = 6.0  # seconds of this process's CPU time; the quadratic check for repeated names took 29
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"


def filled(before: str, unit: str, behind: str = "", size: int = SIZE) -> bytes:
    return (before + unit * ((size - len(before) - len(behind)) // len(unit)) + behind).encode()


def names(count: int, times: int = 1) -> bytes:
    return ("{" + ",".join(f'"{number % (count // times)}":1' for number in range(count)) + "}").encode()


PART = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
BODIES = {
    "one name again and again": (JSON, filled('{"a":1', ',"a":1', "}")),
    "each name twice": (JSON, names(50_000, times=2)),
    "unknown names": (JSON, names(50_000)),
    "long unknown names": (JSON, b"{" + b",".join(b'"%d%s":1' % (n, b"x" * 5000) for n in range(90)) + b"}"),
    "a long number": (JSON, filled('{"message":', "9", "}")),
    "a long fraction": (JSON, filled('{"message":0.', "9", "}")),
    "a deep nest": (JSON, filled("", "[")),
    "a deep nest of metadata": (JSON, b'{"message":"x","metadata":{"a":' + b"[" * 500 + b"]" * 500 + b"}}"),
    "wide metadata": (JSON, filled('{"message":"x","metadata":{"a":[0', ",0", "]}}")),
    "metadata that is text": (JSON, filled('{"message":"x","metadata":"', "[", '"}')),
    "many tags": (JSON, filled('{"message":"x","tags":[""', ',""', "]}")),
    "tags in one text": (JSON, filled('{"message":"x","tags":"', "a,", '"}')),
    "a form of many fields": (FORM, filled("a=1", "&a=1")),
    "a form of empty fields": (FORM, filled("", "&")),
    "a form of percent signs": (FORM, filled("message=", "%")),
    "many parts": (PARTS, filled("", PART + "x\r\n", "--b--")),
    "a part of line ends": (PARTS, filled(PART, "\r", "\r\n--b--")),
    "a part of half boundaries": (PARTS, filled(PART, "\r\n--", "\r\n--b--")),
    "a part of parameters": (PARTS, filled(PART.rstrip(), ';a="b"', "\r\n\r\nx\r\n--b--")),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_costly_body_is_refused_at_once(client: FlaskClient, sender: Sender, name: str) -> None:
    kind, body = BODIES[name]
    began = time.thread_time()
    answer = client.post("/v1/messages", data=body, content_type=kind, headers=sender.bearer)
    assert time.thread_time() - began < ENOUGH
    assert 400 <= answer.status_code < 500
    assert len(answer.data) < 20_000


@pytest.mark.parametrize("shape", ["application/json", "application/x-ndjson"])
def test_a_batch_of_costly_entries_is_answered_at_once(client: FlaskClient, sender: Sender, shape: str) -> None:
    entry = names(20_000)
    body = b"[" + b",".join([entry] * 40) + b"]" if shape == "application/json" else b"\n".join([entry] * 40)
    began = time.thread_time()
    answer = client.post("/v1/messages/batch", data=body, content_type=shape, headers=sender.bearer)
    assert time.thread_time() - began < ENOUGH
    assert len(answer.data) < 20_000 * 40


def test_a_refusal_names_the_first_fifty_fields(client: FlaskClient, sender: Sender) -> None:
    answer = client.post("/v1/messages", data=names(400), content_type=JSON, headers=sender.bearer)
    problem = answer.get_json(force=True)
    assert (answer.status_code, problem["code"]) == (422, "invalid_fields")
    assert list(problem["errors"]) == ["message", *map(str, range(MOST_NAMED - 1))]
    assert f"the first {MOST_NAMED}" in problem["detail"]


def test_a_refusal_of_few_fields_names_all(client: FlaskClient, sender: Sender) -> None:
    answer = client.post("/v1/messages", json={"a": 1, "message": "x", "b": 1}, headers=sender.bearer)
    assert answer.get_json(force=True)["errors"].keys() == {"a", "b"}
    assert "first" not in answer.get_json(force=True)["detail"]


def test_a_known_field_among_many_unknown_ones_is_read(client: FlaskClient, sender: Sender) -> None:
    fields = {str(number): 1 for number in range(400)} | {"message": 7}
    errors = client.post("/v1/messages", json=fields, headers=sender.bearer).get_json(force=True)["errors"]
    assert errors["message"] == ["must be text"]


@pytest.mark.parametrize("parameter", ["a=1&", "from=1&", "%", "&"])
def test_a_costly_query_is_refused_at_once(client: FlaskClient, sender: Sender, parameter: str) -> None:
    path = "/v1/messages?" + parameter * (60_000 // len(parameter))
    began = time.thread_time()
    answer = client.get(path, headers=sender.bearer)
    assert time.thread_time() - began < ENOUGH
    assert len(answer.data) < 20_000


HEADERS = {
    "languages": ("Accept-Language", ",".join(f"z{number};q=0.5" for number in range(5000))),
    "parameters of a language": ("Accept-Language", "en" + ";a=b" * 15_000),
    "quotes of a language": ("Accept-Language", 'en;a="' + '\\"' * 30_000),
    "cookies": ("Cookie", "a=b; " * 12_000),
    "quotes of a cookie": ("Cookie", 'dashboard="' + '\\"' * 30_000),
    "agents": ("User-Agent", "Mozilla/5.0 (" * 4500),
    "parameters of a type": ("Content-Type", "text/html" + "".join(f';a*{n}="b"' for n in range(6000))),
}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("path", ["/AAAAAAAAAA", "/dashboard/sign-in", "/v1/messages"])
def test_a_costly_header_is_read_at_once(client: FlaskClient, sender: Sender, name: str, path: str) -> None:
    began = time.thread_time()
    answer = client.get(path, headers=[HEADERS[name], *sender.bearer.items()])
    assert time.thread_time() - began < ENOUGH
    assert answer.status_code < 500


def test_repeated_json_names_are_each_reported_once(client: FlaskClient, sender: Sender) -> None:
    body = json.dumps({"message": "x"})[:-1] + ',"tags":[],"message":"y","tags":[],"tags":[]}'
    answer = client.post("/v1/messages", data=body, content_type=JSON, headers=sender.bearer)
    assert answer.get_json(force=True)["errors"] == {"message": ["must be given once"], "tags": ["must be given once"]}
