"""Wait for a condition instead of sleeping for a fixed time."""

import time
from collections.abc import Callable

WITHIN = 30.0  # seconds; enough for a busy machine


def until(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition is true; fail if it is not within `WITHIN` seconds."""
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, f"not true within {WITHIN:.0f} seconds"
        time.sleep(0.01)
