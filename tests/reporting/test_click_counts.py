"""First clicks by what the links were opened with, and by host."""

import datetime as dt
from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import select

from shortener.reporting import click_counts
from shortener.reporting.click_counts import MOST_HOSTS, REST, ClickCounts
from shortener.rules.visitors import agents
from shortener.storage import db
from shortener.storage.models import Account
from tests.support.factories import PREVIEW, Sender, make_message, slug_of

ANDROID, IPHONE = agents.ORDINARY[0], agents.ORDINARY[3]


def open_all(app: Flask, sender: Sender, text: str, agent: str = IPHONE) -> None:
    """Send a message, and open each of its links."""
    for link in make_message(sender, text, track="all").links:
        app.test_client().get(f"/{slug_of(link)}", headers={"User-Agent": agent})


def counted(sender: Sender) -> ClickCounts:
    with db.read() as session:
        account = session.scalars(select(Account.id).where(Account.name == sender.name)).one()
        now, day = db.now(session), dt.timedelta(days=1)
        return click_counts.counted(session, account, now - day, now + day)


def test_each_links_first_click_counts_once(app: Flask, sender: Sender, other_sender: Sender) -> None:
    open_all(app, sender, "https://shop.example.com/1 https://www.example.jp/2", IPHONE)
    open_all(app, sender, "https://shop.example.com/3", ANDROID)
    open_all(app, sender, "https://shop.example.com/4", PREVIEW)
    open_all(app, other_sender, "https://shop.example.com/5", ANDROID)
    found = counted(sender)
    assert found.systems == Counter(ios=2, android=1)
    assert found.apps == Counter(safari=2, chrome=1)
    assert found.devices == Counter(phone=3)
    assert found.hosts == Counter({"shop.example.com": 2, "www.example.jp": 1})
    assert found.total == 3


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("https://Shop.example.com:8443/a//b?c=https://x.example#d", "shop.example.com:8443"),
        ("http://shop.example.com?a=/b", "shop.example.com"),
        ("https://shop.example.com#/a?b", "shop.example.com"),
        ("https://shop.example.com", "shop.example.com"),
        ("https://日本.example.jp/", "日本.example.jp"),
    ],
)
def test_a_host_is_what_stands_before_the_path(app: Flask, sender: Sender, target: str, host: str) -> None:
    open_all(app, sender, f"Go to {target} now")
    assert counted(sender).hosts == Counter({host: 1})


def test_an_hour_stores_few_hosts_and_the_rest_in_one() -> None:
    many = ClickCounts(hosts=Counter({f"{number}.example.com": number for number in range(1, MOST_HOSTS + 3)}))
    stored = ClickCounts()
    stored.add_document(many.document())
    assert stored.hosts[REST] == 1 + 2
    assert stored.hosts.total() == many.hosts.total()
    assert len(stored.hosts) == MOST_HOSTS + 1
