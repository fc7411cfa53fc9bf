"""Find the sender that a request's credentials belong to."""

import datetime as dt
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from shortener.accounts import credentials, signing_secrets
from shortener.accounts.senders import COLUMNS, Sender
from shortener.errors import AccountDisabledError, CredentialsError, SecretKeyError, TokenExpiredError
from shortener.rules import scope
from shortener.rules.delivery import event
from shortener.rules.scope import Scope
from shortener.rules.wire.moments import from_micros
from shortener.storage import postgresql
from shortener.storage.lookups import Readers
from shortener.storage.models import Account, Base

log = logging.getLogger(__name__)
UNKNOWN = "These credentials belong to no account."
# Built once, because every request needs it: building the statement takes longer than running it.
_account, _credential = (Base.metadata.tables[name] for name in ("account", "credential"))
_BY_TOKEN = (
    select(*_account.c[COLUMNS])
    .add_columns(_account.c.disabled_on, *_credential.c["id", "name", "scopes", "expires_on"])
    .join(_credential, _credential.c.account_id == _account.c.id)
    .where(_credential.c.token_sha256 == bindparam("token_sha256"))
)
# The last column is the database's clock, or NULL where the system's clock counts.
_STATEMENTS = {
    "postgresql": _BY_TOKEN.add_columns(text(postgresql.CLOCK)),
    "sqlite": _BY_TOKEN.add_columns(text("NULL")),
}


@dataclass(frozen=True, slots=True)
class Token:
    """The token of a request: its row, its name, and what it may be used for."""

    id: int
    name: str
    scopes: frozenset[Scope]


def authenticate(readers: Readers, sid: str | None, token: str) -> tuple[Sender, Token]:
    """Return the sender that a token, or a SID and its token, belongs to, and what is known about the token.

    CredentialsError if there is none, AccountDisabledError if the sender is disabled, TokenExpiredError. The database
    compares SHA-256 digests, so the time that a comparison takes tells nothing about a token.
    """
    row = readers.row(_STATEMENTS[readers.dialect], {"token_sha256": credentials.digest(token)})
    if row is None:
        raise CredentialsError(UNKNOWN)
    *values, disabled_on, token_id, name, scopes, expires_on, clock = row
    sender = Sender.read(values)
    if sid is not None and not secrets.compare_digest(sender.sid.encode(), sid.encode()):
        raise CredentialsError(UNKNOWN)
    if disabled_on is not None:
        raise AccountDisabledError
    if expires_on is not None and from_micros(expires_on) <= _moment(clock):
        raise TokenExpiredError
    return sender, Token(token_id, name, scope.read(scopes))


def _moment(clock: Any) -> dt.datetime:
    return dt.datetime.now(dt.UTC) if clock is None else postgresql.moment(clock)


@dataclass(frozen=True, slots=True)
class Signer:
    """An account and its signing secrets as text, the newest first."""

    sender: Sender
    secrets: list[str]
    is_disabled: bool

    def signed(self, is_signed: Callable[[Sequence[str]], bool]) -> Sender:
        """Return the account if one of its secrets made a signature; CredentialsError if none did.

        AccountDisabledError if it is disabled: only who has a secret learns that.
        """
        if not is_signed(self.secrets):
            raise CredentialsError(UNKNOWN)
        if self.is_disabled:
            raise AccountDisabledError
        return self.sender


def signer(session: Session, sid: str, *, secret_keys: tuple[str, ...], now: dt.datetime) -> Signer:
    """Return the account with this SID and its secrets, for whoever compares a signature.

    CredentialsError if there is none.
    """
    account = session.scalar(select(Account).where(Account.sid == sid)) if sid.isalnum() and sid.isascii() else None
    if account is None:
        raise CredentialsError(UNKNOWN)
    try:
        keys = signing_secrets.signing_keys(session, account.id, secret_keys=secret_keys, now=now)
    except SecretKeyError:
        log.error("account %d: its signing secrets cannot be decrypted, so its signed requests are refused", account.id)
        raise CredentialsError(UNKNOWN) from None
    return Signer(Sender.of(account), [event.show_secret(key) for key in keys], account.disabled_on is not None)
