"""Commit clicks to the database, and remember whether the database accepts them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from itertools import repeat

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from shortener.clicks import record
from shortener.clicks.new_click import NewClick
from shortener.rules.slug import Slugs
from shortener.storage import db
from shortener.telemetry import metrics

log = logging.getLogger(__name__)


class Result(Enum):
    """What happened to a click that was to be stored."""

    STORED = "stored"
    REJECTED = "rejected"  # because of the click itself: trying again will not help
    UNAVAILABLE = "unavailable"  # the database accepts no clicks at the moment


class ClickStore:
    """Stores clicks in transactions; to be used by one thread in an application context."""

    def __init__(self, slugs: Callable[[], Slugs], on_callbacks: Callable[[], None]) -> None:
        """`slugs` returns the installation's slugs; `on_callbacks` is called when callbacks have been committed."""
        self._slugs, self._on_callbacks = slugs, on_callbacks
        self._writer = db.Writer()
        self.is_available = True  # whether the database accepted a click when it was last tried

    def store(self, new_clicks: Sequence[NewClick]) -> Iterator[Result]:
        """Store clicks in one transaction; if that fails, one by one, so that one bad click does not affect the others.

        Returns a result for each click, as soon as it is known. The transaction has ended when this returns.
        """
        if not new_clicks or self._commit(new_clicks) is None:
            return repeat(Result.STORED, len(new_clicks))
        return self._store_each(new_clicks)

    def close(self) -> None:
        """Give back what is kept between two transactions."""
        self._writer.close()

    def _store_each(self, new_clicks: Sequence[NewClick]) -> Iterator[Result]:
        for number, click in enumerate(new_clicks):
            error = self._commit([click])
            yield (result := _result(error))
            if result is Result.REJECTED:
                log.error("click %s of link %s cannot be stored", click.id, click.link_id, exc_info=error)
            if result is Result.UNAVAILABLE:
                self.mark_unavailable(error)
                yield from repeat(Result.UNAVAILABLE, len(new_clicks) - number - 1)
                return

    def mark_unavailable(self, reason: object) -> None:
        """Remember that the database accepts no clicks, so that no request waits for it."""
        if self.is_available:
            self.is_available = False
            log.error("the database accepts no clicks; spooling them: %s", getattr(reason, "orig", reason))

    def mark_available(self) -> None:
        """Remember that the database accepts clicks."""
        if not self.is_available:
            self.is_available = True
            log.warning("the database accepts clicks again")

    def _commit(self, new_clicks: Sequence[NewClick]) -> Exception | None:
        """Store clicks in one transaction; return the error if that fails."""
        try:
            slugs = self._slugs()
            with self._writer.writing() as connection:
                recorded = record.record_all(connection, new_clicks, slugs)
        except Exception as error:  # of any kind: the caller must still take care of the clicks
            return error
        if recorded.callbacks:
            self._on_callbacks()
        self.mark_available()
        _count(new_clicks, recorded.firsts)
        return None


def _count(stored: Sequence[NewClick], firsts: int) -> None:
    for click in stored:
        metrics.clicks.add(click.verdict.visitor)
    if firsts:
        metrics.first_clicks.add(count=firsts)


def _result(error: Exception | None) -> Result:
    if error is None:
        return Result.STORED
    if isinstance(error, IntegrityError | DataError) or not isinstance(error, SQLAlchemyError):
        return Result.REJECTED
    is_unusable_value = isinstance(error, StatementError) and not isinstance(error, DBAPIError)
    return Result.REJECTED if is_unusable_value else Result.UNAVAILABLE
