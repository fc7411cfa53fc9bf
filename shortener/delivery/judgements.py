"""Judgements: who makes them, what they do to a job, and how the log words them."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from shortener.delivery.job import Claimed, Job, Result, Settled
from shortener.rules.delivery import retry
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.retry import Delivered, Exhausted, Held, Judgement, RetryAfter, seconds_until

# The claimed job, the result, the number of attempts that ended with a result, the time, and a number in [0, 1).
Judge = Callable[[Claimed, Result, int, dt.datetime, float], Judgement]
JudgeDue = Callable[[Session, Sequence[Job], dt.datetime], Mapping[int, Judgement]]
OnSettled = Callable[[Session, Sequence[Settled], dt.datetime], None]


@dataclass(frozen=True, slots=True)
class Hooks:
    """Functions of a kind, which run inside the transaction that claims or settles; each may be left out.

    `judge` decides what follows an attempt; otherwise the waits of the kind do. `judge_due` decides, by job id, about
    due jobs that need no attempt. `on_settled` stores what follows from judgements with and without an attempt.
    """

    judge: Judge | None = None
    judge_due: JudgeDue | None = None
    on_settled: OnSettled | None = None


def by_waits(waits: Sequence[float]) -> Judge:
    """DELIVERED settles a job; any other outcome is retried after each of these waits, in seconds."""

    def judge(_job: Claimed, result: Result, tries: int, now: dt.datetime, chance: float) -> Judgement:
        retry_after = seconds_until(result.retry_after, now)
        return retry.judge(
            is_delivered=result.is_delivered, used=tries, waits=waits, retry_after=retry_after, chance=chance
        )

    return judge


NO_HOOKS: Final = Hooks()
once: Final = by_waits(())  # the one attempt of a replay


def state_after(judgement: Judgement, row_id: int, now: dt.datetime, tries: int = 0) -> dict[str, Any]:
    """The columns of a job that a judgement sets, after so many attempts."""
    match judgement:
        case RetryAfter(seconds):
            later = {"due_on": now + dt.timedelta(seconds=seconds), "settled_on": None}
            return settled(row_id, JobState.PENDING, now) | later
        case Delivered():
            return settled(row_id, JobState.DELIVERED, now)
        case Held(reason):
            return settled(row_id, JobState.HELD, now, reason)
        case Exhausted(reason):
            return settled(row_id, JobState.EXHAUSTED, now, reason or f"all {tries} attempts failed")


def settled(row_id: int, state: JobState, now: dt.datetime, reason: str | None = None) -> dict[str, Any]:
    """The columns of a job that is settled now."""
    return {"row_id": row_id, "state": state, "due_on": now, "settled_on": now, "exhausted_because": reason}


def describe(result: Result | None, judgement: Judgement | None, done: str = JobState.DELIVERED) -> str:
    """How an attempt ended, for the log; without a result there was none, without a judgement its lease was lost."""
    summary = (result.summary or str(result.outcome)) if result else "no attempt"
    match judgement:
        case Delivered():
            return f"{done} ({summary})"
        case RetryAfter(seconds):
            return f"{summary}; next attempt in {round(seconds)} s"
        case Exhausted(reason) | Held(reason):
            word = type(judgement).__name__.lower()
            return f"{summary}; {word}: {reason}" if reason else f"{summary}; {word}"
    return f"{summary}; lease lost"
