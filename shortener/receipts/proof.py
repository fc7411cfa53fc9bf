"""Receipts as proofs: a gateway that tells what became of a message has taken it, so it is not handed over again.

That holds for every state, also `rejected` and `expired`: a gateway that did not take a message says so when it is
handed over, and has nothing to report afterwards. Before a hand-over has begun, a receipt proves nothing: it is kept,
and changes no state.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, case, exists, or_, select, update

from shortener.receipts.forgetting import SENDING, forget_files
from shortener.rules.delivery.job_state import JobState
from shortener.storage.models import Base

OPEN: Final = dt.timedelta(hours=72)  # for which receipts are expected, and the recipient is kept
_ATTEMPT, _RECEIPT = (Base.metadata.tables[name] for name in ("sending_attempt", "receipt"))
_now: Final[Any] = bindparam("now", type_=SENDING.c.sent_on.type)
# A receipt may have closed it: then the recipient is forgotten, and no other is waited for.
CLOSES_ON: Final = case((SENDING.c.recipient.is_not(None), bindparam("end", type_=SENDING.c.closes_on.type)))
_has_begun: Final = or_(SENDING.c.unsure_on.is_not(None), exists().where(_ATTEMPT.c.sending_id == SENDING.c.id))
_begun_before: Final = ~exists().where(
    _ATTEMPT.c.sending_id == SENDING.c.id, _ATTEMPT.c.number == 1, _ATTEMPT.c.started_on > _RECEIPT.c.received_on
).correlate(SENDING, _RECEIPT)
# Whether a sending's message has a receipt that came after its first attempt began.
HAS_PROOF: Final = (
    exists().where(_RECEIPT.c.message_id == SENDING.c.message_id, _begun_before).correlate_except(_RECEIPT)
)
_NOT_BEGUN: Final = select(SENDING.c.message_id).where(
    SENDING.c.message_id.in_(bindparam("ids", expanding=True)),
    *(SENDING.c.state == JobState.PENDING, SENDING.c.settled_on.is_(None), SENDING.c.lease_token.is_(None)),
    ~_has_begun,
)
_IN_DOUBT: Final = (
    select(SENDING.c.id)
    .where(
        SENDING.c.message_id.in_(bindparam("ids", expanding=True)),
        or_(SENDING.c.state == JobState.HELD, (SENDING.c.state == JobState.PENDING) & _has_begun),
        HAS_PROOF,
    )
    .order_by(SENDING.c.id)
    .with_for_update()
)
_SETTLE: Final = (
    update(SENDING)
    .where(SENDING.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=JobState.DELIVERED,
        due_on=_now,
        settled_on=_now,
        sent_on=_now,
        closes_on=CLOSES_ON,
        unsure_on=None,
        exhausted_because=None,
    )
    .returning(SENDING.c.message_id)
)


def not_begun(connection: Connection, message_ids: Sequence[int]) -> set[int]:
    """Those of these messages that wait for their first hand-over; the caller has locked their sendings."""
    return set(connection.scalars(_NOT_BEGUN, {"ids": message_ids})) if message_ids else set()


def settle(connection: Connection, message_ids: Sequence[int], *, now: dt.datetime) -> None:
    """Settle the sendings of messages that have receipts, unless an attempt is running or none has begun.

    They waited to be handed over again, or were held. The caller has locked them, and commits.
    """
    ids = connection.scalars(_IN_DOUBT, {"ids": message_ids}).all()
    if ids:
        settled = connection.scalars(_SETTLE, {"ids": ids, "now": now, "end": now + OPEN}).all()
        forget_files(connection, settled)
