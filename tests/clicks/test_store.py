"""Storing clicks: results one by one, and whether the database accepts them."""

import dataclasses

import pytest
from flask import Flask
from sqlalchemy import func, select

from shortener.clicks.new_click import NewClick
from shortener.clicks.resolve import resolve
from shortener.clicks.store import ClickStore, Result
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Click
from tests.support import database_faults
from tests.support.factories import Sender, make_message

CALLBACK = "http://127.0.0.1:9/clicked"


@pytest.fixture
def calls() -> list[bool]:
    return []


@pytest.fixture
def store(services: Services, calls: list[bool]) -> ClickStore:
    return ClickStore(lambda: services.slugs, lambda: calls.append(True))


def new(sender: Sender, services: Services) -> NewClick:
    link = make_message(sender, lt_callbackurl=CALLBACK).link
    assert link is not None
    resolved = resolve(services.readers, link.number)
    assert resolved is not None
    return NewClick.of(resolved, Verdict(Visitor.PERSON, "browser"))


def stored() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Click)).one()


def test_nothing_needs_no_transaction(store: ClickStore) -> None:
    assert list(store.store([])) == []


def test_stored_clicks_wake_the_delivery_once(
    store: ClickStore, sender: Sender, services: Services, calls: list[bool]
) -> None:
    assert list(store.store([new(sender, services) for _ in range(3)])) == [Result.STORED] * 3
    assert (stored(), calls) == (3, [True])


def test_a_bad_click_is_rejected_alone(store: ClickStore, sender: Sender, services: Services) -> None:
    good = [new(sender, services) for _ in range(2)]
    bad = dataclasses.replace(good[0], id=good[0].id.__class__(int=1), link_id=987_654_321)
    assert list(store.store([good[0], bad, good[1]])) == [Result.STORED, Result.REJECTED, Result.STORED]
    assert (stored(), store.is_available) == (2, True)


def test_an_unavailable_database_stores_nothing(
    app: Flask, store: ClickStore, sender: Sender, services: Services, database_url: str
) -> None:
    clicks = [new(sender, services) for _ in range(2)]
    with database_faults.read_only(database_url):
        assert list(store.store(clicks)) == [Result.UNAVAILABLE] * 2
        assert not store.is_available
    assert list(store.store(clicks)) == [Result.STORED] * 2
    assert store.is_available
