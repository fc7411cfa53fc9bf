"""Requests of vendors' clients: whatever the spelling of a list, and whatever the kind of the body."""

import io
import time
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import RequestEntityTooLarge

from shortener.web import vendor_requests
from shortener.web.problems import RequestError
from shortener.web.vendor_requests import Given, comma_separated, listed, many, one, read


def given(app: Flask, path: str = "/", **request: Any) -> Given:
    with app.test_request_context(path, **{"method": "POST", **request}):
        return read()


@pytest.mark.parametrize(
    "names", [("to", "to"), ("to[]", "to[ ]"), ("to[0]", "to[1]"), ("to['0']", "to['1']"), ('to["0"]', "to[]")]
)
def test_lists_may_be_spelled_in_many_ways(names: tuple[str, str]) -> None:
    assert listed(zip(names, ("a", "b"), strict=True)) == {"to": ["a", "b"]}


@pytest.mark.parametrize("unit", [" ", "[", "[ ", "[0", "]"])
def test_long_names_are_read_at_once(unit: str) -> None:
    name = "x[" + unit * (60_000 // len(unit)) + "x"
    began = time.thread_time()
    assert listed([(name, "a")]) == {name: "a"}
    assert time.thread_time() - began < 1


def test_a_single_indexed_value_is_a_list() -> None:
    assert listed([("to[]", "a"), ("text", "b")]) == {"to": ["a"], "text": "b"}


def test_other_brackets_belong_to_the_name() -> None:
    assert listed([("a[b]", "1"), ("DateSent>", "2")]) == {"a[b]": "1", "DateSent>": "2"}


def test_names_may_be_read_in_any_case() -> None:
    assert listed([("HTML", "a"), ("replyTo", "b"), ("To", "c"), ("to", "d")], any_case=True) == {
        "html": "a",
        "replyto": "b",
        "to": ["c", "d"],
    }


def test_a_query_is_read_for_get(app: Flask) -> None:
    assert given(app, "/?a=1&b=2&b=3", method="GET").fields == {"a": "1", "b": ["2", "3"]}


@pytest.mark.parametrize("query", ["a=%FF", "%ED%A0%80=a"])
def test_a_query_that_is_no_utf8_is_refused(app: Flask, query: str) -> None:
    with pytest.raises(RequestError, match="UTF-8"):
        given(app, f"/?{query}", method="GET")
    assert given(app, "/?a=%E3%81%82%&b=あ", method="GET").fields == {"a": "あ%", "b": "あ"}


def test_forms_and_json_are_read(app: Flask) -> None:
    assert given(app, data={"a": ["1", ""], "b": "é"}).fields == {"a": ["1", ""], "b": "é"}
    assert given(app, json={"a": [1, None], "b": {"c": True}}).fields == {"a": [1, None], "b": {"c": True}}
    assert given(app, data=b"").fields == {}


def test_files_of_a_form_are_read(app: Flask) -> None:
    files = [(io.BytesIO(b"%PDF"), "a.pdf"), (io.BytesIO(b"%PNG"), "b.png")]
    with app.test_request_context("/", method="POST", data={"to": ["a", "b"], "attachment": files}):
        got = read()
        assert got.fields == {"to": ["a", "b"]}
        assert [(name, file.filename, file.read()) for name, file in got.files] == [
            ("attachment", "a.pdf", b"%PDF"),
            ("attachment", "b.png", b"%PNG"),
        ]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"data": b"{}", "content_type": "text/plain"}, 415),
        ({"data": b"[1]", "content_type": "application/json"}, 400),
        ({"data": b"{", "content_type": "application/json"}, 400),
        ({"data": b"a=%ff", "content_type": "application/x-www-form-urlencoded"}, 400),
        ({"data": b"a=1&" * 2_001, "content_type": "application/x-www-form-urlencoded"}, 400),
        ({"data": b"{}", "content_type": "application/json", "headers": {"Content-Encoding": "gzip"}}, 415),
    ],
)
def test_an_unreadable_body_is_refused(app: Flask, request_: dict[str, Any], code: int) -> None:
    with pytest.raises(RequestError) as refused:
        given(app, **request_)
    assert refused.value.status == code


def test_a_long_body_is_refused(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data={"a": "x" * 200}), pytest.raises(RequestEntityTooLarge):
        vendor_requests.read(100)


def test_single_values_and_lists_are_exchanged() -> None:
    assert (many(None), many(""), many("a"), many(["a"])) == ([], [], ["a"], ["a"])
    assert (one(None), one([]), one("a"), one(["a", "b"])) == (None, None, "a", "b")
    assert comma_separated(["a,b", "c", 5]) == comma_separated("a,b,c") == ["a", "b", "c"]
