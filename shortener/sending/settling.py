"""What follows when a sending is settled or postponed: its own columns, and the state of its message."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, case, func, update
from sqlalchemy.orm import Session

from shortener.delivery.job import Job, Settled
from shortener.receipts import early
from shortener.receipts.advance import News, advance_all
from shortener.receipts.early import Referenced
from shortener.receipts.forgetting import forget_files
from shortener.receipts.proof import CLOSES_ON, OPEN
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.retry import Delivered, Exhausted, Held, Judgement, RetryAfter
from shortener.sending import late, vendor_api
from shortener.sending.gateway import Refused, Taken
from shortener.sending.judgement import ALREADY_FINAL, EXPIRED, Postponed
from shortener.storage.models import Base

_SENDING: Final = Base.metadata.tables["sending"]
_one: Final = _SENDING.c.id == bindparam("row_id")
# A receipt may have come, after which nothing is asked.
_ASK_ON: Final = case((_SENDING.c.recipient.is_not(None), bindparam("ask_on", type_=_SENDING.c.ask_on.type)))
_sent: Final[dict[str, Any]] = {
    "gateway_ref": func.coalesce(bindparam("ref"), _SENDING.c.gateway_ref),
    "sent_on": bindparam("now"),
    "closes_on": CLOSES_ON,
    "ask_on": _ASK_ON,
    "unsure_on": None,
}
_SENT: Final = update(_SENDING).where(_one).values(_sent)
_DOUBT: Final = update(_SENDING).where(_one).values(unsure_on=bindparam("now"), ask_on=_ASK_ON)
_HOLD: Final = update(_SENDING).where(_one).values(closes_on=bindparam("end"), ask_on=_ASK_ON)
_END_DOUBTS: Final = (
    update(_SENDING).where(_SENDING.c.id.in_(bindparam("ids", expanding=True))).values(unsure_on=None, ask_on=None)
)


def on_settled(session: Session, settled: Sequence[Settled], now: dt.datetime, *, asked: Collection[str] = ()) -> None:
    """Store what follows from judgements about sendings, in the transaction that settles them.

    `asked` are the gateways that can be asked about messages which they may have taken.
    """
    connection = session.connection()
    judged = [one if one.judgement else late.decide(connection, one, now) for one in settled]
    decided = [one for one in judged if one is not None]
    _store_doubts(connection, decided, now, asked)
    _store_taken(connection, [one for one in decided if _is_taken(one)], now, asked)
    advance_all(connection, _news(decided, now), now=now)


def end_doubts(connection: Connection, jobs: Iterable[Job]) -> None:
    """Forget that the gateway may have taken these, because they are handed over again."""
    if ids := [job.job_id for job in jobs]:
        connection.execute(_END_DOUBTS, {"ids": ids})


def _is_taken(one: Settled) -> bool:
    if one.result is None:
        return isinstance(one.judgement, Delivered)  # proved by a receipt
    return one.result.outcome is AttemptOutcome.TAKEN


def _answer(one: Settled) -> Taken | None:
    """What the gateway said when it took the message; None if it is not known."""
    payload = one.result.payload if one.result else None
    return payload if isinstance(payload, Taken) else None


def _taken_values(one: Settled, now: dt.datetime, asked: Collection[str]) -> dict[str, Any]:
    answer = _answer(one)
    return {
        "row_id": one.job.job_id,
        "ref": answer and (answer.reference or None),
        "ask_on": _ask_on(one, now, asked),
        "now": now,
        "end": now + OPEN,
    }


def _store_taken(connection: Connection, taken: Sequence[Settled], now: dt.datetime, asked: Collection[str]) -> None:
    if not taken:
        return
    connection.execute(_SENT, [_taken_values(one, now, asked) for one in taken])
    forget_files(connection, [_message_id(one) for one in taken if one.job.loaded.channel is Channel.EMAIL])
    advance_all(connection, dict.fromkeys(map(_message_id, taken), News(MessageState.SENT, now)), now=now)
    # Where no receipt will follow, the gateway's word counts as one.
    final = [one for one in taken if (answer := _answer(one)) and answer.is_delivered]
    advance_all(connection, dict.fromkeys(map(_message_id, final), News(MessageState.DELIVERED, now)), now=now)
    referenced = [
        Referenced(_message_id(one), one.job.account_id, one.job.loaded.gateway, answer.reference)
        for one in taken
        if (answer := _answer(one)) and answer.reference
    ]
    early.match_all(connection, referenced, now=now)


def _message_id(one: Settled) -> int:
    return int(one.job.loaded.message_id)


def _store_doubts(connection: Connection, settled: Sequence[Settled], now: dt.datetime, asked: Collection[str]) -> None:
    """Keep in mind that these may have been taken, and ask the gateways that can say so."""
    doubts, held = ([one for one in settled if is_one(one)] for is_one in (_is_doubt, _is_held))
    for query, found in ((_DOUBT, doubts), (_HOLD, held)):
        rows = [{"row_id": one.job.job_id, "ask_on": _ask_on(one, now, asked)} for one in found]
        if rows:
            connection.execute(query, [{**row, "now": now, "end": now + OPEN} for row in rows])


def _ask_on(one: Settled, now: dt.datetime, asked: Collection[str]) -> dt.datetime | None:
    """When the gateway is asked, also where its answer is missing, if it can be; None: it is not asked."""
    answer, without_answer = _answer(one), vendor_api.ASK_AFTER if one.job.loaded.gateway in asked else None
    wait = answer.ask_after if answer else without_answer
    return None if wait is None else now + dt.timedelta(seconds=wait)


def _is_held(one: Settled) -> bool:
    return isinstance(one.judgement, Held)


def _is_doubt(one: Settled) -> bool:
    """Whether the sending waits because its gateway may have taken the message."""
    if not isinstance(one.judgement, RetryAfter) or isinstance(one.judgement, Postponed):
        return False
    return one.result is None or one.result.outcome is AttemptOutcome.UNSURE


def _news(settled: Sequence[Settled], now: dt.datetime) -> dict[int, News]:
    """What became of the messages that were not taken."""
    found = {}
    for one in settled:
        if one.judgement and not _is_taken(one) and (news := _news_of(one, one.judgement, now)):
            found[_message_id(one)] = news
    return found


def _news_of(one: Settled, judgement: Judgement, now: dt.datetime) -> News | None:
    match judgement:
        case Postponed():
            return None
        case RetryAfter():
            return News(MessageState.QUEUED, now)
        case Held():
            return News(MessageState.UNKNOWN, now)
        case Exhausted(reason) if reason == EXPIRED:
            return News(MessageState.EXPIRED, now)
        case Exhausted(reason) if reason == ALREADY_FINAL:
            return None
    payload = one.result.payload if one.result else None
    if isinstance(payload, Refused):
        return News(MessageState.REJECTED, now, payload.code, payload.reason)
    is_refused = one.result is not None and one.result.outcome is AttemptOutcome.DECLINED
    return News(MessageState.REJECTED if is_refused else MessageState.FAILED, now, reason=Reason.GENERAL)
