"""Sentences that are stored in English, on Japanese and on English pages."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import force_locale

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.web.dashboard.stored_sentences import attempt_detail, exhausted_because, requested_by

STORED = "answered 500; only 200 counts as delivered"
FAILED = [outcome for outcome in AttemptOutcome if outcome not in ("running", "delivered", "taken")]
ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,}")


@pytest.fixture
def japanese(app: Flask) -> Iterator[None]:
    with app.test_request_context(headers={"Accept-Language": "ja"}), force_locale("ja"):
        yield


@pytest.mark.parametrize("outcome", FAILED)
def test_every_failure_is_explained_in_japanese(japanese: None, outcome: str) -> None:
    sentence = attempt_detail(STORED, outcome, 500)
    assert sentence.endswith("。")
    assert not ENGLISH.search(sentence)


def test_a_redirect_is_explained_as_one(japanese: None) -> None:
    assert "リダイレクト" in attempt_detail("answered 302 to 'https://b.example/'", "answered", 302)
    assert "リダイレクト" not in attempt_detail(STORED, "answered", 500)


def test_the_systems_own_message_is_added(japanese: None) -> None:
    sentence = attempt_detail("no connection could be made (Connection refused)", "refused", None)
    assert sentence == "通知先に接続できませんでした。詳細：Connection refused"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("the storage answered 404 NoSuchBucket", "ファイルを書き込めませんでした。詳細：404 NoSuchBucket"),
        ("/srv/out: Permission denied", "ファイルを書き込めませんでした。詳細：/srv/out: Permission denied"),
        ("/srv/a.csv: a file of that name is already there", "保存先に同じ名前のファイルまたはフォルダーがあります。"),
        ("the storage did not answer in time", "保存先から時間内に応答がありませんでした。"),
    ],
)
def test_why_no_file_was_written(japanese: None, stored: str, shown: str) -> None:
    assert attempt_detail(stored, "unwritten", None) == shown


def test_an_unknown_value_is_shown_as_stored(japanese: None) -> None:
    assert attempt_detail("some later sentence", "some-later-outcome", None) == "some later sentence"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("all 6 attempts failed", "6回の送信がすべて失敗しました"),
        ("started 25 times; our own processes ended", "送信の途中で、このシステムが繰り返し停止しました"),
    ],
)
def test_the_reason_of_the_end_is_japanese(japanese: None, stored: str, shown: str) -> None:
    assert exhausted_because(stored) == shown


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("person olive", "ユーザー「olive」"), ("account shop", "アカウント「shop」"), ("other", "other")],
)
def test_the_requester_of_a_replay_is_named(japanese: None, stored: str, shown: str) -> None:
    assert requested_by(stored) == shown


def test_english_pages_show_sentences_as_stored(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert attempt_detail(STORED, "answered", 500) == STORED
        assert attempt_detail(None, "running", None) == ""
        assert exhausted_because("all 6 attempts failed") == "all 6 attempts failed"
        assert requested_by("person olive") == "person olive"
