"""How an account stores its messages' recipients."""

import enum


class RecipientStorage(enum.StrEnum):
    """The choices of an account."""

    FULL = "full"
    MASKED = "masked"  # only the last four characters can be read
    NONE = "none"


VISIBLE = 4  # characters of a masked recipient


def readings(recipient: str) -> set[str]:
    """How this recipient can be stored: in full, and masked if that leaves enough to recognise it by."""
    masked = {stored(recipient, RecipientStorage.MASKED)} if len(recipient) > VISIBLE else set()
    return {recipient, *(one for one in masked if one is not None)}


def stored(recipient: str | None, storage: RecipientStorage) -> str | None:
    """The recipient as the account stores it."""
    match storage:
        case _ if recipient is None:
            return None
        case RecipientStorage.FULL:
            return recipient
        case RecipientStorage.NONE:
            return None
        case RecipientStorage.MASKED:
            hidden = max(len(recipient) - VISIBLE, 0)
            return "*" * hidden + recipient[hidden:] if hidden else "*" * len(recipient)
