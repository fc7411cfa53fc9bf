"""The filter of an export, as it is stored."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shortener.reporting.message_filter import Filter
from shortener.rules import recipient_storage
from shortener.rules.recipient_storage import RecipientStorage
from shortener.storage.models import Account, Export

RECIPIENT = "recipient"


def read(wanted: dict[str, str]) -> Filter:
    """Return the filter; it is the one of a list, without a cursor."""
    return Filter.check(wanted)


def mask_recipients(session: Session, ids: Sequence[int]) -> None:
    """Mask the recipients in the filters of these exports, which have ended, if their accounts do not store any."""
    query = select(Export).join(Account, Account.id == Export.account_id)
    stores_less = Account.recipient_storage != RecipientStorage.FULL
    for export in session.scalars(query.where(Export.id.in_(ids), stores_less)):
        if RECIPIENT in export.wanted:
            masked = recipient_storage.stored(export.wanted[RECIPIENT], RecipientStorage.MASKED)
            export.wanted = {**export.wanted, RECIPIENT: masked or ""}
