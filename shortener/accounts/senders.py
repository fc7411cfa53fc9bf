"""Accounts: a sender with its credentials and the keys that sign its events."""

import datetime as dt
import hashlib
import secrets
import string
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shortener.accounts.encryption import opens, seal, unseal
from shortener.errors import AccountDisabledError, AccountNameError, CredentialsError, SecretKeyError
from shortener.installation import clock
from shortener.rules.delivery import event
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.recipient_storage import RecipientStorage
from shortener.rules.visitors.threshold import Threshold
from shortener.rules.wire.moments import from_micros
from shortener.storage.lookups import Readers
from shortener.storage.models import Account, Base, Credential, SigningSecret

ALPHANUMERIC = (string.ascii_letters + string.digits).encode("ascii")
# Random bytes become characters by one look-up each; those above the last whole multiple of 62 would favour some.
_FAIR = 256 - 256 % len(ALPHANUMERIC)
_CHARACTERS = bytes(ALPHANUMERIC[number % len(ALPHANUMERIC)] for number in range(256))
_UNFAIR = bytes(range(_FAIR, 256))
# Made once, for every request asks it: to put it together costs more than to run it.
_account, _credential = (Base.metadata.tables[name] for name in ("account", "credential"))
_OF_TOKEN = (
    select(_account, _credential.c.id.label("credential_id"))
    .join(_credential, _credential.c.account_id == _account.c.id)
    .where(_credential.c.token_sha256 == bindparam("token_sha256"))
)
_NAMES = _account.c.keys()
_secret = Base.metadata.tables["signing_secret"]
_SEALED = (
    select(_secret.c.account_id, _secret.c.sealed)
    .where(
        _secret.c.account_id.in_(bindparam("account_ids", expanding=True)),
        or_(_secret.c.expires_on.is_(None), _secret.c.expires_on > bindparam("now")),
    )
    .order_by(_secret.c.created_on.desc(), _secret.c.id.desc())
)
KEY_BYTES = 32
NAME_LENGTH = 100
OVERLAP = dt.timedelta(hours=24)  # an old signing secret signs beside the new one for so long


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sender needs to use us. Shown once."""

    name: str
    sid: str
    token: str
    signing_secret: str


def create(session: Session, name: str, *, secret_key: str, now: dt.datetime) -> Credentials:
    """Add an account with one token and one signing secret; AccountNameError if the name is taken."""
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise AccountNameError(f"An account's name has 1 to {NAME_LENGTH} printable characters.")
    account = Account(name=name, sid=random_text(32), created_on=now)
    session.add(account)
    try:
        session.flush()  # the name may be taken, and the rows below need the id
    except IntegrityError:
        raise AccountNameError(f"There is an account named {name} already.") from None
    token = _add_token(session, account, now)
    signing_secret = _add_signing_secret(session, account, secret_key, now)
    return Credentials(name=name, sid=account.sid, token=token, signing_secret=signing_secret)


def rotate(session: Session, name: str, *, now: dt.datetime) -> tuple[Account, str]:
    """Give the account a new token; the old ones open nothing any more."""
    account = named(session, name)
    session.execute(delete(Credential).where(Credential.account_id == account.id))
    return account, _add_token(session, account, now)


def rotate_signing_secret(
    session: Session, name: str, *, secret_keys: tuple[str, ...], now: dt.datetime
) -> tuple[Account, str, dt.datetime]:
    """Give the account a new signing secret, and tell until when the old one signs as well.

    Of several old ones none lives longer than it would have. One that no key opens can never sign again, and goes.
    """
    account = named(session, name)
    until = now + OVERLAP
    for old in signing_secrets(session, account, now=now):
        if not opens(old.sealed, secret_keys):
            session.delete(old)
    session.flush()
    mine, expires_on = SigningSecret.account_id == account.id, SigningSecret.expires_on
    session.execute(delete(SigningSecret).where(mine, expires_on <= now, clock.trusted(now)))
    for_longer = or_(expires_on.is_(None), expires_on > until)
    session.execute(update(SigningSecret).where(mine, for_longer).values(expires_on=until))
    return account, _add_signing_secret(session, account, secret_keys[0], now), until


def disable(session: Session, name: str, *, now: dt.datetime) -> Account:
    """Close the account to its sender. Its links still redirect, its callbacks still go out."""
    account = named(session, name)
    account.disabled_on = account.disabled_on or now
    return account


def enable(session: Session, name: str) -> Account:
    """Open a disabled account again, with the credentials that it had."""
    account = named(session, name)
    account.disabled_on = None
    return account


def configure(session: Session, name: str, changes: dict[str, Any]) -> Account:
    """Change the account's defaults; they hold for messages that come after."""
    account = named(session, name)
    for field, value in changes.items():
        setattr(account, field, value)
    return account


def named(session: Session, name: str) -> Account:
    """The account of that name; AccountNameError if there is none."""
    account = session.scalar(select(Account).where(Account.name == name))
    if account is None:
        raise AccountNameError(f"There is no account named {name}.")
    return account


def every(session: Session) -> list[Account]:
    """All accounts, by name."""
    return list(session.scalars(select(Account).order_by(Account.name)))


def credentials(session: Session, account: Account) -> Sequence[Credential]:
    """The account's credentials, the newest first."""
    mine = select(Credential).where(Credential.account_id == account.id)
    return session.scalars(mine.order_by(Credential.created_on.desc(), Credential.id.desc())).all()


def signing_secrets(session: Session, account: Account, *, now: dt.datetime) -> Sequence[SigningSecret]:
    """The account's secrets that sign now, still sealed, the newest first."""
    expires_on = SigningSecret.expires_on
    mine = select(SigningSecret).where(
        SigningSecret.account_id == account.id, or_(expires_on.is_(None), expires_on > now)
    )
    return session.scalars(mine.order_by(SigningSecret.created_on.desc(), SigningSecret.id.desc())).all()


def authenticate(readers: Readers, sid: str | None, token: str) -> Account:
    """The account that a token, or a SID and its token, opens, in no session; CredentialsError if none."""
    return opened(readers, sid, token)[0]


def opened(readers: Readers, sid: str | None, token: str) -> tuple[Account, int]:
    """The same, and the id of the credential.

    The look-up goes by the token's SHA-256. A token has 190 random bits, so a fast hash without salt is enough, and
    how long a comparison takes tells nothing of use.
    """
    row = readers.row(_OF_TOKEN, {"token_sha256": hashlib.sha256(token.encode()).digest()})
    account, credential_id = (_of_row(row[:-1]), row[-1]) if row else (None, 0)
    if account is None or (sid is not None and not secrets.compare_digest(account.sid.encode(), sid.encode())):
        raise CredentialsError("These credentials open no account.")
    if account.disabled_on is not None:
        raise AccountDisabledError
    return account, credential_id


def signing_keys(session: Session, account_id: int, *, secret_keys: tuple[str, ...], now: dt.datetime) -> list[bytes]:
    """The keys that sign the account's events now, the newest first; SecretKeyError if there is none."""
    return unsealed(sealed_keys(session, [account_id], now=now).get(account_id, ()), secret_keys)


def sealed_keys(session: Session, account_ids: Collection[int], *, now: dt.datetime) -> dict[int, list[bytes]]:
    """The same for several accounts, and still sealed: they can be opened where no database is at hand."""
    if not account_ids:
        return {}
    rows = session.connection().execute(_SEALED, {"account_ids": list(account_ids), "now": now})
    keys: dict[int, list[bytes]] = {}
    for account_id, sealed in rows:
        keys.setdefault(account_id, []).append(sealed)
    return keys


def check_secret_keys(session: Session, secret_keys: tuple[str, ...], *, mends: str | None = None) -> None:
    """Try the keys on the newest signing secret; SecretKeyError where that was stored under another one.

    An account that `mends` names may get a new secret where its own is all that is wrong: another stored one opens.
    """
    newest_first = select(Account.name, SigningSecret.sealed).join(Account).order_by(SigningSecret.id.desc())
    newest = session.execute(newest_first.limit(1)).first()
    if newest is None or opens(newest.sealed, secret_keys):
        return
    others_open = any(opens(row.sealed, secret_keys) for row in session.execute(newest_first))
    if not others_open or newest.name != mends:
        raise SecretKeyError(newest.name, others_open=others_open)


def unsealed(sealed: Iterable[bytes], secret_keys: tuple[str, ...]) -> list[bytes]:
    """The keys themselves; SecretKeyError where they do not open, or there is none."""
    keys = [unseal(secret, secret_keys) for secret in sealed]
    if not keys:
        raise SecretKeyError
    return keys


def random_text(length: int) -> str:
    """Random characters `[A-Za-z0-9]`, 5.95 bits each."""
    text = b""
    while len(text) < length:
        text += secrets.token_bytes(length + 8).translate(_CHARACTERS, _UNFAIR)
    return text[:length].decode("ascii")


@lru_cache(maxsize=1024)  # as long as nothing in the row changes it is the same account, which nobody changes here
def _of_row(row: tuple[Any, ...]) -> Account:
    """An account whose values are as the driver gives them."""
    values = dict(zip(_NAMES, row, strict=True))
    disabled_on = values["disabled_on"]
    values |= {
        "created_on": from_micros(values["created_on"]),
        "disabled_on": None if disabled_on is None else from_micros(disabled_on),
        "track_link": bool(values["track_link"]),
        "detection": Detection(values["detection"]),
        "bare_domains": BareDomains(values["bare_domains"]),
        "count_as_click": Threshold(values["count_as_click"]),
        "recipient_storage": RecipientStorage(values["recipient_storage"]),
    }
    return Account(**values)


def _add_token(session: Session, account: Account, now: dt.datetime) -> str:
    token = random_text(32)
    digest = hashlib.sha256(token.encode()).digest()
    session.add(Credential(account_id=account.id, token_sha256=digest, created_on=now))
    return token


def _add_signing_secret(session: Session, account: Account, secret_key: str, now: dt.datetime) -> str:
    key = secrets.token_bytes(KEY_BYTES)
    session.add(SigningSecret(account_id=account.id, sealed=seal(key, secret_key), created_on=now))
    return event.show_secret(key)
