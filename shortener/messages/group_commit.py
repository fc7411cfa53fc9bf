"""Takes in single messages: those that are handed in at the same moment share one transaction, and its one commit.

Nobody waits for others to come: whoever finds nobody at work stores what there is, and who comes meanwhile is next.
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
from shortener.messages.preprocess import Draft, Outcome, Preprocessed
from shortener.storage import db


@dataclass(eq=False, slots=True)
class _Waiting:
    """A message that waits for its turn: what became of it, or that it is to be tried `alone`."""

    account: Sender
    draft: Draft
    outcome: Outcome | BaseException | None = None
    alone: bool = False


class Reception:
    """One for a process."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()  # what it does is atomic: who joins needs no lock
        self._turn = threading.Lock()

    def preprocess(self, account: Sender, draft: Draft, site: Site) -> Preprocessed:
        """Store a message and its link; committed when this comes back.

        Raises ClientTagTakenError, and IdempotencyKeyReusedError where the key came before with another order; the same
        key with the same order gives back the first message.
        """
        mine = _Waiting(account, draft)
        self._waiting.append(mine)
        with self._turn:
            if mine.outcome is None:
                _store([self._waiting.popleft() for _ in range(len(self._waiting))], site)
        if mine.alone:  # not within the turn: what one message waits for or fails by is not the others' business
            _store([mine], site)
        if isinstance(mine.outcome, Preprocessed):
            return mine.outcome
        raise mine.outcome or RuntimeError("a message was forgotten")


def _store(taken: Sequence[_Waiting], site: Site) -> None:
    """Store these by one transaction, and say what became of each once it is committed."""
    outcomes: list[Outcome] = []
    try:
        with db.writing() as connection:
            outcomes = _outcomes(connection, taken, site)
    except BaseException as error:
        for waiting in taken:
            # Where the commit itself failed nobody knows whether it took place: then another try may store it twice.
            waiting.outcome, waiting.alone = error, len(taken) > 1 and not outcomes
        if not isinstance(error, Exception):
            raise
        return
    for waiting, outcome in zip(taken, outcomes, strict=True):
        waiting.outcome = outcome


def _outcomes(connection: Connection, taken: Sequence[_Waiting], site: Site) -> list[Outcome]:
    """What becomes of these, in their order: those of one account after the other by the same statements."""
    now, outcomes = db.now(connection), list[Outcome]()
    for _, some in groupby(taken, key=lambda waiting: (waiting.account.id, waiting.account.recipient_storage)):
        group = list(some)
        drafts = [waiting.draft for waiting in group]
        outcomes += preprocess.preprocess_all(connection, group[0].account, drafts, site, now=now)
    return outcomes
