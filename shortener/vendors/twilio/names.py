"""Twilio's names: an account is `AC` and our SID, a message `SM` and our msgid."""

import hashlib
import re
from typing import Final

from shortener.errors import MessageNotFoundError

NAME: Final = "twilio"  # of the folder
VERSION: Final = "2010-04-01"
_ACCOUNT, _MESSAGE, _CONFIG, _SERVICE, _LENGTH = "AC", "SM", "ZK", "MG", 34
_MESSAGE_SID: Final = re.compile(f"{_MESSAGE}([A-Za-z0-9]{{32}})")


def account_sid(sid: str) -> str:
    """Return the vendor's name of the account with this SID."""
    return _ACCOUNT + sid


def sid(given: str) -> str:
    """Return the SID of an account that is named with or without `AC`."""
    return given[2:] if len(given) == _LENGTH and given.startswith(_ACCOUNT) else given


def message_sid(msgid: str) -> str:
    """Return the vendor's name of the message with this msgid."""
    return _MESSAGE + msgid


def msgid(given: str) -> str:
    """Return the msgid of a message; MessageNotFoundError if this cannot be the name of one."""
    found = _MESSAGE_SID.fullmatch(given)
    if found is None:
        raise MessageNotFoundError
    return found[1]


def config_sid(sid: str, domain_sid: str) -> str:
    """Return the name of the settings of an account and a domain, the same each time."""
    return _CONFIG + hashlib.sha256(f"{sid} {domain_sid}".encode("utf-8", "replace")).hexdigest()[:32]


def is_service(sender: str | None) -> bool:
    """Whether a sender is a messaging service."""
    return sender is not None and len(sender) == _LENGTH and sender.startswith(_SERVICE)


def path_of_messages(sid: str) -> str:
    """Return the path of an account's messages, without its ending."""
    return f"/{VERSION}/Accounts/{account_sid(sid)}/Messages"
