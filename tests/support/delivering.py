"""Clicks that make callbacks, and the results of these."""

from collections.abc import Sequence

from flask.testing import FlaskClient
from sqlalchemy import select

from shortener.storage import db
from shortener.storage.models import Attempt, Callback
from tests.support.factories import BROWSER, Sender, make_message, slug_of


def clicked(client: FlaskClient, sender: Sender, url: str) -> None:
    slug = slug_of(make_message(sender, lt_callbackurl=url).link)
    assert client.get(f"/{slug}", headers={"User-Agent": BROWSER}).status_code == 302


def states() -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Callback.state).order_by(Callback.id)))


def attempts() -> Sequence[Attempt]:
    with db.read() as session:
        return session.scalars(select(Attempt).order_by(Attempt.callback_id, Attempt.number)).all()


def outcomes() -> list[str | None]:
    return [attempt.outcome for attempt in attempts()]
