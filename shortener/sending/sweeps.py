"""What must be done at a time rather than after an event: close sendings without word, and give simulated receipts.

Any number of processes may do this at the same time: each takes sendings that no other has locked.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, exists, select, tuple_, update
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.receipts import advance, take_in
from shortener.receipts.advance import News
from shortener.receipts.forgetting import forget
from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.sending import simulator
from shortener.storage.models import Account, Message, Receipt, Sending

Position = tuple[dt.datetime, int]  # when a sending closes, and its id: their order in a sweep
AT_ONCE: Final = 100
UNDECIDED: Final = "nobody decided within 72 hours"
_ids: Final[Any] = bindparam("ids", expanding=True)
_OVERDUE: Final = (
    select(Sending.id, Sending.message_id, Sending.state)
    .where(Sending.closes_on <= bindparam("now"))
    .order_by(Sending.closes_on)
    .limit(AT_ONCE)
    .with_for_update(skip_locked=True)
)
_GIVE_UP: Final = (
    update(Sending)
    .where(Sending.id.in_(_ids), Sending.state == JobState.HELD)
    .values(state=JobState.EXHAUSTED, exhausted_because=UNDECIDED)
)
_SIMULATED: Final = (
    select(Sending.id, Sending.account_id, Sending.recipient, Sending.gateway_ref, Sending.sent_on, Sending.closes_on)
    .add_columns(Message.msgid)
    .join(Message, Message.id == Sending.message_id)
    .where(
        Sending.gateway == GatewayName.SIMULATOR,
        tuple_(Sending.closes_on, Sending.id)
        > tuple_(bindparam("after", type_=Sending.closes_on.type), bindparam("id")),
        Sending.sent_on <= bindparam("before"),
        ~exists().where(Receipt.message_id == Sending.message_id),
    )
    .order_by(Sending.closes_on, Sending.id)
    .limit(AT_ONCE)
)
_LOCK_SIMULATED: Final = _SIMULATED.with_for_update(of=Sending, skip_locked=True)


def close(session: Session, *, now: dt.datetime) -> int:
    """Close sendings whose gateway gave no final word in time, at most 100; return how many.

    Their messages are `unknown`, and the recipient is forgotten. Of a held one it is too late to decide.
    """
    rows = session.execute(_OVERDUE, {"now": now}).all()
    if not rows:
        return 0
    ids, message_ids = [row.id for row in rows], [row.message_id for row in rows]
    connection = session.connection()
    connection.execute(_GIVE_UP, {"ids": ids})
    forget(connection, message_ids)
    news = News(MessageState.UNKNOWN, now)
    advance.advance_all(connection, dict.fromkeys(message_ids, news), now=now)
    return len(rows)


def is_simulation_due(session: Session, *, after: Position, delay: float, now: dt.datetime) -> bool:
    """Whether `simulate` would find something; takes no lock."""
    return session.execute(_SIMULATED, _look(after, delay, now)).first() is not None


def simulate(session: Session, *, after: Position, delay: float, now: dt.datetime) -> Position | None:
    """Give the receipts of messages that the simulator took `delay` seconds ago or earlier, of at most 100.

    Looks only at sendings behind the position `after`; returns that of the last one that it found, or None.
    """
    rows = session.execute(_LOCK_SIMULATED, _look(after, delay, now)).all()
    if not rows:
        return None
    accounts = {
        account.id: Sender.of(account)
        for account in session.scalars(select(Account).where(Account.id.in_({row.account_id for row in rows})))
    }
    for account_id in sorted(accounts):
        receipts = [one for row in rows if row.account_id == account_id for one in _receipts(row)]
        take_in.take_all(session, accounts[account_id], receipts, now=now)
    return rows[-1].closes_on, rows[-1].id


def _look(after: Position, delay: float, now: dt.datetime) -> dict[str, Any]:
    return {"after": after[0], "id": after[1], "before": now - dt.timedelta(seconds=delay)}


def _receipts(row: Row[Any]) -> Sequence[IncomingReceipt]:
    """The receipts of one message, in their order."""
    return [
        IncomingReceipt(
            gateway=GatewayName.SIMULATOR,
            state=ending.state,
            gateway_ref=row.gateway_ref or "",
            msgid=row.msgid,
            code=ending.code,
            reason=ending.reason,
        )
        for ending in simulator.endings(row.recipient or "")
    ]
