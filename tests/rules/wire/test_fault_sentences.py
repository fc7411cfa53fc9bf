"""Faults in our own words."""

from typing import Any

import pytest

from shortener.rules.wire.fault_sentences import sentence


@pytest.mark.parametrize(
    ("kind", "limits", "expected"),
    [
        ("missing", {}, "is required"),
        ("greater_than_equal", {"ge": 1.0}, "must be at least 1"),
        ("less_than_equal", {"le": 604800}, "must be at most 604800"),
        ("string_too_short", {"min_length": 1}, "must not be empty"),
        ("string_too_short", {"min_length": 32}, "must be at least 32 characters"),
        ("too_long", {"max_length": 10}, "must have at most 10 entries"),
        ("too_short", {"min_length": 2}, "must have at least 2 entries"),
        ("too_short", {"min_length": 1}, "must not be empty"),
        ("dataclass_type", {"class_name": "Ours"}, "must be a JSON object"),
        ("model_type", {"class_name": "Ours"}, "must be a JSON object"),
        ("string_pattern_mismatch", {"pattern": "^MG"}, "must match ^MG"),
        ("of_a_later_version", {}, "is not valid"),
        ("literal_error", {"expected": "'on' or 'off'"}, "must be 'on' or 'off'"),
    ],
)
def test_known_faults_have_our_words(kind: str, limits: dict[str, Any], expected: str) -> None:
    assert sentence(kind, limits, "Input should be valid") == expected


@pytest.mark.parametrize(
    ("given", "counted"), [("abc", "be at most 2 characters"), ([1] * 3, "have at most 2 entries")]
)
def test_a_limit_counts_what_was_given(given: object, counted: str) -> None:
    limits = {"field_type": "Value", "max_length": 2, "actual_length": 3}
    assert sentence("too_long", limits, "Value should be valid", given) == f"must {counted}"


def test_our_validators_speak_for_themselves() -> None:
    assert sentence("value_error", {}, "Value error, must be a host") == "must be a host"
