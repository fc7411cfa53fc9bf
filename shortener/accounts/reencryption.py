"""Encrypt every stored secret again under the newest secret key."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from shortener.accounts.encryption import can_decrypt, decrypt, encrypt
from shortener.storage.models import Account, Base, SigningSecret

# Every column that holds encrypted secrets; a test finds one that is missing here.
ENCRYPTED: Final[tuple[InstrumentedAttribute[Any], ...]] = (SigningSecret.sealed, Account.callback_header)


@dataclass(slots=True)
class Count:
    """How many secrets were encrypted again, were under the newest key already, or could not be decrypted."""

    resealed: int = 0
    already: int = 0
    unopened: int = 0


def reencrypt(session: Session, secret_keys: tuple[str, ...]) -> Count:
    """Encrypt every secret that one of the keys decrypts under the first key; others stay as they are."""
    count = Count()
    for column in ENCRYPTED:
        _reencrypt(session, column, secret_keys, count)
    return count


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
    session: Session, column: InstrumentedAttribute[Any], secret_keys: tuple[str, ...], count: Count
) -> None:
    table = Base.metadata.tables[column.class_.__tablename__]
    secret = table.c[column.key]
    for row_id, old in session.execute(select(table.c.id, secret).where(secret.is_not(None))).all():
        if can_decrypt(old, secret_keys[:1]):
            count.already += 1
        elif not can_decrypt(old, secret_keys):
            count.unopened += 1
        else:
            new = encrypt(decrypt(old, secret_keys), secret_keys[0])
            # The condition on the old value keeps a secret that was replaced in the meantime.
            unchanged = (table.c.id == row_id) & (secret == old)
            session.execute(update(table).where(unchanged).values({secret: new}))
            count.resealed += 1
