"""Clicks that the database could not store: written to this process's spool file, read back from unowned ones."""

import contextlib
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from shortener.clicks.new_click import NewClick
from shortener.files import spool_folder
from shortener.files.spool_file import SpoolFile, SpoolFullError
from shortener.rules.visitors.device import Device
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.rules.wire.moments import from_micros, to_micros

log = logging.getLogger(__name__)


class ClickSpool:
    """The spool files of one installation in one folder; this process owns one of them."""

    def __init__(self, folder: Path, size: int, name: Callable[[], str]) -> None:
        """`name` returns the installation's prefix of file names; it tells our clicks from other installations'."""
        self._folder, self._size, self._name = folder, size, name
        self._own: SpoolFile | None = None
        self._deleted: list[SpoolFile] = []  # deleted by somebody else while we owned them; we can still read them
        self._opening = threading.Lock()
        self._uncounted = 0  # clicks lost while there was no file to count them in
        self._failure = ""

    def open(self) -> SpoolFile | None:
        """Acquire a file unless this process has one; None if that is impossible, which is logged once.

        SQLAlchemyError if the database cannot be asked for the installation's prefix. The prefix is remembered, and
        a request that has a click has already needed it to look the link up.
        """
        with self._opening:
            if self._own is not None and self._own.is_deleted:
                self._deleted.append(self._own)
                self._own = None
            if self._own is None:
                try:
                    self._own = spool_folder.acquire(self._folder, self._name(), self._size)
                except OSError as error:
                    self._log_failure(error)
                else:
                    self._count_lost_before(self._own)
            return self._own

    def add(self, click: NewClick) -> bool:
        """Write a click to disk; False if there is no file, no room in it, or the disk fails."""
        try:
            own = self.open()
            if own is None:
                return False
            own.append(pack(click))
        except (SpoolFullError, OSError, SQLAlchemyError):
            return False
        return True

    def count_lost(self, click: NewClick) -> None:
        """Count a click that could not be stored anywhere; only the log has its content."""
        log.critical("a click is lost, its visitor was asked to try again: %s", pack(click).decode())
        with self._opening, contextlib.suppress(OSError):
            if self._own is None:
                self._uncounted += 1
            else:
                self._own.count_lost()

    def fault(self) -> str | None:
        """Say why no click can be spooled; None if one can. Raises the errors of `open`."""
        own = self.open()
        if own is None:
            return self._failure
        return "the file of this process is full" if own.is_full else None

    def files(self) -> Iterator[SpoolFile]:
        """Yield our own file, then files without an owner, each owned by us until the next one is asked for."""
        if self._own is not None:
            yield self._own
        yield from self._deleted
        yield from spool_folder.unowned(self._folder, self._name())

    def new_clicks(self, records: list[bytes]) -> list[NewClick]:
        """Read clicks from records, earliest first; a record that is not a click is set aside."""
        found = []
        for record in records:
            try:
                found.append(unpack(record))
            except ValueError:
                self.set_aside(record)
        return sorted(found, key=lambda click: click.clicked_on)

    def set_aside(self, record: bytes) -> None:
        """Append a record that can never be stored to a separate file, so that it does not block the others."""
        path = self._folder / f"{self._name()}-refused.jsonl"
        log.error("a spooled click cannot be stored; it was moved to %s: %r", path, record)
        with open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(record + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def counts(self) -> tuple[int, int]:
        """Return how many clicks wait in all files of the folder, and how many were lost."""
        waiting, lost = spool_folder.counts(self._folder, self._name())
        return waiting, lost + self._uncounted

    def bytes(self) -> tuple[int, int]:
        """Return how many bytes of this process's file clicks take, and how many it has; zeros without a file."""
        own = self._own
        return (own.used, own.size) if own is not None else (0, 0)

    def close(self) -> None:
        """Give up our file, so that another process can acquire it."""
        own, self._own = self._own, None
        if own is not None:
            own.close()

    def _log_failure(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        if reason != self._failure:
            log.error("no spool in %s; if the database fails, clicks are answered with 503: %s", self._folder, error)
        self._failure = reason

    def _count_lost_before(self, own: SpoolFile) -> None:
        """Move the count of clicks lost without a file into the file, where it outlives this process."""
        with contextlib.suppress(OSError):
            own.count_lost(self._uncounted)
            self._uncounted = 0


def pack(click: NewClick) -> bytes:
    """Make a spool record of a click. Records of earlier versions must stay readable."""
    document = {
        "id": click.id.hex,
        "link": click.link_id,
        "clicked_on": to_micros(click.clicked_on),
        "visitor": click.verdict.visitor,
        "reason": click.verdict.reason,
        "counts": click.counts,
        "network": click.network,
        **click.device._asdict(),
    }
    return json.dumps(document, separators=(",", ":")).encode()


def unpack(record: bytes) -> NewClick:
    """Read the click from a record that `pack` made; ValueError for anything else."""
    try:
        document = json.loads(record)
        return NewClick(
            link_id=int(document["link"]),
            id=uuid.UUID(document["id"]),
            clicked_on=from_micros(document["clicked_on"]),
            verdict=Verdict(Visitor(document["visitor"]), str(document["reason"])),
            counts=bool(document["counts"]),
            network=document["network"],
            # Records of versions before revision 0013 have none.
            device=Device(*(document.get(name) for name in Device._fields)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a click: {error!r}") from None
