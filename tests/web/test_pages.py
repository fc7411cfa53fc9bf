"""The small pages that a recipient may meet."""

import pytest
from flask.testing import FlaskClient

from shortener.config import Settings
from shortener.web.pages import LANGUAGES, WORDS
from tests.conftest import running
from tests.factories import BROWSER


@pytest.mark.parametrize(
    ("asked", "given", "title"),
    [
        ("ja,en;q=0.8", "ja", "リンクが見つかりません"),
        ("ko-KR,ko;q=0.9", "ko", "링크를 찾을 수 없습니다"),
        ("zh-TW", "zh", "找不到链接"),
        ("fr-FR", "en", "Link not found"),
        ("", "en", "Link not found"),
        (";;;q=x,\x7f", "en", "Link not found"),
    ],
)
def test_the_page_speaks_the_browsers_language(
    client: FlaskClient, app: object, asked: str, given: str, title: str
) -> None:
    answer = client.get("/AAAAAAAAAA", headers={"Accept-Language": asked})
    assert f'<html lang="{given}">' in answer.text
    assert f"<h1>{title}</h1>" in answer.text
    assert answer.headers["Content-Language"] == given


def test_every_page_has_every_language() -> None:
    assert {name: set(words) for name, words in WORDS.items()} == {name: set(LANGUAGES) for name in WORDS}


def test_a_page_is_small_and_runs_nothing(client: FlaskClient, app: object) -> None:
    answer = client.get("/AAAAAAAAAA", headers={"User-Agent": BROWSER})
    assert len(answer.data) < 4096
    assert "<script" not in answer.text
    assert "http" not in answer.text.replace("http-equiv", "")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Robots-Tag"] == "noindex"


def test_only_the_page_that_asks_for_patience_reloads_itself(client: FlaskClient, app: object) -> None:
    assert 'http-equiv="refresh"' not in client.get("/AAAAAAAAAA").text


def test_where_a_fallback_is_set_dead_links_go_there(settings: Settings) -> None:
    with running(settings.model_copy(update={"fallback_url": "https://www.example.com/gone"})) as app:
        answer = app.test_client().get("/AAAAAAAAAA")
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://www.example.com/gone")
    assert "no-store" in answer.headers["Cache-Control"]


def test_crawlers_are_asked_to_stay_away(client: FlaskClient, app: object) -> None:
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_health_looks_at_the_database(client: FlaskClient, app: object) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok", "clicks_spooled": 0, "clicks_lost": 0})
