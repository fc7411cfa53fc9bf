"""Everything that is sealed in the database, sealed again under the newest secret key."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from shortener.accounts.encryption import opens, seal, unseal
from shortener.storage.models import Account, Base, SigningSecret

# Each column that holds what `vault.seal` gave. A further one is a line here.
SEALED: Final[tuple[InstrumentedAttribute[Any], ...]] = (SigningSecret.sealed, Account.callback_header)


@dataclass(slots=True)
class Count:
    """How many secrets there are: sealed again just now, under the newest key before, and under no key given."""

    resealed: int = 0
    already: int = 0
    unopened: int = 0


def reseal(session: Session, secret_keys: tuple[str, ...]) -> Count:
    """Seal every secret that one of the keys opens under the first of them. What none opens stays as it is."""
    count = Count()
    for column in SEALED:
        _reseal(session, column, secret_keys, count)
    return count


def _reseal(session: Session, column: InstrumentedAttribute[Any], secret_keys: tuple[str, ...], count: Count) -> None:
    table = Base.metadata.tables[column.class_.__tablename__]
    sealed = table.c[column.key]
    for row_id, old in session.execute(select(table.c.id, sealed).where(sealed.is_not(None))).all():
        if opens(old, secret_keys[:1]):
            count.already += 1
        elif not opens(old, secret_keys):
            count.unopened += 1
        else:
            # By its old value too: what somebody has replaced meanwhile stays.
            this = (table.c.id == row_id) & (sealed == old)
            session.execute(update(table).where(this).values({sealed: seal(unseal(old, secret_keys), secret_keys[0])}))
            count.resealed += 1
