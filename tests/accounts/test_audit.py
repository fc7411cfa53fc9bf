"""The audit log: what is found, in which order, as which file, and when it is deleted."""

import csv
import datetime as dt
import json

import pytest
from flask import Flask

from shortener.accounts import audit, senders
from shortener.accounts.audit import Actor, AuditFilter
from shortener.rules.deed import Deed, Origin
from shortener.storage import db
from tests.support.factories import NOW, make_account

ANN, CI = Actor(Origin.DASHBOARD, "ann"), Actor(Origin.API, "CI")
MINUTE = dt.timedelta(minutes=1)


def put(deed: Deed, by: Actor, minutes: int, about: str | None = None, account: str | None = "shop") -> None:
    with db.write() as session:
        account_id = senders.named(session, account).id if account else None
        audit.record(session, deed, by, now=NOW + minutes * MINUTE, account_id=account_id, about=about, scope="read")


@pytest.fixture(autouse=True)
def entries(app: Flask) -> None:
    make_account("shop")
    make_account("other")
    put(Deed.TOKEN_CREATED, ANN, 1, "CI")
    put(Deed.CANCELED, CI, 2, "msgid")
    put(Deed.TOKEN_CREATED, ANN, 3, "=1+1", account="other")
    put(Deed.SECRETS_RESEALED, Actor(Origin.COMMAND, "root"), 3, account=None)


def found(of: str | None = None, **filters: str) -> list[tuple[str, str | None]]:
    with db.read() as session:
        own = senders.named(session, of).id if of else None
        page = audit.find(session, AuditFilter.check(filters), of=own)
        return [(one["deed"], one["account"]) for one in page.documents()]


def test_entries_are_listed_the_newest_first() -> None:
    assert found() == [
        ("secret.resealed", None),
        ("token.created", "other"),
        ("message.canceled", "shop"),
        ("token.created", "shop"),
    ]


def test_an_account_sees_only_its_own_entries() -> None:
    assert found(of="other") == [("token.created", "other")]
    assert found(of="other", account="shop") == []


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("deed", "token.created", 2),
        ("origin", "api", 1),
        ("actor", "ann", 2),
        ("about", "msgid", 1),
        ("account", "shop", 2),
        ("from", "2026-11-22T09:03:00Z", 2),
        ("to", "2026-11-22T09:02:00Z", 1),
    ],
)
def test_each_filter_selects_entries(name: str, value: str, count: int) -> None:
    assert len(found(**{name: value})) == count


def test_pages_follow_each_other_without_a_gap() -> None:
    seen, wanted = [], AuditFilter()
    with db.read() as session:
        for _ in range(2):
            page = audit.find(session, wanted, size=2)
            seen += [one["done_on"] for one in page.documents()]
            wanted = AuditFilter.check({"cursor": page.next} if page.next else {})
    assert len(seen) == 4
    assert seen == sorted(seen, reverse=True)
    assert page.next is None


def test_an_export_has_every_entry_of_all_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "AT_ONCE", 1)
    with db.read() as session:
        lines = list(audit.lines(audit.every(session, AuditFilter()), "jsonl"))
    assert [json.loads(line)["deed"] for line in lines][1:] == ["token.created", "message.canceled", "token.created"]
    assert json.loads(lines[-1])["details"] == {"scope": "read"}


def test_a_spreadsheet_runs_nothing_of_an_export() -> None:
    with db.read() as session:
        rows = list(csv.DictReader(audit.lines(audit.every(session, AuditFilter()), "csv")))
    assert [row["about"] for row in rows] == ["", "'=1+1", "msgid", "CI"]
    assert rows[-1]["details"] == "scope=read"


def test_old_entries_are_deleted_in_portions() -> None:
    with db.write() as session:
        assert audit.delete_old(session.connection(), NOW + 2 * MINUTE, 1) == 1
        assert audit.delete_old(session.connection(), NOW + 2 * MINUTE, 9) == 1
    assert [account for _, account in found()] == [None, "other"]
