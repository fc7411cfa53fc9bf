"""The background work of a web process."""

import gc
import os
import threading
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
    """The services of a started process, with the loops `on` or `off`."""
    with running(settings.model_copy(update={"worker": request.param})) as app:
        yield beginning(app)
        lifecycle.end(app)


def prunes() -> bool:
    """Whether the thread that deletes old messages runs."""
    return "pruner" in [thread.name for thread in threading.enumerate()]


def beginning(app: Flask) -> Services:
    lifecycle.begin(app)
    found: Services = app.extensions["shortener"]
    return found


@pytest.mark.parametrize("begun", ["on"], indirect=True)
def test_a_delivering_process_prunes_until_it_ends(begun: Services) -> None:
    assert prunes()
    lifecycle.end(begun.app)
    until(lambda: not prunes())


@pytest.mark.parametrize("begun", ["off"], indirect=True)
def test_a_process_without_delivery_does_not_prune(begun: Services) -> None:
    assert not prunes()


def policy_of_a_thread() -> int:
    """Set the policy in a new thread, because it belongs to the thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lifecycle.use_batch_scheduling).result()
        return pool.submit(os.sched_getscheduler, 0).result()


def test_threads_use_batch_scheduling() -> None:
    assert policy_of_a_thread() == os.SCHED_BATCH


def test_systems_without_batch_scheduling_are_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError

    before = os.sched_getscheduler(0)
    monkeypatch.setattr(os, "sched_setscheduler", forbid)
    assert policy_of_a_thread() == before
    monkeypatch.delattr(os, "sched_setscheduler")
    assert policy_of_a_thread() == before


@pytest.fixture
def usual_collection() -> Iterator[None]:
    """Garbage is collected as before once the test has ended."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("usual_collection")
def test_garbage_is_sought_among_new_objects_alone() -> None:
    lifecycle.collect_less()
    assert len(gc.get_objects()) < gc.get_freeze_count() / 10
