"""The background work of a process that delivers."""

import threading
from collections.abc import Iterator

import pytest

from shortener.config.settings import Settings
from shortener.running import lifecycle
from shortener.running.services import Services, services
from tests.conftest import running
from tests.support.waiting import WITHIN, until

LOOPS = {"callbacks", "sendings", "pruner", "sweeper"}


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
    assert begun.background.waits_for() == "0 callbacks in flight and 0 sendings in flight"
    begun.background.stop(grace=WITHIN)
    until(lambda: loops() == set())


@pytest.mark.parametrize("begun", [{}], indirect=True)
def test_without_a_gateway_nothing_is_added(begun: Services) -> None:
    assert loops() == {"callbacks", "pruner"}
    assert begun.background.waits_for() == "0 callbacks in flight"


@pytest.mark.parametrize("begun", [{"gateway": "simulator", "worker": "off"}], indirect=True)
def test_a_process_without_delivery_runs_no_loop(begun: Services) -> None:
    assert loops() == set()
