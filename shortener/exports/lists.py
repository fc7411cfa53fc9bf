"""The exports of an account: a page of them, and the report of each with its attempts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.exports import documents
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire import cursor
from shortener.rules.wire.moments import rfc3339, rfc3339_or_none
from shortener.storage.models import Export, ExportAttempt
from shortener.validation.models import Parameters
from shortener.validation.types import BehindRow

PAGE: Final = 100


class ExportFilter(Parameters):
    """A page of exports."""

    cursor: BehindRow = None


@dataclass(frozen=True, slots=True)
class Page:
    """Exports, the newest first, and a cursor if there are more."""

    rows: Sequence[Export]
    next: str | None


def find(session: Session, account: Sender, wanted: ExportFilter, *, size: int = PAGE) -> Page:
    """Return a page of the account's exports."""
    query = select(Export).where(Export.account_id == account.id)
    if wanted.cursor is not None:
        query = query.where(tuple_(Export.created_on, Export.id) < cursor.row(wanted.cursor))
    rows = session.scalars(query.order_by(Export.created_on.desc(), Export.id.desc()).limit(size + 1)).all()
    last = rows[size - 1] if len(rows) > size else None
    return Page(rows[:size], cursor.after_row(last.created_on, last.id) if last else None)


def document(session: Session, account: Sender, wanted: ExportFilter, base_url: str) -> documents.ExportPage:
    """Return the document of a page of the account's exports."""
    page = find(session, account, wanted)
    return {
        "exports": reports(session, page.rows, base_url),
        "next": f"{base_url}/v1/exports?cursor={page.next}" if page.next else None,
    }


def reports(session: Session, exports: Sequence[Export], base_url: str) -> list[documents.ExportReport]:
    """Return the reports of exports, with one query for all their attempts."""
    these = select(ExportAttempt).where(ExportAttempt.export_id.in_([export.id for export in exports]))
    found = session.scalars(these.order_by(ExportAttempt.export_id, ExportAttempt.number)).all() if exports else []
    by_export: dict[int, list[ExportAttempt]] = {}
    for attempt in found:
        by_export.setdefault(attempt.export_id, []).append(attempt)
    return [_report(export, by_export.get(export.id, ()), base_url) for export in exports]


def _report(export: Export, attempts: Iterable[ExportAttempt], base_url: str) -> documents.ExportReport:
    return {
        "id": export.public_id,
        "state": export.state,
        "exhausted_because": export.exhausted_because,
        "place": export.place,
        "bucket": export.bucket or None,
        "name": export.name,
        "format": export.format,
        "delimiter": export.delimiter,
        "filter": export.wanted,
        "created_on": rfc3339(export.created_on),
        "next_attempt_on": rfc3339(export.due_on) if export.state == JobState.PENDING else None,
        "settled_on": rfc3339_or_none(export.settled_on),
        "rows": export.rows,
        "bytes": export.size,
        "attempts": [_attempt(attempt) for attempt in attempts],
        "report": f"{base_url}/v1/exports/{export.public_id}",
    }


def _attempt(attempt: ExportAttempt) -> documents.ExportAttempt:
    return {
        "number": attempt.number,
        "started_on": rfc3339(attempt.started_on),
        "ended_on": rfc3339_or_none(attempt.ended_on),
        "outcome": attempt.outcome or AttemptOutcome.RUNNING,
        "detail": attempt.detail,
        "rows": attempt.rows,
        "bytes": attempt.size,
    }
