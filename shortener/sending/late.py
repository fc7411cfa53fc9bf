"""Answers of gateways after the lease was lost: they still end the doubt, unless the message is in hand again."""

import datetime as dt
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, bindparam, exists, update

from shortener.delivery.job import Result, Settled
from shortener.delivery.judgements import state_after
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.retry import Delivered, Exhausted, Judgement, RetryAfter
from shortener.sending.judgement import REFUSED, WAITS
from shortener.storage.models import Base

_SENDING, _ATTEMPT = (Base.metadata.tables[name] for name in ("sending", "sending_attempt"))
_set: Final[dict[str, Any]] = {name: bindparam(name) for name in ("state", "due_on", "settled_on", "exhausted_because")}
_not_sent: Final = (
    update(_SENDING)
    .where(_SENDING.c.id == bindparam("row_id"), _SENDING.c.sent_on.is_(None))
    .values(_set | {"unsure_on": None, "closes_on": None, "ask_on": None})
    .returning(_SENDING.c.id)
)
_WAITING: Final = (JobState.PENDING, JobState.HELD)
_TAKEN: Final = _not_sent.where(_SENDING.c.state.in_((*_WAITING, JobState.EXHAUSTED)))
# A later attempt may have been taken, whatever became of this one.
_NOT_TAKEN: Final = _not_sent.where(
    _SENDING.c.state.in_(_WAITING),
    ~exists().where(_ATTEMPT.c.sending_id == _SENDING.c.id, _ATTEMPT.c.number > bindparam("number")),
)


def decide(connection: Connection, one: Settled, now: dt.datetime) -> Settled | None:
    """Let an answer decide whose lease was lost; None if it cannot, or somebody else has the message in hand.

    That a gateway took a message is believed even if the message was given up meanwhile.
    """
    judgement = _judgement(one.result) if one.result else None
    if judgement is None:
        return None
    values = state_after(judgement, one.job.job_id, now)
    is_taken = isinstance(judgement, Delivered)
    number = {} if is_taken else {"number": one.job.starts + 1}
    found = connection.scalar(_TAKEN if is_taken else _NOT_TAKEN, values | number)
    return None if found is None else replace(one, judgement=judgement)


def _judgement(result: Result) -> Judgement | None:
    """What such an answer means; whether the period of validity has ended is judged when the sending is due."""
    match result.outcome:
        case AttemptOutcome.TAKEN:
            return Delivered()
        case AttemptOutcome.DECLINED:
            return Exhausted(result.detail or REFUSED)
        case AttemptOutcome.BUSY:
            return RetryAfter(WAITS[0])
    return None
