"""Sendings as a kind of jobs: a message is handed to its gateway, at most once where it is not known how that ended."""

import datetime as dt
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from sqlalchemy import exists, literal, literal_column, select, union_all
from sqlalchemy.orm import Session

from shortener.config.settings import Settings
from shortener.delivery.job import Attempt, Claimed, JobTables, Result
from shortener.delivery.judgements import Hooks
from shortener.delivery.kind import Kind
from shortener.delivery.queue import Queue
from shortener.delivery.rates import Rates
from shortener.installation.site import Site
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.sending import judgement, outgoing, settling
from shortener.sending.choice import GatewaysByName
from shortener.sending.gateway import Gateway, HandOver, NotNow, Refused, Taken
from shortener.sending.outgoing import Loaded
from shortener.sending.vendor_api import VendorGateway
from shortener.storage.models import Base
from shortener.telemetry import metrics

log = logging.getLogger(__name__)

SENDINGS: Final = Queue(
    JobTables(
        job=Base.metadata.tables["sending"],
        attempt=Base.metadata.tables["sending_attempt"],
        job_column="sending_id",
        label="id",
        loaded=("message_id", "gateway", "channel", "recipient", "sender", "extras", "expires_on", "unsure_on"),
        claim_lock=5_203_418_669,
        is_scheduled=True,
    )
)
SLOTS: Final = 64  # attempts in flight per loop; more if there are gateways that could take all of them
MAX_STARTS: Final = 100_000  # its period of validity ends a sending, not a number of attempts
LONGEST_SCHEDULE: Final = dt.timedelta(days=182)  # `send_on` and quiet hours
_sending: Final = Base.metadata.tables["sending"]
# Each half is the condition of a partial index; the state is a literal, because a parameter would not match the index.
_UNSETTLED: Final = union_all(
    select(literal(1)).where(exists().where(_sending.c.settled_on.is_(None))),
    select(literal(1)).where(exists().where(_sending.c.state == literal_column(f"'{JobState.HELD}'"))),
)
_OUTCOMES: Final = {
    Taken: AttemptOutcome.TAKEN,
    Refused: AttemptOutcome.DECLINED,
    NotNow: AttemptOutcome.BUSY,
}


def kind(settings: Settings, gateways: GatewaysByName, site: Callable[[], Site]) -> Kind:
    """Sendings with the limits of these settings. `site` is asked inside a transaction."""
    rate = settings.gateway_rate
    asked = {name for name, one in gateways.items() if isinstance(one, VendorGateway) and one.is_asked_by_msgid}
    return Kind(
        queue=SENDINGS,
        prepare=partial(prepare, settings, gateways, site),
        slots=max(SLOTS, settings.gateway_in_flight * len(gateways)),  # a dead gateway takes no slot of another
        per_destination=settings.gateway_in_flight,
        per_group=settings.gateway_in_flight,
        rates=Rates(Base.metadata.tables["gateway_rate"], dict.fromkeys(gateways, rate)) if rate else None,
        timeout=max((gateway.timeout for gateway in gateways.values()), default=1.0),
        waits=judgement.WAITS,
        hooks=Hooks(judgement.judge, judgement.judge_due, partial(settling.on_settled, asked=asked)),
        max_starts=MAX_STARTS,
        longest_schedule=LONGEST_SCHEDULE,
        done="handed over",
        count=count,
    )


def count(claimed: Claimed, result: Result) -> None:
    """Count an attempt by its gateway and outcome."""
    metrics.sending_attempts.add(metrics.gateways.place(claimed.loaded.gateway), result.outcome)


def has_unsettled(session: Session) -> bool:
    """Whether a sending waits for its gateway, or for somebody's decision."""
    return session.connection().execute(_UNSETTLED).first() is not None


def prepare(
    settings: Settings,
    gateways: GatewaysByName,
    site: Callable[[], Site],
    session: Session,
    claimed: Sequence[Claimed],
    now: dt.datetime,
) -> list[Attempt]:
    """An attempt for each claimed sending."""
    if not claimed:
        return []
    settling.end_doubts(session.connection(), [one for one in claimed if one.loaded.unsure_on])
    known = [one for one in claimed if one.loaded.gateway in gateways]
    loaded, its_site = outgoing.load(session, known, settings, now), site()
    return [
        partial(attempt, gateways[one.loaded.gateway], loaded[one.job_id], its_site)
        if one.job_id in loaded
        else unknown
        for one in claimed
    ]


def attempt(gateway: Gateway, loaded: Loaded, site: Site) -> Result:
    """Hand a message over once."""
    begun = time.monotonic()
    try:
        message = loaded.outgoing(site, begun)
    except Exception:  # a message that we cannot rewrite must not look as if the gateway might have taken it
        log.exception("sending %s: the message cannot be made ready", loaded.claimed.label)
        return result(NotNow(sentence="not handed over: the message cannot be made ready; the log says why"))
    handed = result(gateway.hand_over(message))
    return replace(handed, summary=f"message {loaded.msgid}: {handed.summary}")


def unknown() -> Result:
    """The result of an attempt for a gateway that is not configured any more."""
    return result(NotNow(sentence="not handed over: the installation has no such gateway any more"))


def result(handed: HandOver) -> Result:
    """The result of an attempt that ended so."""
    outcome = _OUTCOMES.get(type(handed), AttemptOutcome.UNSURE)
    return Result(
        outcome,
        handed.sentence or None,
        summary=f"{outcome} {handed.status}" if handed.status else str(outcome),
        retry_after=handed.retry_after if isinstance(handed, NotNow) else None,
        columns={"status": handed.status, "answer": handed.answer, "total_us": handed.total_us},
        payload=handed,
    )
