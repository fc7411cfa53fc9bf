"""A web process: what begins in it, and that it ends."""

from collections.abc import Iterator

import pytest
from flask import Flask

from shortener import process
from shortener.config import Settings
from shortener.services import Services
from tests.conftest import running
from tests.waiting import until


@pytest.fixture
def begun(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Services]:
    """The services of a process that has begun, with the loops `on` or `off`."""
    with running(settings.model_copy(update={"worker": request.param})) as app:
        yield beginning(app)
        process.end(app)


def beginning(app: Flask) -> Services:
    process.begin(app)
    found: Services = app.extensions["shortener"]
    return found


@pytest.mark.parametrize("begun", ["on"], indirect=True)
def test_a_process_that_delivers_callbacks_prunes_too_until_it_ends(begun: Services) -> None:
    assert begun.pruner.is_running
    process.end(begun.app)
    until(lambda: not begun.pruner.is_running)


@pytest.mark.parametrize("begun", ["off"], indirect=True)
def test_a_process_that_delivers_none_leaves_pruning_to_those_that_do(begun: Services) -> None:
    assert not begun.pruner.is_running
