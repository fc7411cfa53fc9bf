"""The secrets that sign an account's events: stored encrypted, the newest first, an old one for a day more."""

import datetime as dt
import secrets
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from shortener.accounts.encryption import can_decrypt, decrypt, encrypt
from shortener.errors import SecretKeyError
from shortener.installation import clock
from shortener.rules.delivery import event
from shortener.storage.models import Account, Base, SigningSecret

KEY_BYTES = 32
OVERLAP = dt.timedelta(hours=24)  # after a rotation, the old secret signs together with the new one for so long
_secret = Base.metadata.tables["signing_secret"]
_SEALED = (
    select(_secret.c.account_id, _secret.c.sealed)
    .where(
        _secret.c.account_id.in_(bindparam("account_ids", expanding=True)),
        or_(_secret.c.expires_on.is_(None), _secret.c.expires_on > bindparam("now")),
    )
    .order_by(_secret.c.created_on.desc(), _secret.c.id.desc())
)


def add(session: Session, account_id: int, *, secret_key: str, now: dt.datetime) -> str:
    """Add a signing secret to an account and return it as text: `whsec_…`."""
    key = secrets.token_bytes(KEY_BYTES)
    session.add(SigningSecret(account_id=account_id, sealed=encrypt(key, secret_key), created_on=now))
    return event.show_secret(key)


def rotate(
    session: Session, account_id: int, *, secret_keys: tuple[str, ...], now: dt.datetime
) -> tuple[str, dt.datetime]:
    """Add a new signing secret; return it, and until when the old ones sign too.

    A secret that was to expire earlier still does. Secrets that no key decrypts are deleted: they can never sign again.
    """
    until = now + OVERLAP
    for old in active(session, account_id, now=now):
        if not can_decrypt(old.sealed, secret_keys):
            session.delete(old)
    session.flush()
    mine, expires_on = SigningSecret.account_id == account_id, SigningSecret.expires_on
    session.execute(delete(SigningSecret).where(mine, expires_on <= now, clock.trusted(now)))
    expires_later = or_(expires_on.is_(None), expires_on > until)
    session.execute(update(SigningSecret).where(mine, expires_later).values(expires_on=until))
    return add(session, account_id, secret_key=secret_keys[0], now=now), until


def active(session: Session, account_id: int, *, now: dt.datetime) -> Sequence[SigningSecret]:
    """Return the account's secrets that sign now, encrypted, newest first."""
    expires_on = SigningSecret.expires_on
    mine = select(SigningSecret).where(
        SigningSecret.account_id == account_id, or_(expires_on.is_(None), expires_on > now)
    )
    return session.scalars(mine.order_by(SigningSecret.created_on.desc(), SigningSecret.id.desc())).all()


def signing_keys(session: Session, account_id: int, *, secret_keys: tuple[str, ...], now: dt.datetime) -> list[bytes]:
    """Return the keys that sign the account's events now, newest first; SecretKeyError if there is none."""
    return decrypted(sealed_keys(session, [account_id], now=now).get(account_id, ()), secret_keys)


def sealed_keys(session: Session, account_ids: Collection[int], *, now: dt.datetime) -> dict[int, list[bytes]]:
    """Return the encrypted keys that sign now by account, newest first; `decrypted` needs no database."""
    if not account_ids:
        return {}
    rows = session.connection().execute(_SEALED, {"account_ids": list(account_ids), "now": now})
    keys: dict[int, list[bytes]] = {}
    for account_id, sealed in rows:
        keys.setdefault(account_id, []).append(sealed)
    return keys


def decrypted(sealed: Iterable[bytes], secret_keys: tuple[str, ...]) -> list[bytes]:
    """Decrypt keys; SecretKeyError if that fails or there are none."""
    keys = [decrypt(secret, secret_keys) for secret in sealed]
    if not keys:
        raise SecretKeyError
    return keys


def check_secret_keys(session: Session, secret_keys: tuple[str, ...], *, replacing: str | None = None) -> None:
    """Decrypt the newest signing secret; SecretKeyError if it was encrypted under another key.

    The account `replacing` is about to get a new secret, so if only its own cannot be decrypted, that is no error.
    """
    newest_first = select(Account.name, SigningSecret.sealed).join(Account).order_by(SigningSecret.id.desc())
    newest = session.execute(newest_first.limit(1)).first()
    if newest is None or can_decrypt(newest.sealed, secret_keys):
        return
    others_decrypt = any(can_decrypt(row.sealed, secret_keys) for row in session.execute(newest_first))
    if not others_decrypt or newest.name != replacing:
        raise SecretKeyError(newest.name, others_decrypt=others_decrypt)
