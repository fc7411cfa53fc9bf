"""Which messages a gateway is to be asked about, for vendors that do not tell by themselves what became of them.

A message is claimed by moving the time of its next question forward. So two nodes do not ask about it at once, and a
process that dies in between loses one question, no receipt.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.receipts import take_in
from shortener.receipts.incoming import IncomingReceipt
from shortener.receipts.proof import OPEN
from shortener.sending import vendor_api
from shortener.sending.vendor_api import Asked
from shortener.storage.models import Account, Base, Message, Sending

AT_ONCE: Final = 10  # messages that one thread claims
LONGEST: Final = dt.timedelta(hours=1)  # between two questions about a message
SOON: Final = dt.timedelta(seconds=10)  # until a claimed message that was not asked about is claimed again
_table: Final = Base.metadata.tables["sending"]
_DUE: Final = (
    select(Sending.id, Sending.account_id, Sending.gateway_ref, Sending.recipient, Sending.sent_on, Sending.closes_on)
    .add_columns(Sending.unsure_on, Message.msgid)
    .join(Message, Message.id == Sending.message_id)
    .where(Sending.gateway == bindparam("gateway"), Sending.ask_on <= bindparam("now"))
    .order_by(Sending.ask_on, Sending.id)
    .limit(AT_ONCE)
)
_LOCK_DUE: Final = _DUE.with_for_update(of=Sending, skip_locked=True)
_POSTPONE: Final = update(_table).where(_table.c.id == bindparam("row_id")).values(ask_on=bindparam("next"))
# After a final receipt the recipient is forgotten, and nothing is asked.
_GIVE_BACK: Final = _POSTPONE.where(
    _table.c.recipient.is_not(None), or_(_table.c.closes_on.is_(None), _table.c.closes_on > bindparam("next"))
)


@dataclass(frozen=True, slots=True)
class Question:
    """A message that was claimed for a question, with its account's id."""

    sending_id: int
    account_id: int
    asked: Asked


def is_due(session: Session, gateway: str, *, now: dt.datetime) -> bool:
    """Whether `claim` would find something; takes no lock."""
    return session.execute(_DUE, {"gateway": gateway, "now": now}).first() is not None


def claim(session: Session, gateway: str, *, now: dt.datetime) -> list[Question]:
    """Claim at most 10 messages that their gateway is to be asked about now; the caller commits before it asks."""
    rows = session.execute(_LOCK_DUE, {"gateway": gateway, "now": now}).all()
    if rows:
        values = [{"row_id": row.id, "next": next_on(*_since_until(row, now), now)} for row in rows]
        session.connection().execute(_POSTPONE, values)
    return [_question(row, now) for row in rows]


def give_back(session: Session, questions: Iterable[Question], *, now: dt.datetime) -> None:
    """Let messages that were claimed and not asked about be claimed again soon; the caller commits.

    They are in the order of ids, so that no two transactions wait for each other.
    """
    ids = sorted(question.sending_id for question in questions)
    session.connection().execute(_GIVE_BACK, [{"row_id": one, "next": now + SOON} for one in ids])


def next_on(sent_on: dt.datetime, closes_on: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
    """When to ask again, after as long as the gateway has had the message; None if no receipt is expected then."""
    later = now + min(max(now - sent_on, dt.timedelta(seconds=vendor_api.ASK_AFTER)), LONGEST)
    return later if closes_on and later < closes_on else None


def take(session: Session, question: Question, receipts: Sequence[IncomingReceipt], *, now: dt.datetime) -> None:
    """Store what a gateway answered about a message; the caller commits."""
    account = session.get(Account, question.account_id)
    if account is not None:  # it may have been deleted meanwhile
        take_in.take_all(session, Sender.of(account), receipts, msgid=question.asked.msgid, now=now)


def _question(row: Row[Any], now: dt.datetime) -> Question:
    sent_on, _ = _since_until(row, now)
    asked = Asked(
        msgid=row.msgid,
        reference=row.gateway_ref or "",
        recipient=row.recipient,
        sent_on=sent_on,
        in_doubt=row.sent_on is None,
    )
    return Question(row.id, row.account_id, asked)


def _since_until(row: Row[Any], now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Since when its gateway has or may have a message, and until when a receipt is expected."""
    since = row.sent_on or row.unsure_on or now
    return since, row.closes_on or since + OPEN
