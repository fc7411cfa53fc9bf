"""The background work of a process that delivers."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from bench.instance import free_port
from shortener.config.settings import Settings
from shortener.running import lifecycle
from shortener.running.services import Services, services
from shortener.storage import db
from shortener.storage.models import Sending
from tests.conftest import running
from tests.support.factories import NOW, make_account
from tests.support.hand_overs import held, message, outcomes, put
from tests.support.waiting import WITHIN, until

LOOPS = {"callbacks", "sendings", "alerts", "incidents", "pruner", "sweeper"}


def loops() -> set[str]:
    """The loops that run."""
    return LOOPS & {thread.name for thread in threading.enumerate()}


@pytest.fixture
def begun(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Services]:
    """The services of a started process, with these settings."""
    with running(settings.model_copy(update=request.param)) as app:
        lifecycle.begin(app)
        yield services()
        lifecycle.end(app)


@pytest.mark.parametrize("begun", [{"gateway": "simulator"}], indirect=True)
def test_a_gateway_has_loops_of_its_own(begun: Services) -> None:
    assert loops() == LOOPS
    assert begun.background.waits_for() == "0 callbacks in flight and 0 sendings in flight and 0 alerts in flight"
    begun.background.stop(grace=WITHIN)
    until(lambda: loops() == set())


def test_a_stop_before_the_start_ends_all(settings: Settings) -> None:
    """A signal may come while the loops are being started."""
    with running(settings.model_copy(update={"gateway": "simulator"})):
        background = services().background
        background.request_stop()
        background.start()
        background.wait()
        until(lambda: loops() == set())


@pytest.mark.parametrize("begun", [{}], indirect=True)
def test_without_a_gateway_no_sendings_run(begun: Services) -> None:
    assert loops() == LOOPS - {"sendings"}
    assert begun.background.waits_for() == "0 callbacks in flight and 0 alerts in flight"
    begun.wake_sendings()


@pytest.mark.parametrize("is_held", [False, True])
def test_messages_of_a_removed_gateway_have_a_loop(settings: Settings, is_held: bool) -> None:
    with running(settings) as app:
        message_id = held(make_account("shop")) if is_held else put(make_account("shop"))
        lifecycle.begin(app)
        try:
            assert loops() == LOOPS
            until(lambda: is_held or outcomes(message_id) == ["busy"])
        finally:
            lifecycle.end(app)


def test_the_period_of_a_removed_gateways_message_ends(settings: Settings) -> None:
    with running(settings) as app:
        message_id = put(make_account("shop"), now=NOW)
        lifecycle.begin(app)
        try:
            until(lambda: message(message_id).state == "expired")
        finally:
            lifecycle.end(app)
    assert loops() == set()


def test_settled_messages_need_no_loop(settings: Settings) -> None:
    with running(settings):
        put(make_account("shop"))
        with db.write() as session:
            session.execute(update(Sending).values(state="delivered", settled_on=NOW))
        assert not services().needs_sendings()


def test_without_the_database_the_loop_runs(settings: Settings) -> None:
    away = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none"
    with running(settings.model_copy(update={"database_url": away})):
        assert services().needs_sendings()


@pytest.mark.parametrize("begun", [{"gateway": "simulator", "worker": "off"}], indirect=True)
def test_a_process_without_delivery_runs_no_loop(begun: Services) -> None:
    assert loops() == set()
