"""The totals above lists of messages."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select

from shortener.reporting import message_totals
from shortener.reporting.message_filter import Filter
from shortener.reporting.message_totals import Total
from shortener.running.services import services as running_services
from shortener.storage import db
from shortener.storage.models import Account
from tests.support.factories import BROWSER, Sender, make_message, slug_of

NOW = dt.datetime.now(dt.UTC)


def total(sender: Sender, **given: str) -> Total:
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        wanted = Filter.check({name.rstrip("_"): value for name, value in given.items()})
        return message_totals.of(session, account, wanted, running_services().slugs)  # type: ignore[arg-type]


def test_every_filter_has_its_total(app: Flask, sender: Sender, other_sender: Sender) -> None:
    made = [make_message(sender, tags=["a"], client_tag=f"order-{number}") for number in range(3)]
    make_message(sender, "Hello!", recipient="+819012345678", now=NOW - dt.timedelta(days=2))
    make_message(other_sender, tags=["a"])
    app.test_client().get(f"/{slug_of(made[0].link)}", headers={"User-Agent": BROWSER})
    day_ago = (NOW - dt.timedelta(days=1)).isoformat()
    for given, numbers in (
        ({}, (4, 3, 1)),
        ({"tag": "a"}, (3, 3, 1)),
        ({"tag": "b"}, (0, 0, 0)),
        ({"clicked": "true"}, (1, 1, 1)),
        ({"clicked": "false", "tag": "a"}, (2, 2, 0)),
        ({"to": day_ago}, (1, 0, 0)),
        ({"from_": day_ago}, (3, 3, 1)),
        ({"from_": day_ago, "to": (NOW + dt.timedelta(days=1)).isoformat(), "text": "order-"}, (3, 3, 1)),
        ({"visitor": "person"}, (1, 1, 1)),
        ({"visitor": "person", "tag": "a", "clicked": "true"}, (1, 1, 1)),
        ({"visitor": "person", "tag": "b"}, (0, 0, 0)),
        ({"recipient": "+819012345678"}, (1, 0, 0)),
        ({"recipient": "+819012345678", "to": day_ago}, (1, 0, 0)),
        ({"state": "failed"}, (0, 0, 0)),
    ):
        found = total(sender, **given)
        assert (found.messages, found.with_link, found.clicked) == numbers, given
        assert found.is_whole


def test_a_long_list_is_counted_among_the_newest(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_totals, "LOOKED_AT", 2)
    for _ in range(3):
        make_message(sender, recipient="+819012345678")
    found = total(sender, visitor="person")
    assert (found.messages, found.is_whole, found.looked_at) == (0, False, 2)
