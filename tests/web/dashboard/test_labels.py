"""What is wrong with a field, in the reader's language."""

import pytest
from flask import Flask

from shortener.rules.delivery.receiver import Policy, check
from shortener.rules.links.skip_reason import SkipReason
from shortener.web.dashboard import labels
from shortener.web.dashboard.language import spoken

POLICY = Policy(ports=frozenset({443}), allow_http=False, own_hosts=frozenset({"own.example"}))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "http://a.example/",
        "https://a.example:8080/",
        "https://user@a.example/",
        "https://a.example/#top",
        "https://a.example/é",
        "https://-/",
        "https://0x7f.1/",
        "https://127.0.0.1/",
        "https://own.example/",
    ],
)
def test_every_fault_of_a_callback_url_has_a_label(url: str) -> None:
    assert check(url, POLICY) in labels.FAULTS


def test_an_unlabelled_fault_shows_only_in_english(app: Flask) -> None:
    for language, shown in (("en", "must be one of 1, 7"), ("ja", "使用できない値です")):
        with app.test_request_context(headers={"Accept-Language": language}):
            assert spoken() == language
            assert labels.faults(["must be one of 1, 7"]) == [shown]


@pytest.mark.parametrize("reason", SkipReason)
def test_pages_and_api_word_skip_reasons_alike(app: Flask, reason: SkipReason) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert str(labels.SKIPPED[reason]).replace("`", "") == reason.sentence.replace("`", "")
