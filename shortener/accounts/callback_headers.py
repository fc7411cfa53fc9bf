"""The header that an account's receivers require: stored encrypted, sent with every callback, never shown."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from shortener.accounts.encryption import can_decrypt, decrypt, encrypt
from shortener.rules.delivery import callback_header
from shortener.storage.models import Account, Base

_account: Final = Base.metadata.tables["account"]
_ENCRYPTED: Final = select(_account.c.id, _account.c.callback_header).where(
    _account.c.id.in_(bindparam("account_ids", expanding=True)), _account.c.callback_header.is_not(None)
)


def put(account: Account, text: str | None, *, secret_key: str) -> None:
    """Store the header `Name: value` for an account, or remove it if `text` is None; ValueError if it is malformed."""
    if text is None:
        account.callback_header = None
        return
    name, value = callback_header.parse(text)
    account.callback_header = encrypt(f"{name}: {value}".encode(), secret_key)


def encrypted(session: Session, account_ids: Collection[int]) -> dict[int, bytes]:
    """Return the encrypted headers of several accounts, by account."""
    if not account_ids:
        return {}
    rows = session.connection().execute(_ENCRYPTED, {"account_ids": list(account_ids)})
    return {row.id: row.callback_header for row in rows}


def undecryptable(session: Session, secret_keys: tuple[str, ...]) -> list[str]:
    """Return the names of the accounts whose header none of the keys decrypts."""
    rows = session.execute(
        select(_account.c.name, _account.c.callback_header).where(_account.c.callback_header.is_not(None))
    )
    return [name for name, header in rows if not can_decrypt(header, secret_keys)]


def decrypted(header: bytes | None, secret_keys: tuple[str, ...]) -> dict[str, str]:
    """Return the header to send with an event, or none; SecretKeyError if it cannot be decrypted."""
    if header is None:
        return {}
    name, value = callback_header.parse(decrypt(header, secret_keys).decode("ascii"))
    return {name: value}
