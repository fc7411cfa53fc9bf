"""Find the sender that a request's credentials belong to."""

import secrets

from sqlalchemy import bindparam, select

from shortener.accounts import credentials
from shortener.accounts.senders import Sender
from shortener.errors import AccountDisabledError, CredentialsError
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.recipient_storage import RecipientStorage
from shortener.rules.visitors.threshold import Threshold
from shortener.storage.lookups import Readers
from shortener.storage.models import Base

# Built once, because every request needs it: building the statement takes longer than running it.
_account, _credential = (Base.metadata.tables[name] for name in ("account", "credential"))
_COLUMNS = ("id", "name", "sid", "track_link", "detection", "bare_domains", "count_as_click", "recipient_storage")
_BY_TOKEN = (
    select(*_account.c[_COLUMNS])
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
    if row is None or (sid is not None and not secrets.compare_digest(row[2].encode(), sid.encode())):
        raise CredentialsError("These credentials belong to no account.")
    (
        id_,
        name,
        own_sid,
        track_link,
        detection,
        bare_domains,
        threshold,
        recipient_storage,
        disabled_on,
        credential_id,
    ) = row
    if disabled_on is not None:
        raise AccountDisabledError
    sender = Sender(
        id=id_,
        name=name,
        sid=own_sid,
        track_link=bool(track_link),  # the driver of SQLite returns 0 or 1
        detection=Detection(detection),
        bare_domains=BareDomains(bare_domains),
        count_as_click=Threshold(threshold),
        recipient_storage=RecipientStorage(recipient_storage),
    )
    return sender, credential_id
