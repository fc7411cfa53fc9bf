"""What would become of a link or a message, without storing anything."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from shortener.storage import db
from shortener.storage.models import Message
from tests.support.corpora import needs_corpora, rows
from tests.support.factories import TARGET, TEXT, Sender, make_account


def ask(client: FlaskClient, sender: Sender, **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/links/check", json=fields, headers=sender.bearer)
    document: dict[str, Any] = answer.get_json(force=True)
    return document | {"status": answer.status_code}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://#{name}", "variable"),
        ("https://https://www.example.com", "doubled"),
        ("https://localhost/x", "localhost"),
        ("https://www.example.c", "tld"),
        ("ftp://example.com/x", "scheme"),
        ("https://user@example.com/", "userinfo"),
        ("https://10.0.0.1/", "private"),
        ("https://s.example.com/abc", "own"),
    ],
)
def test_a_forbidden_target_gets_a_reason(client: FlaskClient, sender: Sender, url: str, reason: str) -> None:
    told = ask(client, sender, url=url)
    assert (told["status"], told["valid"], told["reason"]) == (200, False, reason)
    assert told["detail"].endswith(".")


def test_a_good_url_shows_its_target(client: FlaskClient, sender: Sender) -> None:
    told = ask(client, sender, url="https://例え.jp/道")
    assert told["valid"] is True
    assert (told["link"], told["location"]) == ("https://例え.jp/道", "https://xn--r8jz45g.jp/%E9%81%93")


def test_a_message_shows_rewritten_and_skipped_links(client: FlaskClient, sender: Sender) -> None:
    told = ask(client, sender, message=f"day.so {TEXT}")
    assert told["message"] == f"day.so {TEXT}".replace(TARGET, "https://s.example.com/XXXXXXXXXX")
    assert told["link"] == {"link": TARGET, "location": TARGET, "text": TARGET}
    assert [(piece["text"], piece["reason"]) for piece in told["skipped"]] == [("day.so", "word")]
    assert told["sms"]["parts_after"] == 1


def test_all_links_are_shown_if_asked(client: FlaskClient, sender: Sender) -> None:
    told = ask(client, sender, message=f"{TEXT} https://b.example.com", track="all")
    assert [link["text"] for link in told["links"]] == [TARGET, "https://b.example.com"]
    assert told["message"].count("https://s.example.com/XXXXXXXXXX") == 2
    assert told["link"] == told["links"][0]


def test_a_live_shortlink_is_judged_like_a_real_call(client: FlaskClient, sender: Sender) -> None:
    sent = client.post("/v1/messages", json={"message": TEXT}, headers=sender.bearer).get_json()
    text = f"{sent['message']} https://other.example.org/b"
    told = ask(client, sender, message=text)
    assert (told["message"], told["link"]) == (text, None)
    assert [piece["reason"] for piece in told["skipped"]] == ["own", "kept"]


def test_nothing_is_stored(client: FlaskClient, sender: Sender) -> None:
    ask(client, sender, message=TEXT)
    with db.read() as session:
        assert session.scalars(select(func.count()).select_from(Message)).one() == 0


def test_the_accounts_defaults_hold_unless_the_question_says_otherwise(client: FlaskClient, app: object) -> None:
    smart = make_account("smart", detection="smart", bare_domains="off")
    assert ask(client, smart, message="なれば。https://example.jp/aです")["link"]["text"] == "https://example.jp/a"
    assert ask(client, smart, message="see example.com/a")["link"] is None
    assert ask(client, smart, message="see example.com/a", bare_domains="careful")["link"]["text"] == "example.com/a"
    assert ask(client, smart, message="なれば。https://example.jp/aです", detection="strict")["link"] is None


@pytest.mark.parametrize("fields", [{}, {"url": "x", "message": "y"}, {"url": 5}, {"url": ""}, {"link": "x"}])
def test_a_question_that_cannot_be_understood_is_422(
    client: FlaskClient, sender: Sender, fields: dict[str, Any]
) -> None:
    assert ask(client, sender, **fields)["status"] == 422


@needs_corpora
def test_the_links_that_a_korean_service_refuses_are_refused(client: FlaskClient, sender: Sender) -> None:
    urls = [row["url"] for row in rows("url-validity/naver-link-checks.jsonl")]
    assert [ask(client, sender, url=url)["valid"] for url in urls] == [False] * 10


def test_the_other_detection_is_named_when_different(client: FlaskClient, sender: Sender) -> None:
    body = ask(client, sender, message="詳細はhttps://a.example.com/1へ")
    assert body["link"] is None
    assert [piece["reason"] for piece in body["skipped"]] == ["glued"]
    assert body["other"] == {
        "detection": "smart",
        "link": {
            "link": "https://a.example.com/1",
            "location": "https://a.example.com/1",
            "text": "https://a.example.com/1",
        },
    }
    assert ask(client, sender, message="see https://a.example.com/1")["other"] is None
    assert ask(client, sender, message="day.so", detection="smart")["other"] is None
