"""The header that an account's receivers ask for: stored sealed, sent with its callbacks and never shown."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from shortener.accounts.encryption import opens, seal, unseal
from shortener.rules.delivery import callback_header
from shortener.storage.models import Account, Base

_account: Final = Base.metadata.tables["account"]
_SEALED: Final = select(_account.c.id, _account.c.callback_header).where(
    _account.c.id.in_(bindparam("account_ids", expanding=True)), _account.c.callback_header.is_not(None)
)


def put(account: Account, text: str | None, *, secret_key: str) -> None:
    """Keep `Name: value` for an account, or nothing; ValueError where it cannot be sent."""
    if text is None:
        account.callback_header = None
        return
    name, value = callback_header.parse(text)
    account.callback_header = seal(f"{name}: {value}".encode(), secret_key)


def sealed(session: Session, account_ids: Collection[int]) -> dict[int, bytes]:
    """Those of several accounts, still sealed."""
    if not account_ids:
        return {}
    rows = session.connection().execute(_SEALED, {"account_ids": list(account_ids)})
    return {row.id: row.callback_header for row in rows}


def unopened(session: Session, secret_keys: tuple[str, ...]) -> list[str]:
    """The names of the accounts whose header none of the keys opens."""
    rows = session.execute(
        select(_account.c.name, _account.c.callback_header).where(_account.c.callback_header.is_not(None))
    )
    return [name for name, header in rows if not opens(header, secret_keys)]


def opened(header: bytes | None, secret_keys: tuple[str, ...]) -> dict[str, str]:
    """What is sent beside the headers of an event; SecretKeyError where it does not open."""
    if header is None:
        return {}
    name, value = callback_header.parse(unseal(header, secret_keys).decode("ascii"))
    return {name: value}
