"""Placeholders are filled in for every recipient; those without a value stay."""

import time

import pytest

from shortener.vendors.infobip.email.placeholders import filled, values


def test_a_placeholder_gets_its_value() -> None:
    text = "Hello {{name}}, {{ name }}! {{city}} {name} {{name"
    assert filled(text, {"name": "Anna"}) == "Hello Anna, Anna! {{city}} {name} {{name"


def test_defaults_come_after_values() -> None:
    assert filled("{{a}} {{b}} {{c}}", {"a": "1"}, {"a": "2", "b": "3"}) == "1 3 {{c}}"
    assert filled("{{a}}", {}, {"a": "2"}) == "2"


@pytest.mark.parametrize("unit", ["{{a" + " " * 5_000, "{", "{{a", " ", "{{ }"])
def test_open_placeholders_are_read_at_once(unit: str) -> None:
    text = "{{a" + unit * (1_000_000 // len(unit))
    began = time.thread_time()
    assert filled(text, {"b": "c"}) == text
    assert time.thread_time() - began < 1


def test_a_value_is_not_filled_in_again() -> None:
    assert filled("{{a}} {{b}}", {"a": "{{b}}", "b": "{{a}} \\1"}) == "{{b}} {{a}} \\1"


def test_nothing_stays_nothing() -> None:
    assert filled(None, {"a": "b"}) is None
    assert filled("", {"a": "b"}) == ""
    assert filled("{{a}}", {}) == "{{a}}"


def test_values_cannot_make_a_text_endless() -> None:
    assert filled("{{a}}" * 10, {"a": "b" * 100_000}) == "b" * 1_000_000
    with pytest.raises(ValueError, match="must have values of at most 1,000,000 characters"):
        filled("{{a}}" * 100_000, {"a": "b" * 100_000})


def test_values_come_as_json_text_too() -> None:
    assert values('{"name": "Anna", "count": 3, "none": null, "list": [1]}') == {
        **{"name": "Anna", "count": "3", "none": "", "list": "[1]"}
    }
    assert values({"a": "b"}) == {"a": "b"}
    assert values(None) == values("null") == {}


def test_values_may_be_nested() -> None:
    assert values('{"a": {"b": [1, {"c": null}]}}') == {"a": '{"b": [1, {"c": null}]}'}


@pytest.mark.parametrize("depth", [101, *range(900, 1000)])
def test_deep_values_are_refused(depth: int) -> None:
    with pytest.raises(ValueError, match="must be a JSON object of placeholders"):
        values(f'{{"a": {"[" * depth}{"]" * depth}}}')


@pytest.mark.parametrize("given", ["no json", "[1]", "3", 3, ["a"], "[" * 100_000])
def test_anything_else_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="must be a JSON object of placeholders"):
        values(given)
