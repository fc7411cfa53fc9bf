"""Find the sender that a request's credentials belong to."""

import secrets

from sqlalchemy import bindparam, select

from shortener.accounts import credentials
from shortener.accounts.senders import COLUMNS, Sender
from shortener.errors import AccountDisabledError, CredentialsError
from shortener.storage.lookups import Readers
from shortener.storage.models import Base

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
