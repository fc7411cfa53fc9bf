"""Decide what follows an attempt to hand a message over, and what becomes of a sending that needs no attempt.

A message that the gateway may have taken is not handed over again at once. A receipt can prove within two minutes that
it was taken; without one the account's choice decides, and by default somebody does.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, bindparam, exists, func, select
from sqlalchemy.orm import Session

from shortener.accounts import limits
from shortener.delivery.job import Claimed, Job, Result
from shortener.receipts.proof import HAS_PROOF
from shortener.rules.delivery import retry
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.gateway_rules import OnUnsure
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.retry import Delivered, Exhausted, Held, Judgement, RetryAfter, seconds_until
from shortener.storage.models import Account, Message, Sending, SendingAttempt

WAITS: Final = (5.0, 30.0, 120.0, 600.0)  # seconds until a gateway is asked again; the last one repeats
DOUBT: Final = 120.0  # seconds within which a receipt may prove that the gateway took a message
MOST_REPEATS: Final = 3  # of a message that the gateway may have taken: each may reach the recipient once more
EXPIRED: Final = "the period of validity ended before the gateway took the message"
REFUSED: Final = "the gateway refused the message"
UNKNOWN: Final = "the gateway may have taken the message, and no receipt came"
ALREADY_FINAL: Final = "the state of the message was final before it was handed over"
# States that only a gateway's receipt gives a message that is not known to be handed over.
_PROOFS: Final = frozenset(MessageState) - {
    *(MessageState.SCHEDULED, MessageState.QUEUED, MessageState.UNKNOWN, MessageState.CANCELED)
}
_DOUBTS: Final = (
    select(func.count())
    .where(
        SendingAttempt.sending_id == Sending.id,
        SendingAttempt.outcome.in_((AttemptOutcome.UNSURE, AttemptOutcome.INTERRUPTED)),
    )
    .scalar_subquery()
)
_TAKEN: Final = exists().where(SendingAttempt.sending_id == Sending.id, SendingAttempt.outcome == AttemptOutcome.TAKEN)
_KNOWN: Final = (
    select(Sending.id, Message.state, Account.on_unsure, _DOUBTS.label("doubts"))
    .add_columns(HAS_PROOF.label("has_receipt"), _TAKEN.label("was_taken"))
    .join(Message, Message.id == Sending.message_id)
    .join(Account, Account.id == Sending.account_id)
    .where(Sending.id.in_(bindparam("ids", expanding=True)))
)
_QUIET: Final = select(Account.id, Account.quiet_hours, Account.time_zone).where(
    Account.id.in_(bindparam("ids", expanding=True)), Account.quiet_hours.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Postponed(RetryAfter):
    """It is not attempted now, which says nothing about an attempt before."""


def judge(job: Claimed, result: Result, tries: int, now: dt.datetime, chance: float) -> Judgement:
    """What follows an attempt with this result."""
    if result.outcome is AttemptOutcome.TAKEN:
        return Delivered()
    if result.outcome is AttemptOutcome.DECLINED:
        return Exhausted(result.detail or REFUSED)
    if result.outcome is AttemptOutcome.UNSURE:
        return RetryAfter(DOUBT)
    left = (job.loaded.expires_on - now).total_seconds()
    if left <= 0:
        return Exhausted(EXPIRED)
    wait = retry.judge(
        is_delivered=False,
        used=min(tries, len(WAITS)),
        waits=WAITS,
        retry_after=seconds_until(result.retry_after, now),
        chance=chance,
    )
    return RetryAfter(min(wait.seconds, left)) if isinstance(wait, RetryAfter) else wait


def judge_due(session: Session, jobs: Sequence[Job], now: dt.datetime) -> Mapping[int, Judgement]:
    """Judgements of the due sendings that must not be attempted now, by their ids."""
    begun = [job for job in jobs if job.starts or job.loaded.unsure_on]
    known = _known(session, begun) if begun else {}
    quiet = _quiet(session, {job.account_id for job in jobs}, now)
    judged = {
        job.job_id: _judge_one(job, known.get(job.job_id), now) or _keep_quiet(job, quiet.get(job.account_id), now)
        for job in jobs
    }
    return {job_id: judgement for job_id, judgement in judged.items() if judgement is not None}


def _judge_one(job: Job, known: Row[Any] | None, now: dt.datetime) -> Judgement | None:
    """What becomes of a due sending without an attempt; None if it is to be attempted. `known` if it has begun."""
    if known is not None and (known.state in _PROOFS or known.has_receipt or known.was_taken):
        return Delivered()
    if known is not None and _is_doubtful(job):
        return _in_doubt(job, known, now)
    if job.loaded.recipient is None:
        return Exhausted(ALREADY_FINAL)
    return Exhausted(EXPIRED) if job.loaded.expires_on <= now else None


def _keep_quiet(job: Job, until: dt.datetime | None, now: dt.datetime) -> Judgement | None:
    """Nothing is handed over in quiet hours: a retry, or a message accepted before them, waits until they end."""
    return Postponed((min(until, job.loaded.expires_on) - now).total_seconds()) if until else None


def _quiet(session: Session, account_ids: Iterable[int], now: dt.datetime) -> dict[int, dt.datetime]:
    """When the quiet hours end, of the accounts that have them now."""
    rows = session.execute(_QUIET, {"ids": sorted(account_ids)})
    return {row.id: end for row in rows if (end := limits.quiet_until(row, now)) is not None}


def _is_doubtful(job: Job) -> bool:
    """Whether the gateway may have taken the message, and nobody has decided since to hand it over again."""
    return bool(job.loaded.unsure_on) or (job.was_interrupted and job.starts > job.loaded.starts_before)


def _in_doubt(job: Job, known: Row[Any], now: dt.datetime) -> Judgement | None:
    """What becomes of a sending whose last attempt may have succeeded; None if it is handed over again."""
    if job.was_attempting or job.loaded.unsure_on is None:  # the attempt has only now been found to be interrupted
        return RetryAfter(DOUBT)
    may_repeat = known.on_unsure is OnUnsure.REPEAT and known.doubts <= MOST_REPEATS
    if may_repeat and job.loaded.expires_on > now and job.loaded.recipient is not None:
        return None
    return Held(UNKNOWN)


def _known(session: Session, jobs: Sequence[Job]) -> dict[int, Row[Any]]:
    """The state of each sending's message, what its account wants, and how many attempts may have succeeded."""
    rows = session.execute(_KNOWN, {"ids": [job.job_id for job in jobs]})
    return {row.id: row for row in rows}
