"""One attempt of an export: read the messages part by part and write the file, while the lease is ours."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.delivery.heartbeat import Heartbeat
from shortener.delivery.job import Claimed, Result
from shortener.exports import stored_filter
from shortener.files import usable_folders, whole_file
from shortener.installation.site import Site
from shortener.outbound import object_store
from shortener.outbound.object_store import StorageError
from shortener.reporting import message_exports
from shortener.reporting.message_exports import FORMATS, Format, csv_with
from shortener.rules import export_place
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.export_place import Place
from shortener.rules.wire.csv_cells import DELIMITERS
from shortener.storage import outages
from shortener.storage.models import Export

log = logging.getLogger(__name__)
# Clicks that the same process answers wait while a part is written, so parts are small, with rests between.
AT_ONCE: Final = 250  # messages in a part
REST: Final = 1.0  # seconds for each second of processor time
POLL: Final = 0.5  # seconds between two looks whether to stop
LEAVE_WITHIN: Final = 5.0  # seconds after a request to stop
STOPPED: Final = "our own process was stopped; another one begins again"
LOST: Final = "the lease was lost; the export was canceled, or another process has begun again"
NOT_ALLOWED: Final = "the operator does not allow this place any more"
DATABASE: Final = "the database could not be used"
UNEXPECTED: Final = "something went wrong on our side; the log says what"


class InterruptedExportError(Exception):
    """The attempt must end without effect; the text says why."""


@dataclass(frozen=True, slots=True)
class Storage:
    """The places that exports may go to, and the options of their storage."""

    places: Mapping[str, Place]
    options: Mapping[str, str] = field(repr=False)


@dataclass(slots=True)
class Progress:
    """How much an attempt has written."""

    rows: int = 0
    size: int = 0  # bytes

    def columns(self) -> dict[str, int]:
        """Its values by the columns that store them."""
        return {"rows": self.rows, "size": self.size}

    def counting(self, form: Format) -> Format:
        """The same format, which counts the rows that it writes."""

        def write(documents: Sequence[Mapping[str, object]]) -> str:
            self.rows += len(documents)
            return form.write(documents)

        return replace(form, write=write)


class Pace:
    """Lets other threads of this process work: those that answer clicks wait for the interpreter's lock."""

    def __init__(self) -> None:
        self._used = time.thread_time()

    def rest(self) -> float:
        """The seconds to rest for the processor time that was used since the last rest."""
        used, self._used = time.thread_time() - self._used, time.thread_time()
        return REST * used


@dataclass(frozen=True, slots=True)
class Writer:
    """Makes attempts: `context` gives them the database, `heartbeat` keeps a lease, `stopping` ends them."""

    storage: Storage
    context: Callable[[], AbstractContextManager[object]]
    heartbeat: Callable[[Claimed, Callable[[Session], object]], Heartbeat]
    stopping: threading.Event

    def attempt(self, claimed: Claimed, account: Sender, site: Site) -> Result:
        """Write the file of an export once. A stop waits a little for a storage that does not answer, and leaves it."""
        results: list[Result] = []
        # A daemon, so that it does not keep the process from ending.
        writing = threading.Thread(
            target=lambda: results.append(self._result(claimed, account, site)), name="export", daemon=True
        )
        writing.start()
        while writing.is_alive() and not self.stopping.is_set():
            writing.join(POLL)
        writing.join(LEAVE_WITHIN)
        return results[0] if results else Result(AttemptOutcome.INTERRUPTED, STOPPED)

    def _result(self, claimed: Claimed, account: Sender, site: Site) -> Result:
        progress = Progress()
        try:
            self._write(claimed, account, site, progress)
        except InterruptedExportError as error:
            return Result(AttemptOutcome.INTERRUPTED, str(error), columns=progress.columns())
        except Exception as error:
            sentence = _sentence(error)
            if sentence == UNEXPECTED:
                log.exception("export %s: the attempt failed", claimed.label)
            return Result(AttemptOutcome.UNWRITTEN, sentence, summary=sentence, columns=progress.columns())
        summary = f"{progress.rows} messages, {progress.size} bytes"
        return Result(AttemptOutcome.DELIVERED, summary=summary, columns=progress.columns())

    def _write(self, claimed: Claimed, account: Sender, site: Site, progress: Progress) -> None:
        export = claimed.loaded
        place = self._place(export.bucket, account, export.place, export.name)
        note = lambda session: _note(session, claimed, progress)  # noqa: E731
        with self.context(), self.heartbeat(claimed, note) as heartbeat:
            blocks = self._blocks(claimed, account, site, progress, heartbeat)
            if place.scheme == export_place.FOLDER:
                whole_file.write(Path(place.path) / export.name, blocks, earlier=export.size)
            else:
                kind = FORMATS[export.format].content_type
                object_store.upload(place, export.name, blocks, content_type=kind, options=self.storage.options)

    def _place(self, bucket: str, account: Sender, url: str, name: str) -> Place:
        """The account's part of the place that was chosen; StorageError if the settings have changed since."""
        place = self.storage.places.get(bucket)
        if place is None or f"{place.of_account(account.sid).url}/{name}" != url:
            raise StorageError(NOT_ALLOWED)
        return place.of_account(account.sid)

    def _blocks(
        self, claimed: Claimed, account: Sender, site: Site, progress: Progress, heartbeat: Heartbeat
    ) -> Iterator[bytes]:
        """The file, part by part; InterruptedExportError if it must not be completed."""
        export, pace = claimed.loaded, Pace()
        form = csv_with(DELIMITERS[export.delimiter]) if export.delimiter else FORMATS[export.format]
        found = message_exports.blocks(
            account,
            stored_filter.read(export.wanted),
            site,
            progress.counting(form),
            until=export.created_on,
            reached=lambda _: self._check(heartbeat, pace),
            at_once=AT_ONCE,
        )
        for block in found:
            progress.size += len(block)
            yield block
        self._check(heartbeat, pace)
        if not heartbeat.beat():  # what follows completes the file
            raise InterruptedExportError(LOST)

    def _check(self, heartbeat: Heartbeat, pace: "Pace") -> None:
        self.stopping.wait(pace.rest())
        if heartbeat.is_lost:
            raise InterruptedExportError(LOST)
        if self.stopping.is_set():
            raise InterruptedExportError(STOPPED)


def _note(session: Session, claimed: Claimed, progress: Progress) -> None:
    """Store how far an attempt is."""
    session.execute(update(Export).where(Export.id == claimed.job_id).values(progress.columns()))


def _sentence(error: Exception) -> str:
    """What an account may know of an error."""
    if isinstance(error, StorageError | whole_file.TakenError):
        return str(error)
    if outages.is_outage(error):
        return DATABASE
    if isinstance(error, OSError) and error.filename is not None:
        return usable_folders.reason(error, Path(str(error.filename)))
    return f"the file cannot be written: {error.strerror}" if isinstance(error, OSError) else UNEXPECTED
