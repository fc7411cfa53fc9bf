"""Clicks that the database did not take: kept in this process's spool, and found again in every free one."""

import contextlib
import json
import logging
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from shortener import spool
from shortener.clicks import NewClick
from shortener.rules.moments import from_micros, to_micros
from shortener.rules.visitor import Verdict, Visitor
from shortener.spool import Spool, SpoolFullError

log = logging.getLogger(__name__)


class Kept:
    """The spool files of one installation in one folder, of which this process owns one."""

    def __init__(self, folder: Path, size: int, name: Callable[[], str]) -> None:
        """`name` gives what the installation's files begin with, so that no other's clicks are taken for ours."""
        self._folder, self._size, self._name = folder, size, name
        self._own: Spool | None = None
        self._homeless = 0  # lost while there was no file to count them in
        self._failure = ""

    def open(self) -> None:
        """Have a file of our own, if it can be had; said in the log once, tried again with each call."""
        if self._own is not None:
            return
        try:
            self._own = spool.take(self._folder, self._name(), self._size)
        except OSError as error:
            if str(error) != self._failure:
                log.error("no spool in %s, so clicks may be lost: %s", self._folder, error)
            self._failure = str(error)

    def add(self, click: NewClick) -> None:
        """Keep a click; where there is no room it is counted as lost, and the log is the only place that has it."""
        record = pack(click)
        try:
            if self._own is None:
                raise SpoolFullError
            self._own.append(record)
        except (SpoolFullError, OSError) as error:
            log.critical("a click is lost (%r): %s", error, record.decode())
            self._count_lost()

    def files(self) -> Iterator[Spool]:
        """Our own file and those left behind, each ours for as long as it is looked at."""
        if self._own is not None:
            yield self._own
        yield from spool.left_behind(self._folder, self._name())

    def new_clicks(self, records: list[bytes]) -> list[NewClick]:
        """The clicks that the records hold, the earliest first; a record that holds none is put aside."""
        found = []
        for record in records:
            try:
                found.append(unpack(record))
            except ValueError:
                self.put_aside(record)
        return sorted(found, key=lambda click: click.clicked_on)

    def put_aside(self, record: bytes) -> None:
        """Keep what cannot be stored where it does not stand in the way of the rest: one line of a file beside."""
        path = self._folder / f"{self._name()}-refused.jsonl"
        log.error("a spooled click cannot be stored; it is in %s: %r", path, record)
        with open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(record + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def counts(self) -> tuple[int, int]:
        """How many clicks wait in all files of the folder, and how many found no room."""
        kept, lost = spool.counts(self._folder, self._name())
        return kept, lost + self._homeless

    def close(self) -> None:
        """Leave our file to whoever comes."""
        own, self._own = self._own, None
        if own is not None:
            own.close()

    def _count_lost(self) -> None:
        if self._own is None:
            self._homeless += 1
            return
        with contextlib.suppress(OSError):
            self._own.count_lost()


def pack(click: NewClick) -> bytes:
    """A click as a record of the spool; what an earlier version wrote must stay readable."""
    document = {
        "id": click.id.hex,
        "link": click.link_id,
        "clicked_on": to_micros(click.clicked_on),
        "visitor": click.verdict.visitor.value,
        "reason": click.verdict.reason,
        "counts": click.counts,
        "network": click.network,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def unpack(record: bytes) -> NewClick:
    """The click that `pack` gave; ValueError for anything else."""
    try:
        kept = json.loads(record)
        return NewClick(
            link_id=int(kept["link"]),
            id=uuid.UUID(kept["id"]),
            clicked_on=from_micros(kept["clicked_on"]),
            verdict=Verdict(Visitor(kept["visitor"]), str(kept["reason"])),
            counts=bool(kept["counts"]),
            network=kept["network"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no click: {error!r}") from None
