"""How many messages smart detection would have given a shortlink."""

from flask import Flask
from sqlalchemy import select

from shortener.reporting import undetected
from shortener.storage import db
from shortener.storage.models import Account
from tests.support.factories import DAY, NOW, Sender, make_message


def counted(sender: Sender) -> int:
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        return undetected.smart_would_take(session, account, NOW - DAY, NOW + DAY)


def test_messages_with_a_link_for_smart_alone_are_counted(app: Flask, sender: Sender, other_sender: Sender) -> None:
    assert counted(sender) == 0
    make_message(sender, "詳細はhttps://a.example.com/1へ", now=NOW)
    make_message(sender, "*see https://a.example.com/1*", now=NOW)
    make_message(sender, "day.so https://localhost/", now=NOW)
    make_message(sender, "nothing", now=NOW)
    make_message(sender, "例：https://a.example.com/1 https://a.example.com/2", now=NOW)
    make_message(sender, "詳細はhttps://a.example.com/1へ", now=NOW - 2 * DAY)
    make_message(other_sender, "詳細はhttps://a.example.com/1へ", now=NOW)
    assert counted(sender) == 2
