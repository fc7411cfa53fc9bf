"""Senders: the accounts that messages belong to."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shortener.accounts import credentials, limits, signing_secrets
from shortener.accounts.random_text import random_text
from shortener.errors import AccountNameError
from shortener.rules.delivery.gateway_rules import OnUnsure, QuietMode
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.recipient_storage import RecipientStorage
from shortener.rules.visitors.threshold import Threshold
from shortener.storage.models import Account

NAME_LENGTH = 100
SID_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Sender:
    """An account as use cases see it: who it is, and the defaults for its messages. Any thread may use it."""

    id: int
    name: str
    sid: str
    track_link: bool
    detection: Detection
    bare_domains: BareDomains
    count_as_click: Threshold
    recipient_storage: RecipientStorage
    gateway: str | None
    receipts_url: str | None
    on_unsure: OnUnsure
    monthly_limit: int | None  # messages
    messages_per_second: int | None
    time_zone: str
    quiet_hours: str | None
    quiet_mode: QuietMode

    @classmethod
    def of(cls, account: Account) -> Self:
        """Copy what a loaded account holds."""
        return cls.read([getattr(account, column) for column in COLUMNS])

    @classmethod
    def read(cls, values: Iterable[Any]) -> Self:
        """Return the sender with these values of `COLUMNS`, as a model or as a driver has them."""
        return cls(*[value if known is None else known[value] for known, value in zip(_KNOWN, values, strict=True)])


_HIDDEN: Final = ("receipts_url", "alerts_url", "alert_mail", "fallback_url")  # from the audit log
COLUMNS: Final = tuple(Sender.__dataclass_fields__)  # of the table `account`
_VOCABULARIES: Final[dict[str, Iterable[Any]]] = {
    "track_link": (False, True),  # equal to 0 and 1, which the driver of SQLite returns
    "detection": Detection,
    "bare_domains": BareDomains,
    "count_as_click": Threshold,
    "recipient_storage": RecipientStorage,
    "on_unsure": OnUnsure,
    "quiet_mode": QuietMode,
}
# The members of each column's vocabulary by what a driver returns for them, in the order of the columns.
_KNOWN: Final = [{each: each for each in _VOCABULARIES[name]} if name in _VOCABULARIES else None for name in COLUMNS]


@dataclass(frozen=True, slots=True)
class NewCredentials:
    """What a new sender needs to use the API; shown only once."""

    name: str
    sid: str
    token: str
    signing_secret: str


def create(session: Session, name: str, *, secret_key: str, now: dt.datetime) -> NewCredentials:
    """Add an account with a token and a signing secret; AccountNameError if the name is invalid or taken."""
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise AccountNameError(f"An account's name has 1 to {NAME_LENGTH} printable characters.")
    account = Account(name=name, sid=random_text(SID_LENGTH), created_on=now)
    session.add(account)
    try:
        session.flush()  # finds out whether the name is taken, and gives the account its id
    except IntegrityError:
        raise AccountNameError(f"There is already an account named {name}.") from None
    token = credentials.add(session, account.id, now=now)
    signing_secret = signing_secrets.add(session, account.id, secret_key=secret_key, now=now)
    return NewCredentials(name=name, sid=account.sid, token=token, signing_secret=signing_secret)


def disable(session: Session, name: str, *, now: dt.datetime) -> Account:
    """Refuse the account's credentials. Its links still redirect and its callbacks are still delivered."""
    account = named(session, name)
    account.disabled_on = account.disabled_on or now
    return account


def enable(session: Session, name: str) -> Account:
    """Accept the credentials of a disabled account again."""
    account = named(session, name)
    account.disabled_on = None
    return account


def configure(session: Session, name: str, changes: dict[str, Any]) -> Account:
    """Change the account's defaults and limits, which apply to later messages."""
    account = named(session, name)
    was_limited, was_in = account.monthly_limit is not None, account.time_zone
    for field, value in changes.items():
        setattr(account, field, value)
    if account.time_zone != was_in or not was_limited:
        session.flush()  # takes the lock of the account, which storing messages waits for
        limits.begin_anew(session, account.id)
    return account


def told(changes: Mapping[str, Any], *, header: str | None = None) -> dict[str, str | int | bool | None]:
    """Return changes of an account as the audit log has them: neither a URL nor a header, which may be secret.

    What is taken away is `none`.
    """
    plain = {name: "none" if value is None else value for name, value in changes.items() if name not in _HIDDEN}
    secret = {**{name: changes.get(name) for name in _HIDDEN}, "callback_header": header}
    given = {name: value for name, value in secret.items() if name in changes or value is not None}
    return plain | {name: "set" if value else "removed" for name, value in given.items()}


def named(session: Session, name: str) -> Account:
    """Return the account with this name; AccountNameError if there is none."""
    account = session.scalar(select(Account).where(Account.name == name))
    if account is None:
        raise AccountNameError(f"There is no account named {name}.")
    return account


def every(session: Session) -> list[Account]:
    """Return all accounts, ordered by name."""
    return list(session.scalars(select(Account).order_by(Account.name)))
