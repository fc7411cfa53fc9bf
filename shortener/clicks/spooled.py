"""Clicks that the database did not take: kept in this process's spool, and found again in every free one."""

import contextlib
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from shortener.clicks.record import NewClick
from shortener.files import spool_file
from shortener.files.spool_file import Spool, SpoolFullError
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.rules.wire.moments import from_micros, to_micros

log = logging.getLogger(__name__)


class Kept:
    """The spool files of one installation in one folder, of which this process owns one."""

    def __init__(self, folder: Path, size: int, name: Callable[[], str]) -> None:
        """`name` gives what the installation's files begin with, so that no other's clicks are taken for ours."""
        self._folder, self._size, self._name = folder, size, name
        self._own: Spool | None = None
        self._deleted: list[Spool] = []  # by somebody else while they were ours; we can still read them
        self._opening = threading.Lock()
        self._homeless = 0  # lost while there was no file to count them in
        self._failure = ""

    def open(self) -> Spool | None:
        """Take a file, unless this process has one; None where none can be had, which is logged once.

        A SQLAlchemyError where the database does not tell what the installation's files are called. Whoever has a
        click to keep has asked it before: it was asked for the link.
        """
        with self._opening:
            if self._own is not None and self._own.is_deleted:
                self._deleted.append(self._own)
                self._own = None
            if self._own is None:
                try:
                    self._own = spool_file.take(self._folder, self._name(), self._size)
                except OSError as error:
                    self._fail(error)
                else:
                    self._move_lost(self._own)
            return self._own

    def add(self, click: NewClick) -> bool:
        """Keep a click; False where there is no file, no room in it, or the disk refuses."""
        try:
            own = self.open()
            if own is None:
                return False
            own.append(pack(click))
        except (SpoolFullError, OSError, SQLAlchemyError):
            return False
        return True

    def count_lost(self, click: NewClick) -> None:
        """Count a click that nothing keeps; the log is the only place that has it."""
        log.critical("a click is lost, and its visitor asked to try again: %s", pack(click).decode())
        with self._opening, contextlib.suppress(OSError):
            if self._own is None:
                self._homeless += 1
            else:
                self._own.count_lost()

    def fault(self) -> str | None:
        """Say why no click can be kept here; None where one can. Raises what `open` raises."""
        own = self.open()
        if own is None:
            return self._failure
        return "the file of this process is full" if own.is_full else None

    def files(self) -> Iterator[Spool]:
        """Our own file and those left behind, each ours for as long as it is looked at."""
        if self._own is not None:
            yield self._own
        yield from self._deleted
        yield from spool_file.left_behind(self._folder, self._name())

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
        kept, lost = spool_file.counts(self._folder, self._name())
        return kept, lost + self._homeless

    def close(self) -> None:
        """Leave our file to whoever comes."""
        own, self._own = self._own, None
        if own is not None:
            own.close()

    def _fail(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        if reason != self._failure:
            log.error("no spool in %s; a click that the database refuses is answered 503: %s", self._folder, error)
        self._failure = reason

    def _move_lost(self, own: Spool) -> None:
        """Count in a file, where it outlives this process, what was lost while there was none."""
        with contextlib.suppress(OSError):
            own.count_lost(self._homeless)
            self._homeless = 0


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
