"""Paths for gateways that can send no credentials. The key in each proves that we gave it out; nothing is stored.

While the operator changes the secret key there are two: keys of both are accepted, and the new one makes keys.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.errors import AccountDisabledError, CredentialsError, MessageNotFoundError
from shortener.rules.delivery.receipt_key import is_receipt_key, receipt_key
from shortener.storage.models import Account, Message

_ACCOUNT = "account"  # part of the keys of accounts, so that none is the key of a message


def account_path(gateway: str, sid: str, secret_key: str) -> str:
    """The path at which a gateway reports about an account's messages."""
    return f"/receipts/{gateway}/{sid}-{receipt_key(secret_key, _ACCOUNT, gateway, sid)}"


def account_of(session: Session, gateway: str, key: str, secret_keys: Sequence[str]) -> Sender:
    """The account that a path is for; CredentialsError if its key is not ours, or the account is disabled.

    The key is checked before the database is asked.
    """
    sid, _, mac = key.partition("-")
    if not is_receipt_key(mac, secret_keys, _ACCOUNT, gateway, sid):
        raise _unknown()
    account = session.scalar(select(Account).where(Account.sid == sid))
    if account is None:
        raise _unknown()
    if account.disabled_on is not None:
        raise AccountDisabledError
    return Sender.of(account)


def account_of_message(session: Session, gateway: str, msgid: str, key: str, secret_keys: Sequence[str]) -> Sender:
    """The account of the message that a path is for. It may be disabled: its messages are under way.

    CredentialsError if the key is not ours, MessageNotFoundError if the message has been deleted.
    """
    if not is_receipt_key(key, secret_keys, gateway, msgid):
        raise _unknown()
    query = select(Account).join(Message, Message.account_id == Account.id).where(Message.msgid == msgid)
    account = session.scalar(query)
    if account is None:
        raise MessageNotFoundError
    return Sender.of(account)


def _unknown() -> CredentialsError:
    return CredentialsError("The key in this path is not valid.")
