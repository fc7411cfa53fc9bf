"""Store messages that arrive at the same moment in one transaction, so that they share one commit.

No message waits for others to arrive: a thread that finds no other one storing stores all messages that are queued.
Those that arrive meanwhile are stored together next, by the first thread among them.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Final, Self

from sqlalchemy import Connection

from shortener.accounts.senders import Sender
from shortener.installation.site import Site
from shortener.messages import portions, preprocess
from shortener.messages.analysis import Analysis
from shortener.messages.preprocess import Outcome, Preprocessed
from shortener.storage import db
from shortener.storage.shared_commits import let_requests_in
from shortener.telemetry import log_lines

BETWEEN: Final = 0.002  # seconds between the transactions of a call: others that wait to write get the lock


def nobody() -> None:
    """Wake nobody."""


def everybody(_account: Sender, _messages: int) -> None:
    """Admit every message."""


@dataclass(eq=False, slots=True)
class _Queued:
    """The messages of one call, with their outcomes once they have them.

    `error`: none of them could be stored. `retry_alone`: its group failed before the commit.
    """

    account: Sender
    analyses: Sequence[Analysis]
    wake_up: threading.Lock  # its thread waits for this one
    outcomes: Sequence[Outcome] | None = None
    error: BaseException | None = None
    retry_alone: bool = False

    @classmethod
    def of(cls, account: Sender, analyses: Sequence[Analysis]) -> Self:
        """Return the messages of a call that has no outcomes yet."""
        wake_up = threading.Lock()
        wake_up.acquire()
        return cls(account, analyses, wake_up)

    @property
    def is_settled(self) -> bool:
        """Whether it was decided what became of them."""
        return self.outcomes is not None or self.error is not None


class GroupCommit:
    """The queue of messages that are stored at once; a process has one.

    `on_sendings` is called after a commit that left something to be handed over. `admit` is called before anything is
    stored, with the account and the number of its messages; what it raises, a call raises.
    """

    def __init__(
        self, on_sendings: Callable[[], object] = nobody, admit: Callable[[Sender, int], None] = everybody
    ) -> None:
        self._admit = admit
        self._queue: list[_Queued] = []
        self._is_storing = False  # whether a thread stores, or was woken to do so
        self._change = threading.Lock()
        self._on_sendings = on_sendings

    def preprocess(self, account: Sender, analysis: Analysis, site: Site) -> Preprocessed:
        """Store a message and its links, and return once they are committed.

        Raises ClientTagTakenError, InvalidFieldsError, MonthlyLimitError and QuietHoursError; and
        IdempotencyKeyReusedError if the key was used with another submission. The same key with the same submission
        returns the first message.
        """
        [outcome] = self.preprocess_all(account, [analysis], site)
        if isinstance(outcome, Preprocessed):
            log_lines.note(msgid=outcome.message.msgid)
            return outcome
        raise outcome

    def preprocess_all(self, account: Sender, analyses: Sequence[Analysis], site: Site) -> Sequence[Outcome]:
        """Store the messages of one call, and return the outcome of each once all are committed.

        If one of several transactions fails, what the earlier ones stored stays. InvalidFieldsError if there are too
        many links. For a whole file, see `bulk`.
        """
        return list(self.outcomes(account, analyses, site))

    def outcomes(self, account: Sender, analyses: Sequence[Analysis], site: Site) -> Iterator[Outcome]:
        """Store the messages of one call, and yield the outcome of each once it is committed.

        A few hundred share a transaction, so that others wait for no longer. After an error, those without an outcome
        are not stored, unless it was a commit that failed. InvalidFieldsError if there are too many links.
        """
        portions.refuse_too_many_links(analyses)
        self._admit(account, len(analyses))
        for number, portion in enumerate(portions.of(analyses)):
            if number:
                time.sleep(BETWEEN)
            yield from self._together(account, portion, site)

    def _together(self, account: Sender, analyses: Sequence[Analysis], site: Site) -> Sequence[Outcome]:
        """Store messages in one transaction with those of others. If it fails, none of them is stored."""
        own = _Queued.of(account, analyses)
        with self._change:
            self._queue.append(own)
            is_first, self._is_storing = not self._is_storing, True
        if not is_first:
            own.wake_up.acquire()  # until another thread has stored them, or leaves the next group to this one
        if not own.is_settled:
            self._store_queued(site)
        if own.retry_alone:  # other messages need not wait for this one
            _store([own], site)
        if own.outcomes is None:
            raise own.error or RuntimeError("a queued message has no outcome")
        if any(map(preprocess.is_to_be_sent, own.outcomes)):
            self._on_sendings()
        return own.outcomes

    def _store_queued(self, site: Site) -> None:
        """Store what is queued; wake all that waited for it, and the first of those that have come since."""
        let_requests_in(self._queue)
        with self._change:
            group, self._queue = self._queue, []
        try:
            _store(group, site)
        finally:
            with self._change:
                following = self._queue[:1]
                self._is_storing = bool(following)
            for queued in (*group, *following):
                queued.wake_up.release()


def _store(group: Sequence[_Queued], site: Site) -> None:
    """Store a group in one transaction, and set the outcomes of each call once it is committed."""
    # In one order everywhere: transactions lock accounts that have a limit, and must not wait for each other.
    group = sorted(group, key=lambda queued: queued.account.id)
    outcomes: list[Sequence[Outcome]] = []
    try:
        with db.writing() as connection:
            outcomes = _outcomes(connection, group, site)
    except BaseException as error:
        for queued in group:
            # A commit that failed may have taken place all the same: a retry could then store the message twice.
            queued.error, queued.retry_alone = error, len(group) > 1 and not outcomes
        if not isinstance(error, Exception):
            raise
        return
    for queued, its in zip(group, outcomes, strict=True):
        queued.outcomes = its


def _outcomes(connection: Connection, group: Sequence[_Queued], site: Site) -> list[Sequence[Outcome]]:
    """Return the outcomes in order. Messages of one account share their statements."""
    now, outcomes = db.now(connection), list[Sequence[Outcome]]()
    for account, its in groupby(group, key=lambda queued: queued.account):
        calls = list(its)
        analyses = [analysis for queued in calls for analysis in queued.analyses]
        found = iter(preprocess.preprocess_all(connection, account, analyses, site, now=now))
        outcomes += [list(islice(found, len(queued.analyses))) for queued in calls]
    return outcomes
