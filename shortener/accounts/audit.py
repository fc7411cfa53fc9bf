"""The audit log: who did what, when, from where, and to what. Never a secret, a recipient or a text.

An entry is written in the transaction of its deed: either both are stored, or neither is.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypedDict

from pydantic import Field
from sqlalchemy import ColumnElement, Connection, bindparam, delete, select, tuple_
from sqlalchemy.orm import Session

from shortener.rules.deed import Deed, Origin
from shortener.rules.wire import csv_cells, cursor
from shortener.rules.wire.moments import rfc3339
from shortener.storage.models import Account, AuditEntry, Base
from shortener.validation.models import Parameters
from shortener.validation.types import BehindRow, Moment, ShortText

PAGE: Final = 50
AT_ONCE: Final = 1_000  # entries that an export reads at once
Detail = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and where: a person, a token or a user of the operating system, by name.

    Without a name it is a request that the signing secret signed, or somebody who failed to sign in.
    """

    origin: Origin
    name: str | None


class AuditDocument(TypedDict):
    """An entry as files and commands show it."""

    done_on: str
    account: str | None
    origin: Origin
    actor: str | None
    deed: Deed
    about: str | None
    details: dict[str, Detail] | None


class AuditFilter(Parameters):
    """Entries that fulfil all given conditions."""

    start: Annotated[Moment | None, Field(alias="from")] = None
    end: Annotated[Moment | None, Field(alias="to")] = None
    deed: Deed | None = None
    origin: Origin | None = None
    actor: ShortText | None = None
    about: ShortText | None = None
    account: ShortText | None = None  # by name
    cursor: BehindRow = None


@dataclass(frozen=True, slots=True)
class Page:
    """Entries with the names of their accounts, the newest first, and a cursor if there are more."""

    rows: Sequence[tuple[AuditEntry, str | None]]
    next: str | None

    def documents(self) -> list[AuditDocument]:
        """Return the entries as files and commands show them."""
        return [_document(entry, account) for entry, account in self.rows]


def record(
    session: Session,
    deed: Deed,
    by: Actor,
    *,
    now: dt.datetime,
    account_id: int | None = None,
    about: str | None = None,
    **details: Detail,
) -> None:
    """Write an entry in the session's transaction.

    `about` names what it was done to. `details` never hold a secret; those that are None are left out.
    """
    session.add(
        AuditEntry(
            done_on=now,
            account_id=account_id,
            origin=by.origin,
            actor=by.name,
            deed=deed,
            about=about,
            details={name: value for name, value in details.items() if value is not None} or None,
        )
    )


def find(session: Session, wanted: AuditFilter, *, of: int | None = None, size: int = PAGE) -> Page:
    """Return a page of the entries, the newest first; with `of`, only those of the account with this id."""
    query = select(AuditEntry, Account.name).outerjoin(Account, Account.id == AuditEntry.account_id)
    query = query.where(*_conditions(wanted, of))
    if wanted.cursor is not None:
        query = query.where(tuple_(AuditEntry.done_on, AuditEntry.id) < cursor.row(wanted.cursor))
    newest_first = query.order_by(AuditEntry.done_on.desc(), AuditEntry.id.desc())
    rows = [(entry, account) for entry, account in session.execute(newest_first.limit(size + 1))]
    last = rows[size - 1][0] if len(rows) > size else None
    return Page(rows[:size], cursor.after_row(last.done_on, last.id) if last else None)


def every(
    session: Session, wanted: AuditFilter, *, of: int | None = None, size: int = 1_000
) -> Iterator[AuditDocument]:
    """Yield the documents of all entries that the filter selects, the newest first, page by page."""
    following: AuditFilter | None = wanted
    while following is not None:
        page = find(session, following, of=of, size=AT_ONCE)
        session.expunge_all()  # an export reads very many
        yield from page.documents()
        following = following.model_copy(update={"cursor": page.next}) if page.next else None


def lines(entries: Iterable[AuditDocument], kind: str) -> Iterator[str]:
    """Yield the lines of a file: `csv` with a heading, or `jsonl`."""
    if kind == "csv":
        yield csv_cells.lines([AuditDocument.__annotations__])
    for entry in entries:
        if kind == "csv":
            yield csv_cells.lines([{**entry, "details": shown(entry["details"])}.values()])
        else:
            yield json.dumps(entry, ensure_ascii=False) + "\n"


def shown(details: Mapping[str, Detail] | None) -> str | None:
    """Return details as one text: `scope=send, expires_on=…`."""
    return None if details is None else ", ".join(f"{name}={_written(value)}" for name, value in details.items())


def _written(value: Detail) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def delete_old(connection: Connection, cutoff: dt.datetime, most: int) -> int:
    """Delete entries, at most `most`, that were written at `cutoff` or earlier; return how many."""
    return connection.execute(_OLD, {"before": cutoff, "most": most}).rowcount


def _conditions(wanted: AuditFilter, of: int | None) -> Iterator[ColumnElement[bool]]:
    if of is not None:
        yield AuditEntry.account_id == of
    if wanted.start is not None:
        yield AuditEntry.done_on >= wanted.start
    if wanted.end is not None:
        yield AuditEntry.done_on < wanted.end
    for column, value in (
        (AuditEntry.deed, wanted.deed),
        (AuditEntry.origin, wanted.origin),
        (AuditEntry.actor, wanted.actor),
        (AuditEntry.about, wanted.about),
        (Account.name, wanted.account),
    ):
        if value is not None:
            yield column == value


def _document(entry: AuditEntry, account: str | None) -> AuditDocument:
    return {
        "done_on": rfc3339(entry.done_on),
        "account": account,
        "origin": entry.origin,
        "actor": entry.actor,
        "deed": entry.deed,
        "about": entry.about,
        "details": entry.details,
    }


_audit = Base.metadata.tables[AuditEntry.__tablename__]
_oldest = select(_audit.c.id).where(_audit.c.done_on <= bindparam("before")).limit(bindparam("most"))
_OLD: Final = delete(_audit).where(_audit.c.id.in_(_oldest.with_for_update(skip_locked=True)))
