"""Exports as a kind of jobs: a file with the messages that a filter selects, whole or not there."""

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.config.settings import Settings
from shortener.delivery.heartbeat import Heartbeat
from shortener.delivery.job import Attempt, Claimed, JobTables, Result, Settled
from shortener.delivery.judgements import Hooks, by_waits
from shortener.delivery.kind import Kind
from shortener.delivery.queue import Queue
from shortener.exports import stored_filter
from shortener.exports.attempt import Storage, Writer
from shortener.installation.site import Site
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.retry import Delivered, Exhausted, Judgement, RetryAfter
from shortener.storage.models import Account, Base, Export
from shortener.telemetry import metrics

EXPORTS: Final = Queue(
    JobTables(
        job=Base.metadata.tables["export"],
        attempt=Base.metadata.tables["export_attempt"],
        job_column="export_id",
        label="public_id",
        loaded=("place", "bucket", "name", "format", "delimiter", "wanted", "created_on", "size"),
        claim_lock=5_203_418_670,
    )
)
SLOTS: Final = 1  # in one process, which also answers clicks
AT_ONCE: Final = 16  # on all nodes; that there is a limit also lets accounts take turns
RENEWED: Final = 15.0  # seconds; with the margin of every lease, another process begins again within 45
WAITS: Final = (10.0, 60.0, 300.0, 1800.0)  # seconds between attempts


def kind(settings: Settings, context: Callable[[], AbstractContextManager[object]], site: Callable[[], Site]) -> Kind:
    """Exports to the storage of these settings. `context` gives an attempt its database."""
    stopping = threading.Event()
    made: Kind

    def heartbeat(claimed: Claimed, note: Callable[[Session], object]) -> Heartbeat:
        return Heartbeat(EXPORTS, claimed, context, lease=made.lease, note=note)

    storage = Storage(settings.export_places, settings.storage_options)
    made = Kind(
        queue=EXPORTS,
        prepare=partial(prepare, Writer(storage, context, heartbeat, stopping), site),
        slots=SLOTS,
        per_destination=1,
        per_group=AT_ONCE,
        timeout=RENEWED,
        waits=WAITS,
        hooks=Hooks(judge, on_settled=on_settled),
        done="written",
        count=lambda _, result: metrics.export_attempts.add(result.outcome),
        on_stop=stopping.set,
    )
    return made


def prepare(
    writer: Writer, site: Callable[[], Site], session: Session, claimed: Sequence[Claimed], now: dt.datetime
) -> list[Attempt]:
    """An attempt for each claimed export."""
    these = select(Account).where(Account.id.in_({one.account_id for one in claimed}))
    accounts = {account.id: Sender.of(account) for account in session.scalars(these)}
    return [partial(writer.attempt, one, accounts[one.account_id], site()) for one in claimed]


def judge(job: Claimed, result: Result, tries: int, now: dt.datetime, chance: float) -> Judgement:
    """An attempt that a stop has interrupted is repeated at once, and does not count."""
    if result.outcome is AttemptOutcome.INTERRUPTED:
        return RetryAfter(0)
    return by_waits(WAITS)(job, result, tries, now, chance)


def on_settled(session: Session, settled: Sequence[Settled], now: dt.datetime) -> None:
    """Store how much was written, and what an export that has ended does not need any more."""
    for one in settled:
        if one.result is not None and one.judgement is not None:
            written = {name: one.result.columns.get(name, 0) for name in ("rows", "size")}
            session.execute(update(Export).where(Export.id == one.job.job_id).values(written))
    ended = [one.job.job_id for one in settled if isinstance(one.judgement, Delivered | Exhausted)]
    stored_filter.mask_recipients(session, ended)
