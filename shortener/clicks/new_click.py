"""A click that is to be recorded, with the id that it keeps however it gets to the database."""

import datetime as dt
import secrets
import uuid
from dataclasses import dataclass
from typing import Self

from shortener.clicks.resolve import Resolved
from shortener.rules.visitors.device import NO_DEVICE, Device
from shortener.rules.visitors.visitor import Verdict, reaches
from shortener.rules.wire.moments import to_micros


@dataclass(frozen=True, slots=True)
class NewClick:
    """A click to record. The id is made once, so that storing the click again changes nothing."""

    link_id: int
    id: uuid.UUID
    clicked_on: dt.datetime
    verdict: Verdict
    counts: bool  # whether it is the link's first click, as far as the look-up could tell
    network: str | None = None
    device: Device = NO_DEVICE

    @classmethod
    def of(cls, resolved: Resolved, verdict: Verdict, network: str | None = None, device: Device = NO_DEVICE) -> Self:
        """Make the click of a visitor on a live link."""
        return cls(
            link_id=resolved.link_id,
            id=time_ordered_uuid(resolved.now),
            clicked_on=resolved.now,
            verdict=verdict,
            counts=reaches(verdict.visitor, resolved.count_as_click) and not resolved.accessed,
            network=network,
            device=device,
        )


def time_ordered_uuid(moment: dt.datetime) -> uuid.UUID:
    """Make a UUID of version 7 (RFC 9562, method 3): milliseconds, microseconds, then random bits.

    Sorted by these ids, a link's clicks are in the order of their times.
    """
    millis, micros = divmod(to_micros(moment), 1000)
    value = (millis & ((1 << 48) - 1)) << 80 | 7 << 76 | micros << 66 | secrets.randbits(66)
    value = value & ~(0x3 << 62) | 2 << 62
    return uuid.UUID(int=value)
