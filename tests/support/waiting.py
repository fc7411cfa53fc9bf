"""Waiting for what must happen, without a pause that hopes."""

import time
from collections.abc import Callable

WITHIN = 30.0  # seconds; a busy machine needs some of them


def until(happened: Callable[[], bool]) -> None:
    """Come back as soon as it has happened; fail where it does not."""
    deadline = time.monotonic() + WITHIN
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
