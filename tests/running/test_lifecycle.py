"""A web process: what begins in it, and that it ends."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from shortener.config.settings import Settings
from shortener.running import lifecycle
from shortener.running.services import Services
from tests.conftest import running
from tests.support.waiting import until


@pytest.fixture
def begun(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Services]:
    """The services of a process that has begun, with the loops `on` or `off`."""
    with running(settings.model_copy(update={"worker": request.param})) as app:
        yield beginning(app)
        lifecycle.end(app)


def beginning(app: Flask) -> Services:
    lifecycle.begin(app)
    found: Services = app.extensions["shortener"]
    return found


@pytest.mark.parametrize("begun", ["on"], indirect=True)
def test_a_process_that_delivers_callbacks_prunes_too_until_it_ends(begun: Services) -> None:
    assert begun.pruner.is_running
    lifecycle.end(begun.app)
    until(lambda: not begun.pruner.is_running)


@pytest.mark.parametrize("begun", ["off"], indirect=True)
def test_a_process_that_delivers_none_leaves_pruning_to_those_that_do(begun: Services) -> None:
    assert not begun.pruner.is_running


def policy_of_a_thread_that_takes_turns() -> int:
    """In a thread of its own, for the policy belongs to the thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lifecycle.take_turns).result()
        return pool.submit(os.sched_getscheduler, 0).result()


def test_a_woken_thread_waits_for_its_turn() -> None:
    assert policy_of_a_thread_that_takes_turns() == os.SCHED_BATCH


def test_a_system_that_forbids_it_or_has_no_such_thing_goes_on_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError

    before = os.sched_getscheduler(0)
    monkeypatch.setattr(os, "sched_setscheduler", forbid)
    assert policy_of_a_thread_that_takes_turns() == before
    monkeypatch.delattr(os, "sched_setscheduler")
    assert policy_of_a_thread_that_takes_turns() == before
