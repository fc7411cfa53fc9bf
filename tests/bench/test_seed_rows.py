from itertools import islice

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from bench import seed_rows
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Link
from tests.support.factories import BROWSER, Sender

AS_PERSON = {"User-Agent": BROWSER}


def fill(count: int, *, clicked: bool = False) -> range:
    with db.write() as session:
        return seed_rows.fill(session, count, clicked=clicked)


def counts() -> seed_rows.Counts:
    with db.read() as session:
        return seed_rows.count(session)


def test_a_click_on_a_seeded_link_makes_a_callback(client: FlaskClient, sender: Sender, services: Services) -> None:
    ids = fill(3)
    answer = client.get(f"/{seed_rows.slug_of(services.slugs, ids[1])}", headers=AS_PERSON)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{seed_rows.TARGET}{seed_rows.FIRST + ids[1]}")
    assert counts() == seed_rows.Counts(clicks=1, callbacks=1, accessed=1, messages=3, links=3)


def test_a_click_on_a_clicked_seed_is_not_first(client: FlaskClient, sender: Sender, services: Services) -> None:
    fill(2)
    before, ids = counts(), fill(2, clicked=True)
    client.get(f"/{seed_rows.slug_of(services.slugs, ids[0])}", headers=AS_PERSON)
    assert counts().since(before) == seed_rows.Counts(clicks=3, callbacks=0, accessed=2, messages=2, links=2)


def test_a_seeded_message_reads_like_a_received_one(client: FlaskClient, sender: Sender, services: Services) -> None:
    [id_] = fill(1)
    [message] = client.get("/v1/messages", headers=sender.bearer).get_json()["messages"]
    slug, digits = seed_rows.slug_of(services.slugs, id_), seed_rows.FIRST + id_
    assert message["message"] == f"Your parcel is here: https://s.example.com/{slug} thank you"
    assert message["link_tracking"]["link"] == f"{seed_rows.TARGET}{digits}"


def test_the_numbers_are_as_the_slugs_have_them(app: Flask, sender: Sender, services: Services) -> None:
    fill(1000)
    with db.read() as session:
        stored = {link.id: services.slugs.encode(link.number) for link in session.scalars(select(Link))}
    assert stored == {id_: seed_rows.slug_of(services.slugs, id_) for id_ in stored}


def test_unknown_slugs_are_unknown(client: FlaskClient, sender: Sender, services: Services) -> None:
    for slug in islice(seed_rows.unknown(services.slugs), 4):
        assert client.get(f"/{slug}", headers=AS_PERSON).status_code == 404
