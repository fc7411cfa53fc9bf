"""Start and cancel exports."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shortener.accounts.random_text import random_text
from shortener.accounts.senders import Sender
from shortener.errors import (
    ExportNameTakenError,
    ExportNotFoundError,
    ExportSettledError,
    ExportsNotConfiguredError,
    IdempotencyKeyReusedError,
    InvalidFieldsError,
    OpenExportsError,
)
from shortener.exports import stored_filter
from shortener.exports.new_export import NewExport
from shortener.rules.delivery.job_state import JobState
from shortener.rules.export_place import Place
from shortener.storage.bulk import skipping
from shortener.storage.models import Base, Export

ID: Final = re.compile(r"exp_[A-Za-z0-9]{1,60}")
ID_LENGTH: Final = 24
MOST_OPEN: Final = 10  # exports of an account that are waiting or under way
_NEW: Final = (
    *("account_id", "public_id", "place", "bucket", "name", "format", "delimiter", "wanted", "destination", "state"),
    *("created_on", "due_on", "starts_before", "rows", "size", "idempotency_key", "fingerprint"),
)
_INSERT: Final = skipping(Base.metadata.tables["export"], _NEW)


@dataclass(frozen=True, slots=True)
class Asked:
    """An export that was stored, now or by an earlier call with the same key."""

    export: Export
    is_new: bool


def ask(
    session: Session,
    account: Sender,
    asked: NewExport,
    places: Mapping[str, Place],
    *,
    idempotency_key: str | None,
    now: dt.datetime,
) -> Asked:
    """Store an export that is due at once.

    ExportsNotConfiguredError without `places`; InvalidFieldsError for a bucket that is not among them;
    IdempotencyKeyReusedError, OpenExportsError and ExportNameTakenError say why it cannot be stored.
    """
    place = _place(places, asked.bucket)
    if earlier := _earlier(session, account, asked, idempotency_key):
        return earlier
    _refuse_too_many(session, account)
    row = _row(account, asked, place, idempotency_key, now)
    connection = session.connection()
    if _INSERT[connection.dialect.name].run(connection, [row]):
        return Asked(find(session, account, row["public_id"]), is_new=True)
    if earlier := _earlier(session, account, asked, idempotency_key):  # it came at the same time
        return earlier
    raise ExportNameTakenError


def find(session: Session, account: Sender, public_id: str) -> Export:
    """Return the account's export with that id; ExportNotFoundError also if it is another account's."""
    export = None
    if ID.fullmatch(public_id):  # PostgreSQL refuses some other texts
        export = session.scalar(select(Export).where(Export.public_id == public_id, Export.account_id == account.id))
    if export is None:
        raise ExportNotFoundError
    return export


def cancel(session: Session, account: Sender, public_id: str, *, now: dt.datetime) -> Export:
    """Take an export back; ExportSettledError if it has ended. An attempt that runs loses its lease, and so ends.

    Its file can still appear if it is being completed at this moment.
    """
    export = find(session, account, public_id)
    values = {"state": JobState.CANCELED, "settled_on": now, "due_on": now, "lease_token": None}
    these = update(Export).where(Export.id == export.id, Export.settled_on.is_(None)).values(values)
    if session.scalar(these.returning(Export.id)) is None:
        raise ExportSettledError
    stored_filter.mask_recipients(session, [export.id])
    session.refresh(export)
    return export


def _place(places: Mapping[str, Place], bucket: str | None) -> Place:
    if not places:
        raise ExportsNotConfiguredError
    if bucket is None:
        return next(iter(places.values()))
    if bucket not in places or not bucket:
        raise InvalidFieldsError({"bucket": ["is not a bucket that the operator allows"]})
    return places[bucket]


def _earlier(session: Session, account: Sender, asked: NewExport, key: str | None) -> Asked | None:
    """The export that an earlier call with this key has stored; IdempotencyKeyReusedError if it was another one."""
    if key is None:
        return None
    export = session.scalar(select(Export).where(Export.account_id == account.id, Export.idempotency_key == key))
    if export is not None and export.fingerprint != asked.fingerprint():
        raise IdempotencyKeyReusedError
    return Asked(export, is_new=False) if export else None


def _refuse_too_many(session: Session, account: Sender) -> None:
    still_open = select(func.count()).where(Export.destination == destination(account), Export.settled_on.is_(None))
    if session.scalars(still_open).one() >= MOST_OPEN:
        raise OpenExportsError(MOST_OPEN)


def destination(account: Sender) -> str:
    """The unit that exports under way are limited by: one for each account."""
    return f"{account.id} export://storage:0"


def _row(account: Sender, asked: NewExport, place: Place, key: str | None, now: dt.datetime) -> dict[str, Any]:
    public_id = f"exp_{random_text(ID_LENGTH)}"
    name = asked.name or f"messages-{now:%Y%m%dT%H%M%SZ}-{public_id[4:12]}.{asked.format}"
    return {
        "account_id": account.id,
        "public_id": public_id,
        "place": f"{place.of_account(account.sid).url}/{name}",
        "bucket": place.bucket,
        "name": name,
        "format": asked.format,
        "delimiter": asked.delimiter,
        "wanted": asked.wanted(),
        "destination": destination(account),
        "state": JobState.PENDING,
        "created_on": now,
        "due_on": now,
        "starts_before": 0,
        "rows": 0,
        "size": 0,
        "idempotency_key": key,
        "fingerprint": asked.fingerprint() if key is not None else None,
    }
