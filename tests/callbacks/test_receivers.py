"""Receivers that fail: a row from the first failure to the next success."""

from flask.testing import FlaskClient
from sqlalchemy import select

from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import FailingReceiver
from tests.support.delivering import clicked
from tests.support.factories import Sender
from tests.support.servers import OK, receiving

BAD = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"


def failing() -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(FailingReceiver.destination)))


def test_a_receiver_fails_until_it_takes_one(client: FlaskClient, sender: Sender, services: Services) -> None:
    answers = iter([BAD, BAD, OK])
    with receiving(lambda call: call.say(next(answers))) as receiver:
        for expected in ([f"1 http://127.0.0.1:{receiver.port}"],) * 2 + ([],):
            clicked(client, sender, receiver.url())
            services.deliverer.deliver_due()
            assert failing() == expected


def test_what_is_our_own_fault_counts_for_no_receiver(client: FlaskClient, sender: Sender, services: Services) -> None:
    clicked(client, sender, "https://crm.example.com/")
    with db.write() as session:
        session.connection().exec_driver_sql("UPDATE signing_secret SET expires_on = 1")
    services.deliverer.deliver_due()
    assert failing() == []
