"""The page of exports: who may start one, what it shows, and what becomes of faults."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shortener.config.settings import Settings
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Export
from tests.support.browsing import Browser
from tests.support.factories import Sender, make_message

PAGE, MESSAGES = "/dashboard/exports", "/dashboard/messages"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return Settings(**{**settings.model_dump(), "export_url": f"file://{tmp_path}/out"})


def exports() -> list[Export]:
    with db.read() as session:
        return list(session.scalars(select(Export).order_by(Export.id)))


def post(client: FlaskClient, sender: Sender, **fields: Any) -> None:
    assert client.post("/v1/exports", json={"format": "csv", **fields}, headers=sender.basic).status_code == 202


def test_an_owner_starts_an_export(owner: Browser, services: Services, tmp_path: Path, sender: Sender) -> None:
    make_message(sender, tags=["spring"])
    page = owner.send(owner.open(PAGE).form("/exports/start"), format="csv", name="all.csv")
    assert "The export has been started" in page.text and "waiting" in page.text
    services.exports.deliver_due()
    page = owner.open(PAGE)
    assert "written" in page.text and f"file://{tmp_path}/out/{sender.sid}/all.csv" in page.text
    assert page.html.count('class="num" data-label="Messages">1<') == 1


def test_the_filter_of_the_list_is_used(owner: Browser, sender: Sender) -> None:
    make_message(sender, tags=["spring"])
    page = owner.open(
        owner.open(f"{MESSAGES}?tag=spring&clicked=false&from=2025-01-01T00:00").links["Write to the storage"]
    )
    assert "spring" in page.text
    owner.send(page.form("/exports/start"))
    wanted = {"from": "2025-01-01T00:00:00.000000Z", "tag": "spring", "clicked": "false"}
    assert [export.wanted for export in exports()] == [wanted]


def test_a_viewer_sees_and_starts_nothing(viewer: Browser, client: FlaskClient, sender: Sender) -> None:
    make_message(sender)
    post(client, sender, name="all.csv")
    page = viewer.open(PAGE)
    assert "all.csv" in page.text
    assert [form.action for form in page.forms] == ["/dashboard/sign-out"]
    assert "Write to the storage" not in viewer.open(MESSAGES).links
    token = page.forms[0].fields
    for path in (f"{PAGE}/start", f"{PAGE}/{exports()[0].public_id}/cancel"):
        assert viewer.client.post(path, data={**token, "format": "csv"}).status_code == 403
    assert len(exports()) == 1


def test_faults_stand_at_their_field(owner: Browser, client: FlaskClient, sender: Sender) -> None:
    post(client, sender, name="all.csv")
    form = owner.open(f"{PAGE}?tag=a").form("/exports/start")
    page = owner.send(form, name="all.csv")
    assert page.status == 409 and "belongs to another export" in page.text
    page = owner.send(form, name="<b>/..", format="jsonl")
    assert page.status == 422 and "must be 1 to 128 letters" in page.text
    kept = page.form("/exports/start").fields
    assert (kept["name"], kept["format"], kept["tag"]) == ("<b>/..", "jsonl", "a")


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "10 exports are waiting or under way"), ("ja", "エクスポートが10件あります")]
)
def test_too_many_open_exports_are_explained(
    language: str, sentence: str, owner: Browser, client: FlaskClient, sender: Sender
) -> None:
    for _ in range(10):
        post(client, sender)
    form = owner.open(f"{PAGE}?tag=a&language={language}").form("/exports/start")
    page = owner.send(form, name="one-more.csv")
    assert page.status == 429 and sentence in page.text
    kept = page.form("/exports/start").fields
    assert (kept["name"], kept["tag"]) == ("one-more.csv", "a")


def test_a_fault_of_the_filter_is_shown(owner: Browser) -> None:
    form = owner.open(f"{PAGE}?from=2026-11-02T00:00&to=2026-11-01T00:00").form("/exports/start")
    page = owner.send(form)
    assert page.status == 422 and "must not be earlier than the start" in page.text


def test_japanese_pages_speak_of_files(owner: Browser, client: FlaskClient, sender: Sender) -> None:
    post(client, sender)
    page = owner.open(f"{PAGE}?state=delivered&clicked=false&language=ja")
    assert "待機中" in page.text and "送信待ち" not in page.text
    assert "delivered" not in page.text and "いいえ" in page.text


def test_an_owner_cancels_a_waiting_export(owner: Browser, client: FlaskClient, sender: Sender) -> None:
    post(client, sender)
    form = owner.open(PAGE).form("/cancel")
    assert "The export has been canceled." in owner.send(form).text
    assert "had already ended" in owner.send(form).text


@pytest.mark.parametrize(
    ("language", "reasons"),
    [("en", ["Not a directory"]), ("ja", ["ファイルを書き込めませんでした。", "Not a directory"])],
)
def test_a_failure_shows_its_reason(
    language: str,
    reasons: list[str],
    owner: Browser,
    client: FlaskClient,
    sender: Sender,
    services: Services,
    tmp_path: Path,
) -> None:
    (tmp_path / "out").write_text("a file")
    post(client, sender)
    services.exports.deliver_due()
    page = owner.open(f"{PAGE}?language={language}")
    assert all(reason in page.text for reason in reasons)


def test_another_accounts_exports_are_not_shown(stranger: Browser, client: FlaskClient, sender: Sender) -> None:
    post(client, sender, name="all.csv")
    assert "all.csv" not in stranger.open(PAGE).text
    [export] = exports()
    token = stranger.open(PAGE).forms[0].fields
    assert stranger.client.post(f"{PAGE}/{export.public_id}/cancel", data=token).status_code == 404


class TestWithoutStorage:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return Settings(**{**settings.model_dump(), "export_url": None})

    def test_nothing_leads_to_the_page(self, app: Flask, owner: Browser, sender: Sender) -> None:
        make_message(sender)
        assert not {"Exports", "Write to the storage"} & set(owner.open(MESSAGES).links)
        page = owner.open(PAGE)
        assert "no storage" in page.text and len(page.forms) == 1
