"""Preprocess many messages in order, a few hundred in each chunk, with an outcome for each.

A chunk is one transaction, or several if it has many links; they are committed before its outcomes are returned.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TypeVar

from sqlalchemy.exc import OperationalError

from shortener.accounts.senders import Sender
from shortener.errors import InvalidFieldsError, ShortenerError
from shortener.installation.site import Site
from shortener.messages import portions, preprocess
from shortener.messages.analysis import Analysis, analyze
from shortener.messages.fifo_lock import FifoLock
from shortener.messages.group_commit import nobody
from shortener.messages.preprocess import Preprocessed
from shortener.messages.submission import Submission
from shortener.rules.delivery.receiver import Policy
from shortener.rules.wire.json_stream import Entry, Fault
from shortener.rules.wire.strict_json import Object
from shortener.storage import db, outages, sqlite

SIZE: Final = portions.SIZE  # messages in a chunk
HEAVY: Final = portions.HEAVY  # characters of JSON in a chunk: they are in memory together
MAX_TRIES: Final = 5  # of a transaction that PostgreSQL ends because of a deadlock
DEADLOCK: Final = "40P01"  # PostgreSQL, appendix A
NO_ATTACHMENTS: Final = "are not taken in batches; submit the message alone"
KEY_SEPARATOR: Final = "\x1f"  # senders' keys cannot contain it, so no entry has the key of a single message
# On SQLite, which has one writer, only one batch of a process writes at a time. Several would not be faster together,
# and a single message would wait for all of them. Texts are analysed before, so slow ones do not delay other accounts.
_writer = FifoLock(patience=sqlite.BUSY)
Outcome = Preprocessed | ShortenerError | Fault
T = TypeVar("T")


def in_chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield the items in chunks; a chunk ends with the entry that makes it heavy."""
    chunk, weight = list[T](), 0
    for item in items:
        chunk.append(item)
        weight += item.size if isinstance(item, Object) else 0
        if len(chunk) == SIZE or weight >= HEAVY:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


def preprocess_entries(
    entries: Sequence[Entry],
    account: Sender,
    site: Site,
    policy: Policy,
    *,
    first: int = 0,
    idempotency_key: str | None = None,
    on_sendings: Callable[[], object] = nobody,
) -> list[Outcome]:
    """Preprocess the entries of a chunk, commit, and return the outcome of each. A fault is its own outcome.

    `on_sendings` is called after a commit that left something to be handed over.

    `first` is the index of the first entry in the whole batch. An entry's own idempotency key consists of the batch's
    key and the entry's index.
    """
    analysed = [
        analysed_entry(entry, account, site, policy, idempotency_key and f"{idempotency_key}{KEY_SEPARATOR}{index}")
        for index, entry in enumerate(entries, first)
    ]
    analyses = [each for each in analysed if isinstance(each, Analysis)]
    outcomes = [outcome for portion in portions.of(analyses) for outcome in _stored(portion, account, site)]
    if any(map(preprocess.is_to_be_sent, outcomes)):
        on_sendings()
    stored = iter(outcomes)
    return [next(stored) if isinstance(each, Analysis) else each for each in analysed]


def analysed_entry(
    entry: Entry,
    account: Sender,
    site: Site,
    policy: Policy,
    idempotency_key: str | None,
) -> Analysis | InvalidFieldsError | Fault:
    """Check an entry and find its links, without a transaction; a fault is its own outcome."""
    if isinstance(entry, Fault):
        return entry
    if entry.repeated:
        return InvalidFieldsError({name: ["must be given once"] for name in entry.repeated})
    faults = {"attachments": [NO_ATTACHMENTS]} if entry.pop("attachments", None) is not None else None
    try:
        return analyze(Submission.check(entry, policy, faults=faults), account, site, idempotency_key)
    except InvalidFieldsError as error:
        return error


def _stored(analyses: Sequence[Analysis], account: Sender, site: Site) -> list[preprocess.Outcome]:
    tries = 0
    while True:
        tries += 1
        try:
            with _write_lock(), db.writing() as connection:
                return preprocess.preprocess_all(connection, account, analyses, site, now=db.now(connection))
        except OperationalError as error:
            # Batches with the same client tags in different orders wait for each other; PostgreSQL ends one of them.
            if tries == MAX_TRIES or outages.sqlstate(error) != DEADLOCK:
                raise


def _write_lock() -> AbstractContextManager[None]:
    return _writer.held() if db.db.engine.dialect.name == "sqlite" else nullcontext()
