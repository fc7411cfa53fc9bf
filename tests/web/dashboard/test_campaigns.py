"""Campaigns in the dashboard: upload, preview, start, result, cancel, delete."""

import re

import pytest
from sqlalchemy import func, select

from shortener.campaigns import preview, uploads
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import CampaignBlock, Message
from shortener.web.dashboard import forms
from tests.support.browsing import Browser, upload
from tests.support.factories import Sender

JAPANESE = (
    "電話番号,本文,注文\r\n"
    "08012345678,ご注文の商品を発送しました https://shop.example.com/a ありがとうございます。,1\r\n"
    "08012345679,,2\r\n"
    "08012345670,お知らせ,3\r\n"
    '08012345671,"二行の\r\n本文 https://shop.example.com/b",1\r\n'
).encode("cp932")


def stored() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Message)).one()


def test_a_file_is_checked_before_anything_is_stored(owner: Browser, sender: Sender) -> None:
    page = upload(owner, JAPANESE)
    form = page.form(page.address)
    assert form.fields["encoding"] == "cp932"
    assert (form.fields["column_message"], form.fields["column_recipient"]) == ("本文", "電話番号")
    assert "Rows 4 Messages 3 Rows that cannot be used 1 Without a shortlink 1" in page.text
    assert "3 本文: is required" in page.text
    page = owner.send(form, column_client_tag="注文")
    assert "6 The client tag is the same as in line 2." in page.text
    assert "Store 2 messages" in page.text
    assert stored() == 0


def test_a_started_campaign_gives_a_result(owner: Browser, viewer: Browser, sender: Sender, services: Services) -> None:
    page = upload(owner, JAPANESE)
    start = page.form("/start")
    page = owner.send(start)
    assert "The campaign has been started." in page.text and "0 of 4 rows" in page.text
    assert "Nothing was changed" in owner.send(start).text
    services.campaigns.run_due()
    page = viewer.open(page.address.partition("?")[0])
    assert "4 of 4 rows" in page.text and "Messages stored 3" in page.text
    answer = viewer.client.get(page.links["Download the result"])
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.data.startswith("\ufeff電話番号,本文,注文,msgid".encode())
    assert answer.text.count("https://s.example.com/") == 4
    assert stored() == 3
    with db.read() as session:
        assert session.scalars(select(Message.recipient).order_by(Message.id)).first() == "08012345678"


def test_another_encoding_can_be_chosen(owner: Browser) -> None:
    page = upload(owner, JAPANESE)
    page = owner.send(page.form(page.address), encoding="utf-16")
    assert "The file cannot be read like this." in page.text
    assert not [form for form in page.forms if form.action.endswith("/start")]


def test_a_column_must_be_chosen_for_the_text(owner: Browser) -> None:
    page = upload(owner, b"a,b\n1,https://shop.example.com/a\n")
    assert "Choose the column that has the messages." in page.text
    page = owner.send(page.form(page.address), column_message="b")
    assert "Store 1 message" in page.text
    assert owner.open(f"{page.address.partition('?')[0]}?encoding=utf-8&column_message=c").status == 422


def test_too_many_rows_cannot_be_started(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "MOST_ROWS", 2)
    page = upload(owner, b"text\na\nb\nc\n")
    assert "The file has more than 2 rows." in page.text
    path = page.address + "/start"
    token = page.form("/sign-out").fields
    owner.client.post(path, data={**token, "encoding": "utf-8", "column_message": "text"})
    assert "not started" in owner.open(page.address).text


def test_files_are_limited_in_number_and_size(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Choose a file that is not empty." in upload(owner, b"").text
    monkeypatch.setitem(forms.UPLOADS, "dashboard.upload_campaign", 1024)
    assert upload(owner, b"x" * 1024).status == 413
    monkeypatch.setattr(uploads, "MOST", 1)
    upload(owner, b"text\na\n")
    assert "as many campaigns as it may" in upload(owner, b"text\na\n").text


def test_a_campaign_is_canceled_and_deleted(owner: Browser, services: Services) -> None:
    page = owner.send(upload(owner, b"text\nhttps://shop.example.com/a\n").form("/start"))
    page = owner.send(page.form("/cancel"))
    assert "The campaign has been canceled." in page.text
    assert not services.campaigns.run_due()
    page = owner.send(page.form("/delete"))
    assert "have been deleted" in page.text and "No campaigns yet." in page.text
    with db.read() as session:
        assert session.scalars(select(func.count()).select_from(CampaignBlock)).one() == 0


def test_others_see_no_campaign_and_viewers_change_none(owner: Browser, viewer: Browser, stranger: Browser) -> None:
    page = upload(owner, b"text\nhttps://shop.example.com/a\n", '../<b>"x\0.csv')
    assert "&lt;b&gt;" in page.html and "<b>" not in page.html
    assert stranger.open(page.address).status == stranger.open(f"{page.address}/export").status == 404
    seen = viewer.open(page.address)
    assert not [form for form in seen.forms if re.search("/(start|cancel|delete)$", form.action)]
    token = seen.form("/sign-out").fields
    for action in ("start", "cancel", "delete"):
        assert viewer.client.post(f"{page.address}/{action}", data=token).status_code == 403
        theirs = stranger.open("/dashboard/try").form("/sign-out").fields
        assert stranger.client.post(f"{page.address}/{action}", data=theirs).status_code == 404
    assert viewer.client.post("/dashboard/campaigns/upload", data=token).status_code == 403


def test_an_upload_needs_the_token_of_its_form(owner: Browser) -> None:
    data = {"file": (b"text\na\n", "a.csv")}
    assert owner.client.post("/dashboard/campaigns/upload", data={"a": "b", **data}).status_code in {400, 403}
    assert "No campaigns yet." in owner.open("/dashboard/campaigns").text
