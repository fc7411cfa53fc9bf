"""The turns that destinations take in one loop, and what the limits of their groups leave for them."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from shortener.delivery.job import Claimed
from shortener.delivery.kind import Kind
from shortener.delivery.rates import Moments
from shortener.rules.delivery.fair_share import Groups, group_of

SHORTEST: Final = 0.02  # seconds between two looks at a high rate, which then start several attempts each


class Turns:
    """What a loop must know to keep the limits of groups; without such limits it does nothing."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._turns: dict[str, int] = {}
        self._moments: Moments = {}
        self._wait = 0.0

    def groups(self, session: Session, now: dt.datetime) -> Groups | None:
        """The limits of groups at this time; None if the kind has none."""
        if self._kind.rates is None:
            return None if self._kind.per_group is None else Groups(self._kind.per_group, turns=self._turns)
        self._moments = self._kind.rates.moments(session)
        self._wait = self._kind.rates.wait(self._moments, now)
        return Groups(self._kind.per_group, self._kind.rates.allowed(self._moments, now), self._turns)

    def locked_groups(self, session: Session, now: dt.datetime) -> Groups | None:
        """The same inside a claim: what a rate allows stays so until its transaction ends."""
        if self._kind.rates is not None:
            self._kind.queue.lock_claims(session)
        return self.groups(session, now)

    def spend(self, session: Session, claimed: Sequence[Claimed], now: dt.datetime) -> None:
        """Note which destinations had their turn, and store that the rates are used."""
        if self._kind.rates is None and self._kind.per_group is None:
            return
        last = max(self._turns.values(), default=0)
        self._turns |= {one.destination: last + place for place, one in enumerate(claimed, 1)}
        if self._kind.rates is not None and claimed:
            starts = Counter(group_of(one.destination) for one in claimed)
            self._kind.rates.spend(session, self._moments, starts, now)

    def pause(self, longest: float) -> float:
        """The seconds to wait for the next look, at most `longest`: a rate may allow an attempt before.

        It counts from the last look, so without another one, as while all slots are in use, the next pause is longest.
        """
        wait, self._wait = self._wait, 0.0
        return min(longest, max(wait, SHORTEST)) if wait else longest
