"""The strict decoder: what it refuses, and what it reports."""

import json

import pytest

from shortener.rules.wire.strict_json import DECODER, DEEPEST, LENIENT, nests_deeper


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "1e999", "[-1e999]"])
def test_numbers_outside_json_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not JSON|is too large"):
        DECODER.decode(text)


@pytest.mark.parametrize("text", ["", "{", "[1,]", "{'a': 1}", "1 2"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        DECODER.decode(text)


def test_repeated_fields_are_named() -> None:
    found = DECODER.decode('{"a": 1, "b": 2, "a": 3, "c": {"d": 1, "d": 2}}')
    assert (found, found.repeated) == ({"a": 3, "b": 2, "c": {"d": 2}}, ("a",))
    assert found["c"].repeated == ("d",)
    assert DECODER.decode('{"a": 1}').repeated == ()


def test_the_lenient_decoder_accepts_long_numbers() -> None:
    assert LENIENT.raw_decode("1" * 5000)[1] == 5000


def test_levels_of_both_kinds_count() -> None:
    assert [nests_deeper(value, 2) for value in (1, "[[[", [], {"a": [1]}, [{}, 1])] == [False] * 5
    assert [nests_deeper(value, 2) for value in ([[[]]], {"a": {"b": {}}}, [1, {"a": [2]}])] == [True] * 3


def test_no_document_is_too_deep_to_examine() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert nests_deeper(deep)
    assert not nests_deeper(DECODER.decode("[" * DEEPEST + "]" * DEEPEST))
