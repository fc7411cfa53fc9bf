"""Who a visitor is, by agents that are facts of the web and by published corpora."""

import pytest

from shortener.rules.visitor import Visitor, classify, default_rules, is_prefetch, reaches

PEOPLE = [
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Safari Line/14.9.0",
]
PREVIEWS = ["WhatsApp/2.23.20.0 A", "TelegramBot (like TwitterBot)", "GoogleMessages"]


@pytest.mark.parametrize("agent", PEOPLE)
def test_a_browser_is_a_person(agent: str) -> None:
    assert classify(agent, {}, default_rules()).visitor is Visitor.PERSON


@pytest.mark.parametrize("agent", PREVIEWS)
def test_a_messenger_that_draws_a_preview_is_a_preview(agent: str) -> None:
    assert classify(agent, {}, default_rules()).visitor is Visitor.PREVIEW


@pytest.mark.parametrize("agent", ["", " ", "curl/8.5.0", "Mozilla/5.0"])
def test_a_program_is_a_bot(agent: str) -> None:
    assert classify(agent, {}, default_rules()).visitor is Visitor.BOT


def test_a_preview_reaches_only_the_widest_threshold() -> None:
    assert not reaches(Visitor.PREVIEW, "person_or_unknown")
    assert reaches(Visitor.PREVIEW, "any")


def test_a_prefetch_is_told_by_its_header_in_any_case() -> None:
    assert is_prefetch({"sec-purpose": "Prefetch;prerender"})
    assert not is_prefetch({"x-purpose": "preview"})
