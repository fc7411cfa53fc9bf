"""A body's entries: the same for every split into chunks; a faulty entry does not affect others."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.wire.json_stream import (
    BROKEN,
    NO_ARRAY,
    NO_END,
    NOT_OBJECT,
    NOT_UTF8,
    ODD_VALUE,
    TOO_LONG,
    Entry,
    Fault,
    of_array,
    of_lines,
)
from shortener.rules.wire.strict_json import Object
from shortener.validation.types import HTML_LENGTH, MESSAGE_LENGTH

LIMIT = 60  # the property does not depend on it, and small bodies reach it
Read = Callable[[Iterable[bytes], int], Iterator[Entry]]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
space = st.text(" \t\r\n", max_size=3)
# Whole arrays and lines, and variants with chunks lost, doubled or swapped.
arrays = st.lists(values, max_size=6).flatmap(
    lambda items: st.sampled_from([json.dumps(items), json.dumps(items, ensure_ascii=False, indent=1)])
)
lines = st.lists(values, max_size=6).map(lambda items: "\n".join(json.dumps(item) for item in items))
fragments = st.lists(
    st.sampled_from(['{"a": 1}', *'[],{}"\\1 \né', ".5", "e+", "NaN", "tru", "9" * 40]) | st.text(max_size=3),
    max_size=12,
).map("".join)
bodies = (arrays | lines | fragments | fragments.map(lambda text: f"[{text}]")).map(
    lambda text: text.encode("utf-8", "replace")
) | st.binary(max_size=40).map(lambda data: b'[{"a": "' + data + b'"}, {}]')


def pieces(body: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    return [body[start:end] for start, end in pairwise(places)]


def shown(entries: Iterator[Entry]) -> list[str]:
    """As text, because a NaN is not equal to itself, and with the repeated names."""
    return [repr((entry, getattr(entry, "repeated", None))) for entry in entries]


@pytest.mark.parametrize("read", [of_array, of_lines])
@given(body=bodies, cuts=st.lists(st.integers(0, 500), max_size=8))
def test_entries_are_the_same_however_the_body_is_cut(read: Read, body: bytes, cuts: list[int]) -> None:
    whole = shown(read([body], LIMIT))
    assert shown(read(pieces(body, cuts), LIMIT)) == whole
    assert shown(read([body[place : place + 1] for place in range(len(body))], LIMIT)) == whole


def is_strict(item: Any) -> bool:
    try:
        return bool(json.dumps(item, allow_nan=False))
    except ValueError:
        return False


@given(items=st.lists(values, max_size=8), cuts=st.lists(st.integers(0, 500)))
def test_an_arrays_entries_are_those_of_any_json_reader(items: list[Any], cuts: list[int]) -> None:
    found = list(of_array(pieces(json.dumps(items).encode(), cuts)))
    assert len(found) == len(items)
    for entry, item in zip(found, items, strict=True):
        if not is_strict(item):
            assert entry in (NOT_OBJECT, ODD_VALUE)
        else:
            assert entry == (item if isinstance(item, dict) else NOT_OBJECT)


@given(body=bodies)
def test_what_ends_the_body_comes_last(body: bytes) -> None:
    found = list(of_array([body], LIMIT))
    assert not any(isinstance(entry, Fault) and entry.ends for entry in found[:-1])
    assert not any(isinstance(entry, Fault) and entry.ends for entry in of_lines([body], LIMIT))


def array(body: bytes) -> list[Entry]:
    return list(of_array([body]))


def as_lines(body: bytes) -> list[Entry]:
    return list(of_lines([body]))


@pytest.mark.parametrize("body", [b"[]", b" [ ] ", b"\n[\n]\n", b"\xef\xbb\xbf[]"])
def test_an_empty_array_has_none(body: bytes) -> None:
    assert array(body) == []


@pytest.mark.parametrize("body", [b"", b"\n\n", b" \t\r\n ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_lines_of_white_space_are_none(body: bytes) -> None:
    assert as_lines(body) == []


@pytest.mark.parametrize("body", [b"", b" ", b"{}", b'{"message": "x"}', b"5", b'"[]"', b"\xff[]", b"null"])
def test_what_is_no_array_is_said_to_be_none(body: bytes) -> None:
    assert array(body) == [NO_ARRAY]


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        (b"", BROKEN),  # nothing shows that the last entry is complete
        (b",", NO_END),
        (b",]", NO_END),
        (b"]]", NO_END),
        (b"],", NO_END),
        (b"] {}", NO_END),
        (b" {}]", BROKEN),
        (b", {", BROKEN),
        (b", {]", BROKEN),
        (b", tru]", BROKEN),
        (b',"x]', BROKEN),
        (b", [" + b"[" * 100_000, BROKEN),
    ],
)
def test_entries_before_a_break_are_read(rest: bytes, fault: Fault) -> None:
    given = [] if rest[:1] not in (b",", b"]") else [{"a": 1}]
    assert array(b'[{"a": 1}' + rest) == [*given, fault]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (b"5", NOT_OBJECT),
        (b"null", NOT_OBJECT),
        (b'["x"]', NOT_OBJECT),
        (b'{"a": NaN}', ODD_VALUE),
        (b'{"a": -Infinity}', ODD_VALUE),
        (b'{"a": 1e999}', ODD_VALUE),
        (b'{"a": ' + b"9" * 5000 + b"}", ODD_VALUE),
        (b'{"a": "\xff"}', NOT_UTF8),
        (b'{"a": "\xe3\x81"}', NOT_UTF8),
    ],
)
def test_a_faulty_entry_does_not_affect_others(entry: bytes, fault: Fault) -> None:
    assert array(b'[{"a": 1},' + entry + b',{"b": 2}]') == [{"a": 1}, fault, {"b": 2}]
    assert as_lines(b'{"a": 1}\n' + entry + b'\r\n\n{"b": 2}') == [{"a": 1}, fault, {"b": 2}]


@pytest.mark.parametrize("line", [b"{", b"}", b'{"a": }', b"{} {}", b"[", b"\x00", b'{"a": "\t"}', b"tru"])
def test_an_invalid_line_does_not_affect_others(line: bytes) -> None:
    first, fault, last = as_lines(b'{"a": 1}\n' + line + b'\n{"b": 2}')
    assert (first, last) == ({"a": 1}, {"b": 2})
    assert isinstance(fault, Fault)
    assert fault.code == "invalid_json"


def test_lines_end_at_line_feeds_and_at_nothing_else() -> None:
    text = "a\u2028b\u0085c\u2029d"
    assert as_lines(json.dumps({"a": text}, ensure_ascii=False).encode()) == [{"a": text}]


def test_a_field_that_came_twice_is_remembered() -> None:
    [entry] = array(b'[{"a": 1, "b": 2, "a": {"c": 1, "c": 2}}]')
    assert isinstance(entry, Object)
    assert entry.repeated == ("a",)
    assert entry == {"a": {"c": 2}, "b": 2}


def test_a_line_that_is_too_long_is_passed_over() -> None:
    long = b'{"a": "' + b"x" * 100 + b'"}'
    assert list(of_lines([b'{"a": 1}\n', long[:50], long[50:], b'\n{"b": 2}'], LIMIT)) == [{"a": 1}, TOO_LONG, {"b": 2}]
    assert list(of_lines([long], LIMIT)) == [TOO_LONG]


def test_an_overlong_entry_ends_the_array() -> None:
    long = b'{"a": "' + b"x" * 100 + b'"}'
    assert list(of_array([b'[{"a": 1},' + long + b',{"b": 2}]'], LIMIT)) == [{"a": 1}, BROKEN]


def test_no_more_is_read_than_the_entry_needs() -> None:
    read = []

    def endless() -> Iterator[bytes]:
        yield b"["
        while True:
            read.append(1)
            yield b'{"a": 1},'

    entries = of_array(endless())
    assert [next(entries) for _ in range(100)] == [{"a": 1}] * 100
    assert len(read) <= 101


@pytest.mark.parametrize("read", [of_array, of_lines])
@pytest.mark.parametrize("letter", ['"', "\u3042", "x"])
def test_the_longest_html_fits_into_an_entry(read: Callable[[Iterable[bytes]], Iterator[Entry]], letter: str) -> None:
    fields = {"html": letter * HTML_LENGTH, "message": letter * MESSAGE_LENGTH}
    body = json.dumps([fields])[slice(None) if read is of_array else slice(1, -1)].encode()
    parts = [body[start : start + 65_536] for start in range(0, len(body), 65_536)]
    assert [entry == fields for entry in read(parts)] == [True]
