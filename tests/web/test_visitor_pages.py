"""The pages that a recipient may see."""

import hashlib
import re
from base64 import b64encode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shortener.config.settings import Settings
from shortener.running.services import services
from shortener.web import visitor_pages
from shortener.web.visitor_texts import RETRY, TEXTS
from tests.conftest import running
from tests.support.factories import BROWSER


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("ja,en;q=0.8", "ja"),
        ("ja", "ja"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
        ("ko-KR", "ko"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-SG", "zh-Hans"),
        ("zh-Hans", "zh-Hans"),
        ("zh-Hans-HK", "zh-Hans"),
        ("zh_CN", "zh-Hans"),
        ("zh-CN,zh;q=0.9,en;q=0.8,zh-TW;q=0.7", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-MO", "zh-Hant"),
        ("zh-Hant", "zh-Hant"),
        ("zh_Hant_TW", "zh-Hant"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant"),
        ("zh-Hant-HK,zh-Hant;q=0.9,en;q=0.8", "zh-Hant"),
        ("zh-CN;q=0.5,zh-TW;q=0.9", "zh-Hant"),
        ("zh-TW;q=0,zh;q=0.1", "zh-Hans"),
        ("JA-jp", "ja"),
        ("fr-FR,fr;q=0.9,ko;q=0.4,en;q=0.3", "ko"),
        ("en;q=0.3, ja;q=0.9", "ja"),
        ("en-GB,en;q=0.9,ja;q=0.8", "en"),
        ("ja;q=0,ko;q=0.1", "ko"),
        ("*", "en"),
        ("*,ja;q=0.5", "ja"),
        ("fr-FR", "en"),
        ("jam,kok,zhx", "en"),
        ("", "en"),
        (";;;q=x,\x7f", "en"),
        ("ja;q=one,ko;q=0.5", "ko"),
    ],
)
def test_the_page_speaks_the_browsers_language(client: FlaskClient, app: object, asked: str, given: str) -> None:
    answer = client.get("/AAAAAAAAAA", headers={"Accept-Language": asked})
    assert f'<html lang="{given}">' in answer.text
    assert f"<h1>{TEXTS[given]['unknown'].title}</h1>" in answer.text
    assert answer.headers["Content-Language"] == given
    assert answer.headers["Vary"] == "Accept-Language"


@pytest.mark.parametrize("language", TEXTS)
def test_a_language_has_every_page_and_no_text_twice(language: str) -> None:
    texts = TEXTS[language]
    assert set(texts) == set(TEXTS["en"])
    assert len({text.title for text in texts.values()}) == len({text.sentence for text in texts.values()}) == len(texts)
    assert all([*texts.values(), RETRY[language]])


@pytest.mark.parametrize("language", set(TEXTS) - {"en"})
def test_no_text_is_left_in_english(language: str) -> None:
    texts = [*TEXTS[language].values(), (RETRY[language],)]
    assert [text for text in texts if re.search("[a-z]", "".join(text))] == []


def test_a_page_is_shown_while_translations_cannot_be_read(
    client: FlaskClient, app: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise OSError

    monkeypatch.setattr("babel.support.Translations.load", broken)
    answer = client.get("/AAAAAAAAAA", headers={"Accept-Language": "ja"})
    assert TEXTS["ja"]["unknown"].title in answer.text


@pytest.mark.parametrize("name", TEXTS["en"])
@pytest.mark.parametrize("language", TEXTS)
def test_a_page_is_small_and_self_contained(settings: Settings, name: str, language: str) -> None:
    long = {"sender_name": "店" * 80, "sender_contact": "https://shop.example.com/" + "x" * 175}
    with running(settings.model_copy(update=long)) as app:
        with app.test_request_context(headers={"Accept-Language": language}):
            answer = visitor_pages.page(503, name)
        assert len(answer.data) < 4096
        text = answer.get_data(as_text=True).replace(f'href="{long["sender_contact"]}"', "")
        assert not re.search(r"<script|<link|<img|<iframe|@import|url\(| on[a-z]+=|(src|href|style)=\"[^\"]", text)


def test_a_page_allows_only_its_style(client: FlaskClient, app: object) -> None:
    answer = client.get("/AAAAAAAAAA", headers={"User-Agent": BROWSER})
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["unknown", "expired", "off", "failed"])
def test_a_page_shows_the_senders_contact(settings: Settings, name: str) -> None:
    told = {"sender_name": "<b>\"Tom' & Co</b>", "sender_contact": "https://shop.example.com/?a=1&b='2\"><script>"}
    with running(settings.model_copy(update=told)) as app, app.test_request_context():
        text = visitor_pages.page(410, name).get_data(as_text=True)
    assert "&lt;b&gt;&#34;Tom&#39; &amp; Co&lt;/b&gt;" in text
    assert '<a href="https://shop.example.com/?a=1&amp;b=&#39;2&#34;&gt;&lt;script&gt;">' in text
    assert "<script" not in text


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"sender_name": "Example Shop"}, '<b dir="auto">Example Shop</b>'),
        (
            {"sender_contact": "help@shop.example.com"},
            '<a href="mailto:help@shop.example.com">help@shop.example.com</a>',
        ),
        ({"sender_contact": "+81 3-5550-1234"}, '<a href="tel:+81355501234">+81 3-5550-1234</a>'),
    ],
)
def test_name_and_contact_stand_alone_too(settings: Settings, told: dict[str, str], kept: str) -> None:
    with running(settings.model_copy(update=told)) as app:
        text = app.test_client().get("/AAAAAAAAAA").text
    assert f"<address>\n{kept}\n</address>" in text


def test_where_neither_is_set_nothing_stands_in_their_place(client: FlaskClient, app: object) -> None:
    assert "<address>" not in client.get("/AAAAAAAAAA").text


def test_only_the_patience_page_offers_retry(client: FlaskClient, app: Flask) -> None:
    other = client.get("/AAAAAAAAAA").text
    assert "<a " not in other
    assert "http-equiv" not in other
    with app.test_request_context():
        text = visitor_pages.page(503, "unavailable").get_data(as_text=True)
    assert '<a href="">Try again</a>' in text
    assert '<meta http-equiv="refresh" content="5">' in text


def test_where_a_fallback_is_set_dead_links_go_there(settings: Settings) -> None:
    with running(settings.model_copy(update={"fallback_url": "https://www.example.com/gone"})) as app:
        answer = app.test_client().get("/AAAAAAAAAA")
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://www.example.com/gone")
    assert "no-store" in answer.headers["Cache-Control"]


def test_crawlers_are_asked_to_stay_away(client: FlaskClient, app: object) -> None:
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_health_looks_at_the_database(client: FlaskClient, app: object) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (
        200,
        {"status": "ok", "clicks_spooled": 0, "clicks_lost": 0, "clock": "ok"},
    )


@pytest.mark.parametrize("fallback", [None, "https://www.example.com/"])
def test_the_bare_address_leads_somewhere(app: Flask, fallback: str | None) -> None:
    made = services()
    made.settings = made.settings.model_copy(update={"fallback_url": fallback})
    answer = app.test_client().get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, fallback or "/dashboard")
    assert (answer.headers["Cache-Control"], answer.data) == ("private, no-store", b"")


@pytest.mark.parametrize("path", ["/docs/", "/dashboard/sign-in/", "/healthz/", "/openapi.json/", "/robots.txt/"])
def test_a_slash_at_the_end_changes_nothing(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200
