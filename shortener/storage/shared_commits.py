"""Let what arrives at the same moment share a commit or a statement."""

import os
from collections.abc import Sized


def let_requests_in(queued: Sized) -> None:
    """Let requests that are running on this processor add to the queue, so that they share the commit or statement.

    There is no timer: what is alone goes on at once. ADR 0030 says what this saves for commits.
    """
    count = -1  # an empty queue gets a chance too
    while len(queued) > count:
        count = len(queued)
        os.sched_yield()
