"""The pages of the audit log: who sees what, filters, pages, files."""

import csv
import io
import json

import pytest

from shortener.accounts import audit, senders
from shortener.accounts.audit import Actor
from shortener.rules.deed import Deed, Origin
from shortener.storage import db
from tests.support.browsing import Browser
from tests.support.factories import DAY, NOW, Sender

OWN, ALL = "/dashboard/account/audit", "/dashboard/operator/audit"


@pytest.fixture(autouse=True)
def entries(sender: Sender, other_sender: Sender) -> None:
    by = Actor(Origin.API, "CI")
    with db.write() as session:
        for name, about in ((sender.name, "<ours>"), (other_sender.name, "theirs"), (None, "everybody's")):
            account_id = senders.named(session, name).id if name else None
            audit.record(session, Deed.TOKEN_CREATED, by, now=NOW, account_id=account_id, about=about, scope="read")


def test_an_owner_sees_only_the_own_account(owner: Browser) -> None:
    page = owner.open(OWN)
    assert "Token created" in page.text and "&lt;ours&gt;" in page.html and "scope=read" in page.text
    assert "theirs" not in page.text and "everybody" not in page.text
    assert OWN in owner.open("/dashboard/account").html


def test_an_operator_sees_everything(operator: Browser) -> None:
    page = operator.open(ALL)
    assert all(about in page.text for about in ("<ours>", "theirs", "everybody's", "stranger"))
    assert "theirs" not in operator.open(f"{ALL}?account=shop").text
    assert ALL in operator.open("/dashboard/operator").html


def test_others_see_no_audit_log(viewer: Browser, owner: Browser) -> None:
    assert viewer.open(OWN).status == viewer.open(f"{OWN}/export?format=csv").status == 403
    assert owner.open(ALL).status == owner.open(f"{ALL}/export?format=csv").status == 403


def test_a_filter_without_entries_says_so(owner: Browser) -> None:
    assert "No entries match the filter." in owner.open(f"{OWN}?actor=nobody").text
    page = owner.open(OWN)
    assert "&lt;ours&gt;" in owner.send(page.form(OWN), deed="token.created", origin="api", actor="CI").html


def test_many_entries_have_pages(owner: Browser, monkeypatch: pytest.MonkeyPatch, sender: Sender) -> None:
    with db.write() as session:
        own = senders.named(session, sender.name).id
        for number in range(audit.PAGE):
            by = Actor(Origin.DASHBOARD, "ann")
            audit.record(session, Deed.SIGNED_IN, by, now=NOW, account_id=own, about=str(number))
    page = owner.open(OWN)
    assert "&lt;ours&gt;" not in page.html
    assert "&lt;ours&gt;" in owner.open(page.links["Show older"]).html


def test_the_files_have_what_the_filter_selects(owner: Browser) -> None:
    text = owner.client.get(f"{OWN}/export?format=csv&deed=token.created").text
    assert [row["about"] for row in csv.DictReader(io.StringIO(text))] == ["<ours>"]
    answer = owner.client.get(f"{OWN}/export?format=jsonl")
    assert [json.loads(line)["deed"] for line in answer.text.splitlines()] == [
        *("audit.exported", "audit.exported", "token.created"),
    ]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.jsonl"'
    assert owner.client.get(f"{OWN}/export?format=xml").status_code == 422


def test_what_was_done_yesterday_is_one_click_away(owner: Browser, sender: Sender) -> None:
    with db.write() as session:
        own, now = senders.named(session, sender.name).id, db.now(session)
        for days in (0, 1):
            by = Actor(Origin.DASHBOARD, f"{days} days ago")
            audit.record(session, Deed.SWITCHED_OFF, by, now=now - days * DAY, account_id=own)
    page = owner.open(owner.open(f"{OWN}?deed=message.off").links["Yesterday"])
    assert "1 days ago" in page.text and "0 days ago" not in page.text
    assert 'aria-current="true">Yesterday' in page.html
