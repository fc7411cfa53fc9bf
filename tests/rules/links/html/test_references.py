"""Attribute values are decoded as browsers do, and encoded so that they read the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.links.html.references import as_url, decode, encode
from tests.support.html_oracle import start_tags


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("?a=1&amp;b=2", "?a=1&b=2"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("?a=1&copy2", "?a=1&copy2"),
        ("?a=1&copy", "?a=1©"),
        ("?a=1&copy;=2", "?a=1©=2"),
        ("?a&lang=en&lang;", "?a&lang=en⟨"),
        ("&#x68;&#116;tp", "http"),
        ("&#128;&#x81;&#0;&#xD800;&#x110000;", "€\x81\ufffd\ufffd\ufffd"),
        ("&unknown;&;&#;&#x;", "&unknown;&;&#;&#x;"),
        ("a\r\nb\rc\0", "a\nb\nc\ufffd"),
    ],
)
def test_references_are_decoded_in_attributes(raw: str, expected: str) -> None:
    assert decode(raw) == expected


def test_endless_number_is_no_character() -> None:
    assert decode(f"&#{'9' * 1_000_000};") == "\ufffd"


@pytest.mark.parametrize("quote", ['"', "'", ""])
@given(value=st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1))
def test_encoded_value_reads_the_same(quote: str, value: str) -> None:
    assert start_tags(f"<a href={quote}{encode(value)}{quote}>")[0].attributes == {"href": value}


def test_url_is_read_without_line_ends() -> None:
    assert as_url(" \n https://example.com/a\n\tb ") == "https://example.com/ab"
