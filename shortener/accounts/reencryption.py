"""Encrypt every stored secret again under the newest secret key."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from shortener.accounts.encryption import can_decrypt, decrypt, encrypt
from shortener.storage.models import Account, Base, SigningSecret

AT_ONCE: Final = 200  # rows in one transaction: writers of a SQLite file take turns
# Every column that holds encrypted secrets; a test finds one that is missing here.
ENCRYPTED: Final[tuple[InstrumentedAttribute[Any], ...]] = (SigningSecret.sealed, Account.callback_header)


@dataclass(slots=True)
class Count:
    """How many secrets were encrypted again, were under the newest key already, or could not be decrypted."""

    resealed: int = 0
    already: int = 0
    unopened: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """How far the work has got: the number of the column, and the last row of it that was looked at."""

    column: int = 0
    row_id: int = 0


def reencrypt(
    session: Session, secret_keys: tuple[str, ...], count: Count, place: Place, *, most: int = AT_ONCE
) -> Place | None:
    """Encrypt the next secrets that one of the keys decrypts under the first key; others stay as they are.

    Looks at `most` rows and adds what it did to `count`. Returns where to continue, in a transaction of its own; None
    at the end. The product may run meanwhile, and the work may be interrupted and begun anew.
    """
    column = ENCRYPTED[place.column]
    table = Base.metadata.tables[column.class_.__tablename__]
    secret = table.c[column.key]
    following = select(table.c.id, secret).where(secret.is_not(None), table.c.id > place.row_id)
    rows = session.execute(following.order_by(table.c.id).limit(most)).all()
    for row_id, old in rows:
        _reencrypt(session, table, secret, (row_id, old), secret_keys, count)
    if len(rows) == most:
        return Place(place.column, rows[-1][0])
    return Place(place.column + 1) if place.column + 1 < len(ENCRYPTED) else None


def count(session: Session, secret_keys: tuple[str, ...]) -> Count:
    """Count what `reencrypt` would do with these keys, which may be none; nothing is changed."""
    count = Count()
    for column in ENCRYPTED:
        table = Base.metadata.tables[column.class_.__tablename__]
        secret = table.c[column.key]
        for old in session.scalars(select(secret).where(secret.is_not(None))):
            if secret_keys and can_decrypt(old, secret_keys[:1]):
                count.already += 1
            elif secret_keys and can_decrypt(old, secret_keys[1:] or secret_keys):
                count.resealed += 1
            else:
                count.unopened += 1
    return count


def _reencrypt(
    session: Session,
    table: Table,
    secret: ColumnElement[bytes],
    row: tuple[int, bytes],
    secret_keys: tuple[str, ...],
    count: Count,
) -> None:
    row_id, old = row
    if can_decrypt(old, secret_keys[:1]):
        count.already += 1
    elif not can_decrypt(old, secret_keys):
        count.unopened += 1
    else:
        new = encrypt(decrypt(old, secret_keys), secret_keys[0])
        # The condition on the old value keeps a secret that was replaced in the meantime.
        unchanged = (table.c.id == row_id) & (secret == old)
        count.resealed += session.connection().execute(update(table).where(unchanged).values({secret: new})).rowcount
