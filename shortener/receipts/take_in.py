"""Take in receipts: find their messages, store each receipt once, and let the messages' states follow."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.receipts import early, matching, storing
from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.recipient_storage import RecipientStorage

AT_ONCE = 100  # receipts in one transaction: others that write wait for it


def take_all(
    session: Session,
    account: Sender,
    receipts: Sequence[IncomingReceipt],
    *,
    msgid: str | None = None,
    now: dt.datetime,
) -> int:
    """Store the receipts of an account's messages; the caller commits. Return how many are known.

    `msgid` names the message if the request was for one only. A receipt is known if its message is one of the
    account's, or may be one whose gateway reference is about to be stored: then it is kept until that happens. To take
    a receipt again changes nothing.
    """
    if msgid is not None:
        receipts = [replace(one, msgid=msgid) for one in receipts]
    connection = session.connection()
    found = matching.find(connection, account.id, receipts)
    found = matching.lock(connection, account.id, receipts, found)
    keep_raw = account.recipient_storage is RecipientStorage.FULL
    rows = [
        storing.row_of(one, account.id, message_id, keep_raw=keep_raw, now=now)
        for one, message_id in zip(receipts, found, strict=True)
    ]
    known = [row for row in rows if row["message_id"] is not None]
    storing.store_all(connection, known, now=now)
    return len(known) + sum(early.keep(connection, row) for row in rows if row["message_id"] is None)
