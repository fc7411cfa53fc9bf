"""What follows when a sending is settled or postponed: its own columns, and the state of its message."""

import datetime as dt
from collections.abc import Iterable, Sequence
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
from shortener.sending import late
from shortener.sending.gateway import Refused, Taken
from shortener.sending.judgement import ALREADY_FINAL, EXPIRED, Postponed
from shortener.storage.models import Base

_SENDING: Final = Base.metadata.tables["sending"]
_one: Final = _SENDING.c.id == bindparam("row_id")
_sent: Final[dict[str, Any]] = {
    "gateway_ref": func.coalesce(bindparam("ref"), _SENDING.c.gateway_ref),
    "sent_on": bindparam("now"),
    "closes_on": CLOSES_ON,
    # A receipt may have come, after which nothing is asked.
    "ask_on": case((_SENDING.c.recipient.is_not(None), bindparam("ask_on", type_=_SENDING.c.ask_on.type))),
    "unsure_on": None,
}
_SENT: Final = update(_SENDING).where(_one).values(_sent)
_DOUBT: Final = update(_SENDING).where(_one).values(unsure_on=bindparam("now"))
_HOLD: Final = update(_SENDING).where(_one).values(closes_on=bindparam("end"))
_END_DOUBTS: Final = update(_SENDING).where(_SENDING.c.id.in_(bindparam("ids", expanding=True))).values(unsure_on=None)


def on_settled(session: Session, settled: Sequence[Settled], now: dt.datetime) -> None:
    """Store what follows from judgements about sendings, in the transaction that settles them."""
    connection = session.connection()
    judged = [one if one.judgement else late.decide(connection, one, now) for one in settled]
    decided = [one for one in judged if one is not None]
    _store_doubts(connection, decided, now)
    _store_taken(connection, [one for one in decided if _is_taken(one)], now)
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


def _taken_values(one: Settled, now: dt.datetime) -> dict[str, Any]:
    answer = _answer(one)
    return {
        "row_id": one.job.job_id,
        "ref": answer and (answer.reference or None),
        "ask_on": now + dt.timedelta(seconds=answer.ask_after) if answer and answer.ask_after is not None else None,
        "now": now,
        "end": now + OPEN,
    }


def _store_taken(connection: Connection, taken: Sequence[Settled], now: dt.datetime) -> None:
    if not taken:
        return
    connection.execute(_SENT, [_taken_values(one, now) for one in taken])
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


def _store_doubts(connection: Connection, settled: Sequence[Settled], now: dt.datetime) -> None:
    doubts = [one.job.job_id for one in settled if _is_doubt(one)]
    if doubts:
        connection.execute(_DOUBT, [{"row_id": job_id, "now": now} for job_id in doubts])
    held = [one.job.job_id for one in settled if isinstance(one.judgement, Held)]
    if held:
        connection.execute(_HOLD, [{"row_id": job_id, "end": now + OPEN} for job_id in held])


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
