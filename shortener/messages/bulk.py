"""Preprocess messages in bulk: in their order, a few hundred to a transaction, each with an outcome of its own.

A transaction is committed before its outcomes are given: that is the protocol of whoever hands in many.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Final, TypeVar

from sqlalchemy.exc import OperationalError

from shortener.accounts.senders import Sender
from shortener.errors import InvalidFieldsError, ShortenerError
from shortener.installation.site import Site
from shortener.messages import preprocess
from shortener.messages.analysis import Analysis, analyze
from shortener.messages.fifo_lock import FirstCome
from shortener.messages.preprocess import Preprocessed
from shortener.messages.submission import Submission
from shortener.rules.delivery.receiver import Policy
from shortener.rules.wire.json_stream import Entry, Fault
from shortener.storage import db, sqlite

SIZE: Final = 250  # messages to a transaction: more of them save little, and hold the write lock for longer
TRIES: Final = 5
DEADLOCK: Final = "40P01"  # PostgreSQL, appendix A
BETWEEN: Final = "\x1f"  # no key that a sender can give has it, so an entry's key is never a single message's
# On SQLite, which has one writer, the transactions of a process's batches take turns. Together they are no quicker, but
# a single message would wait for all of them. Texts are read outside a turn: slow ones of an account hold up no other.
_turns = FirstCome(patience=sqlite.BUSY)
Outcome = Preprocessed | ShortenerError | Fault
T = TypeVar("T")


def in_parts(items: Iterable[T]) -> Iterator[list[T]]:
    """As many as go into one transaction, again and again."""
    rest = iter(items)
    while part := list(islice(rest, SIZE)):
        yield part


def preprocess_entries(
    entries: Sequence[Entry],
    account: Sender,
    site: Site,
    policy: Policy,
    *,
    first: int = 0,
    idempotency_key: str | None = None,
) -> list[Outcome]:
    """Preprocess one transaction's entries and commit; give each its outcome, faults as they came.

    `first` is the place of the first one in the whole batch, from 0: an entry's own idempotency key is made of the
    batch's and its place.
    """
    prepared = [
        _prepared(entry, account, site, policy, idempotency_key and f"{idempotency_key}{BETWEEN}{place}")
        for place, entry in enumerate(entries, first)
    ]
    stored = iter(_stored([each for each in prepared if isinstance(each, Analysis)], account, site))
    return [next(stored) if isinstance(each, Analysis) else each for each in prepared]


def _prepared(
    entry: Entry,
    account: Sender,
    site: Site,
    policy: Policy,
    idempotency_key: str | None,
) -> Analysis | InvalidFieldsError | Fault:
    if isinstance(entry, Fault):
        return entry
    if entry.repeated:
        return InvalidFieldsError({name: ["must be given once"] for name in entry.repeated})
    try:
        submission = Submission.check(entry, policy)
    except InvalidFieldsError as error:
        return error
    return analyze(submission, account, site, idempotency_key)


def _stored(analyses: Sequence[Analysis], account: Sender, site: Site) -> list[preprocess.Outcome]:
    tries = 0
    while analyses:
        tries += 1
        try:
            with _turn(), db.writing() as connection:
                return preprocess.preprocess_all(connection, account, analyses, site, now=db.now(connection))
        except OperationalError as error:
            # Two batches with the same client tags in another order wait for each other: PostgreSQL ends one of them.
            if tries == TRIES or getattr(error.orig, "sqlstate", None) != DEADLOCK:
                raise
    return []


def _turn() -> AbstractContextManager[None]:
    return _turns.turn() if db.db.engine.dialect.name == "sqlite" else nullcontext()
