"""The thread that sweeps, and the whole way of a message through the simulator."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import update

from shortener.config.settings import Settings
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.running.services import Services, services
from shortener.sending.sweeper import INTERVAL, Sweeper
from shortener.storage import db
from shortener.storage.models import Sending
from tests.conftest import running
from tests.support.factories import Sender, make_account
from tests.support.hand_overs import Gateway, message, outcomes, put, sending
from tests.support.waiting import WITHIN, until


@pytest.fixture
def simulating(settings: Settings) -> Iterator[Services]:
    """An application with the simulator and all its loops."""
    with running(settings.model_copy(update={"gateway": "simulator", "simulator_delay": 0.0})):
        found = services()
        found.background.start()
        yield found
        found.background.stop(grace=WITHIN)


@pytest.fixture
def account(simulating: Services) -> Sender:
    return make_account("shop")


def test_a_message_goes_out_and_its_receipt_comes(account: Sender, simulating: Services) -> None:
    message_id = put(account, gateway=GatewayName.SIMULATOR)
    simulating.wake_sendings()
    until(lambda: message(message_id).state == "delivered")
    assert (sending(message_id).state, outcomes(message_id)) == ("delivered", ["taken"])
    assert sending(message_id).recipient is None


def test_a_refused_message_needs_no_receipt(account: Sender) -> None:
    message_id = put(account, "+818012349907", gateway=GatewayName.SIMULATOR)
    until(lambda: message(message_id).state == "rejected")


def test_open_sendings_are_closed(account: Sender) -> None:
    message_id = put(account, "+818012349908", gateway=GatewayName.SIMULATOR)
    until(lambda: message(message_id).state == "sent")
    with db.write() as session:
        session.execute(update(Sending).values(closes_on=db.now(session)))
    services().sweeper._close_at = 0.0
    until(lambda: message(message_id).state == "unknown")


def test_idle_connections_are_closed(app: Flask, settings: Settings) -> None:
    gateway = Gateway()
    sweeper = Sweeper(app.app_context, settings, {gateway.name: gateway})
    sweeper.work()
    sweeper.work()
    assert gateway.closed == [INTERVAL]
    sweeper.stop(grace=0)
    assert gateway.closed == [INTERVAL, 0]
