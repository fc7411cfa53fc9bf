"""The strict decoder: what it refuses, and what it reports."""

import json

import pytest

from shortener.rules.wire.strict_json import DECODER, LENIENT


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
