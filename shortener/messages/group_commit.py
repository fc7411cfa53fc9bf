"""Store single messages that arrive at the same moment in one transaction, so that they share one commit.

No message waits for others to arrive: a thread that finds no other one storing stores all messages that are queued.
Those that arrive meanwhile are stored together next.
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection

from shortener.accounts.senders import Sender
from shortener.installation.site import Site
from shortener.messages import preprocess
from shortener.messages.analysis import Analysis
from shortener.messages.preprocess import Outcome, Preprocessed
from shortener.storage import db


@dataclass(eq=False, slots=True)
class _Queued:
    """A message in the queue, with its outcome once it has one. `retry_alone`: its group failed before the commit."""

    account: Sender
    analysis: Analysis
    outcome: Outcome | BaseException | None = None
    retry_alone: bool = False


class GroupCommit:
    """The queue of single messages; a process has one."""

    def __init__(self) -> None:
        self._queue: deque[_Queued] = deque()  # its operations are atomic, so adding to it needs no lock
        self._storing = threading.Lock()

    def preprocess(self, account: Sender, analysis: Analysis, site: Site) -> Preprocessed:
        """Store a message and its links, and return once they are committed.

        Raises ClientTagTakenError, MonthlyLimitError and QuietHoursError; and IdempotencyKeyReusedError if the key was
        used with another submission. The same key with the same submission returns the first message.
        """
        own = _Queued(account, analysis)
        self._queue.append(own)
        with self._storing:
            if own.outcome is None:
                _store([self._queue.popleft() for _ in range(len(self._queue))], site)
        if own.retry_alone:  # outside the lock: other messages need not wait for this one
            _store([own], site)
        if isinstance(own.outcome, Preprocessed):
            return own.outcome
        raise own.outcome or RuntimeError("a queued message has no outcome")


def _store(group: Sequence[_Queued], site: Site) -> None:
    """Store a group in one transaction, and set the outcome of each message once it is committed."""
    # In one order everywhere: transactions lock accounts that have a limit, and must not wait for each other.
    group = sorted(group, key=lambda queued: queued.account.id)
    outcomes: list[Outcome] = []
    try:
        with db.writing() as connection:
            outcomes = _outcomes(connection, group, site)
    except BaseException as error:
        for queued in group:
            # A commit that failed may have taken place all the same: a retry could then store the message twice.
            queued.outcome, queued.retry_alone = error, len(group) > 1 and not outcomes
        if not isinstance(error, Exception):
            raise
        return
    for queued, outcome in zip(group, outcomes, strict=True):
        queued.outcome = outcome


def _outcomes(connection: Connection, group: Sequence[_Queued], site: Site) -> list[Outcome]:
    """Return the outcomes in order. Messages of one account share their statements."""
    now, outcomes = db.now(connection), list[Outcome]()
    for account, its in groupby(group, key=lambda queued: queued.account):
        analyses = [queued.analysis for queued in its]
        outcomes += preprocess.preprocess_all(connection, account, analyses, site, now=now)
    return outcomes
