"""Find the sender that a request's credentials belong to."""

import datetime as dt
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from shortener.accounts import credentials, signing_secrets
from shortener.accounts.senders import COLUMNS, Sender
from shortener.errors import AccountDisabledError, CredentialsError, SecretKeyError
from shortener.rules.delivery import event
from shortener.storage.lookups import Readers
from shortener.storage.models import Account, Base

log = logging.getLogger(__name__)
UNKNOWN = "These credentials belong to no account."
# Built once, because every request needs it: building the statement takes longer than running it.
_account, _credential = (Base.metadata.tables[name] for name in ("account", "credential"))
_BY_TOKEN = (
    select(*_account.c[COLUMNS])
    .add_columns(_account.c.disabled_on, _credential.c.id)
    .join(_credential, _credential.c.account_id == _account.c.id)
    .where(_credential.c.token_sha256 == bindparam("token_sha256"))
)


def authenticate(readers: Readers, sid: str | None, token: str) -> tuple[Sender, int]:
    """Return the sender that a token, or a SID and its token, belongs to, and the id of the credential.

    CredentialsError if there is none, AccountDisabledError if it is disabled. The database compares SHA-256 digests,
    so the time that a comparison takes tells nothing about a token.
    """
    row = readers.row(_BY_TOKEN, {"token_sha256": credentials.digest(token)})
    if row is None:
        raise CredentialsError(UNKNOWN)
    *values, disabled_on, credential_id = row
    sender = Sender.read(values)
    if sid is not None and not secrets.compare_digest(sender.sid.encode(), sid.encode()):
        raise CredentialsError(UNKNOWN)
    if disabled_on is not None:
        raise AccountDisabledError
    return sender, credential_id


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
