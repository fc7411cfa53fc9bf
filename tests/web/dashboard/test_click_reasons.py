"""Reasons of clicks, in words."""

import pytest
from flask import Flask

from shortener.rules.visitors import agents
from shortener.rules.visitors.visitor import classify, default_rules
from shortener.web.dashboard.click_reasons import REASONS, click_reason
from shortener.web.dashboard.device_labels import APPS


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("browser", "a browser"),
        ("in-app:google", "the browser inside Google app"),
        ("token:^whatsapp", "its user agent begins with whatsapp"),
        ("token:bot", "its user agent contains bot"),
        ("network:203.0.113.0/24", "from the network 203.0.113.0/24, which the operator has listed"),
        ("a reason of another version", "a reason of another version"),
        ("in-app:", "in-app:"),
    ],
)
def test_a_reason_is_explained_in_words(app: Flask, stored: str, shown: str) -> None:
    with app.test_request_context("/dashboard"):
        assert click_reason(stored) == shown


def test_every_app_of_a_reason_has_a_name() -> None:
    assert {app for _, app in agents.IN_APP} | {*agents.PACKAGES.values()} <= {*APPS}


@pytest.mark.parametrize(
    ("agent", "headers"),
    [
        ("", {}),
        ("curl/8", {"accept-language": "en"}),
        ("a program", {}),
        ("Mozilla/5.0 AppleWebKit/537.36", {"sec-fetch-mode": "cors"}),
        ("Mozilla/5.0 AppleWebKit/537.36", {"sec-fetch-mode": "navigate"}),
        ("Mozilla/5.0 AppleWebKit/537.36", {"sec-ch-ua": "HeadlessChrome"}),
        ("x", {"purpose": "preview"}),
    ],
)
def test_what_classifies_has_its_words(agent: str, headers: dict[str, str]) -> None:
    reason = classify(agent, headers, default_rules()).reason
    assert reason in REASONS or reason.startswith("token:")
