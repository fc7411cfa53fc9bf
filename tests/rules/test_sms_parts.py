"""How many SMS parts a text needs, at the boundaries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.sms_parts import BASIC, EXTENSION, Sms, count
from tests.support.corpora import needs_corpora, rows


@pytest.mark.parametrize(
    ("text", "sms"),
    [
        ("", Sms("GSM-7", 1)),
        ("a" * 160, Sms("GSM-7", 1)),
        ("a" * 161, Sms("GSM-7", 2)),
        ("a" * 306, Sms("GSM-7", 2)),
        ("a" * 307, Sms("GSM-7", 3)),
        ("€" * 80, Sms("GSM-7", 1)),
        ("€" * 80 + "a", Sms("GSM-7", 2)),
        ("あ" * 70, Sms("UCS-2", 1)),
        ("あ" * 71, Sms("UCS-2", 2)),
        ("あ" * 134, Sms("UCS-2", 2)),
        ("あ" * 135, Sms("UCS-2", 3)),
        ("\U0001f600" * 35, Sms("UCS-2", 1)),
        ("\U0001f600" * 36, Sms("UCS-2", 2)),
        ("a`", Sms("UCS-2", 1)),
        ("\r\n\f[]{}\\^~|", Sms("GSM-7", 1)),
    ],
)
def test_the_limits_are_those_of_the_standard(text: str, sms: Sms) -> None:
    assert count(text) == sms


def test_an_escaped_character_is_not_split() -> None:
    """152 + the pair + 152: it leaves one place unused in the first part, and then the second is too short."""
    assert count("a" * 152 + "€" + "a" * 151) == Sms("GSM-7", 2)
    assert count("a" * 152 + "€" + "a" * 152) == Sms("GSM-7", 3)
    assert len("a" * 152 + "€" + "a" * 152) + 1 == 306  # which fits into two without the rule


def test_a_surrogate_pair_is_not_split() -> None:
    assert count("あ" * 66 + "\U0001f600" + "あ" * 65) == Sms("UCS-2", 2)
    assert count("あ" * 66 + "\U0001f600" + "あ" * 66) == Sms("UCS-2", 3)


def test_half_a_surrogate_pair_counts_as_one_unit() -> None:
    assert count("\ud800" * 70) == Sms("UCS-2", 1)


def test_the_alphabet_has_the_size_of_the_standards_tables() -> None:
    assert len(BASIC) == 127  # 128 places without the escape
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@given(st.text(max_size=400), st.text(max_size=40))
def test_a_longer_text_never_takes_fewer_parts(text: str, more: str) -> None:
    assert count(text + more).parts >= count(text).parts


@given(st.text(max_size=700))
def test_parts_hold_what_they_hold(text: str) -> None:
    sms = count(text)
    units = (
        sum(2 if char in EXTENSION else 1 for char in text)
        if sms.encoding == "GSM-7"
        else len(text.encode("utf-16-le", "surrogatepass")) // 2
    )
    single, each = (160, 153) if sms.encoding == "GSM-7" else (70, 67)
    assert sms.parts == 1 if units <= single else -(-units // each) <= sms.parts <= -(-units // (each - 1))


# National shift tables are not ours; one sender turns characters outside GSM and Welsh into others before it counts.
OURS = [
    item
    for item in rows("sms-segments/segments.jsonl")
    if "segments" in item and item.get("method") != "countWithShiftTables" and "downgraded" not in item.get("note", "")
]


@needs_corpora
def test_the_published_segment_counts_are_met() -> None:
    assert len(OURS) > 40
    wrong = []
    for item in OURS:
        sms = count(item["text"])
        if (sms.parts, sms.encoding) != (item["segments"], item.get("encoding", sms.encoding)):
            wrong.append((item["id"], sms))
    assert wrong == []
