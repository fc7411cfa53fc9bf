"""Reasons: each has its sentences, and no code is lost."""

import re

import pytest

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import CODES, MEANINGS, Reason, explanation, shown


def test_every_reason_has_both_sentences() -> None:
    assert set(MEANINGS) == set(Reason)
    for meaning in MEANINGS.values():
        assert re.fullmatch(r"[A-Z][ -~]+\.", meaning.en)
        assert meaning.ja.endswith("。") and re.search(r"[ぁ-ん]", meaning.ja)


def test_no_two_reasons_share_a_sentence() -> None:
    assert len({meaning.en for meaning in MEANINGS.values()}) == len(Reason)
    assert len({meaning.ja for meaning in MEANINGS.values()}) == len(Reason)


def test_the_table_has_thirty_codes() -> None:
    numbers = [*range(18), *range(20, 24), 39, 41, *range(50, 55), 99]
    assert list(CODES) == [str(number) for number in numbers]
    assert len(set(CODES.values())) == 30


@pytest.mark.parametrize(
    ("code", "permanent"), [("1", False), ("2", False), ("3", True), ("15", False), ("16", False), ("54", True)]
)
def test_a_reason_says_whether_it_is_permanent(code: str, permanent: bool) -> None:
    assert MEANINGS[CODES[code]].permanent is permanent


def test_a_reason_is_explained_in_two_languages() -> None:
    assert explanation(Reason.BUSY, "7") == "The phone was busy. Try again."
    assert explanation(Reason.BUSY, "7", "ja") == "電話機が使用中でした。もう一度送ってください。"


def test_an_unlisted_code_is_told() -> None:
    assert shown(None, "4711") is Reason.UNKNOWN
    assert explanation(None, "4711") == "The gateway says 4711, which is not in our table."
    assert "4711" in (explanation(None, "4711", "ja") or "")


def test_our_own_states_explain_themselves() -> None:
    assert explanation(None, "", state=MessageState.UNKNOWN) == "Nobody has said what became of it."
    assert "有効期間" in (explanation(None, "", "ja", state=MessageState.EXPIRED) or "")
    assert explanation(None, "", state=MessageState.FAILED) is None
    assert "4711" in (explanation(None, "4711", state=MessageState.EXPIRED) or "")


def test_without_reason_and_code_nothing_is_said() -> None:
    assert shown(None, "") is None
    assert explanation(None, "") is None
