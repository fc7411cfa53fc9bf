"""Decide when incidents begin and end."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shortener.rules.alerts.incident_kind import IncidentKind

QUIET: Final = dt.timedelta(hours=1)  # without another exhausted callback or lost click, after which it is over
FAILING: Final = dt.timedelta(hours=1)  # failures over at least this time, without a success
UNTRIED: Final = dt.timedelta(days=2)  # longer than any wait between attempts: nobody calls this receiver any more
SETTLED: Final = dt.timedelta(minutes=5)  # without a click in the spool, after which the spool is out of use
SILENT: Final = dt.timedelta(days=1)  # without word of a node whose spool had clicks
NEAR: Final = 80  # percent of a monthly limit
MOST_RECEIVERS: Final = 20  # open incidents of one account; with more, its owners would get hundreds of mails


@dataclass(frozen=True, slots=True)
class Failing:
    """A receiver of an account that has had no success since `since`, and failed last at `last`."""

    account_id: int
    receiver: str
    since: dt.datetime
    last: dt.datetime

    @property
    def is_lasting(self) -> bool:
        """Whether it has failed for so long that somebody is told."""
        return self.last - self.since >= FAILING


def exhausted_since(now: dt.datetime, last_check: dt.datetime | None) -> dt.datetime:
    """Return the moment after which an exhausted callback is news: an hour before the last check.

    An incident that was over at that check had its last exhausted callback before this moment. A check whose process
    died is made up for by the next one.
    """
    return (last_check or now) - QUIET


def to_tell(failing: Iterable[Failing], is_open: set[tuple[int, str]]) -> list[Failing]:
    """Return the receivers for which an incident begins; `is_open` has account and receiver of open ones."""
    used = Counter(account_id for account_id, _ in is_open)
    chosen = []
    for one in failing:
        is_new = one.is_lasting and (one.account_id, one.receiver) not in is_open
        if is_new and used[one.account_id] < MOST_RECEIVERS:
            used[one.account_id] += 1
            chosen.append(one)
    return chosen


def is_untried(last: dt.datetime, now: dt.datetime) -> bool:
    """Whether a receiver that failed last then is not called any more."""
    return now - last >= UNTRIED


def limit_kind(used: int, limit: int | None) -> IncidentKind | None:
    """Return what is to be told about a month in which so many messages were used; a limit of 0 is no news."""
    if not limit:
        return None
    if used >= limit:
        return IncidentKind.LIMIT_REACHED
    return IncidentKind.LIMIT_NEAR if used * 100 >= limit * NEAR else None


def spool_is_over(waiting: int, seen_on: dt.datetime, now: dt.datetime) -> bool:
    """Whether a node's spool is out of use, or nothing was heard of the node for a day."""
    return now - seen_on >= (SILENT if waiting else SETTLED)
