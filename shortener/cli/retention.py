"""Deletion of old messages on demand."""

from itertools import chain

import click

from shortener.cli import audit
from shortener.cli.commands import Command
from shortener.cli.output import as_json, progress, show
from shortener.installation import clock
from shortener.retention import steps
from shortener.rules.deed import Deed
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.storage import db


@click.command(cls=Command)
@click.option("--dry-run", is_flag=True, help="Count them, and delete nothing.")
@click.option(
    "--trust-clock",
    is_flag=True,
    help="Confirm that the clock is right, although it is more than seven days ahead of the last recorded time.",
)
@as_json
def prune(dry_run: bool, trust_clock: bool, wants_json: bool) -> None:
    """Delete messages older than SHORTENER_RETENTION_DAYS.

    \b
    With everything about them, except messages whose callback or sending is not
    settled, or is held. The processes that deliver callbacks do this
    automatically. Works in small batches with pauses; safe to interrupt, to
    repeat, and to run on several nodes at once. A SQLite file shrinks at the end.
    Refuses if the clock is more than seven days ahead of the last recorded
    time, because it may be wrong. After a long downtime or a restore, check the
    clock and give --trust-clock once.
    Examples: shortener prune --dry-run
              shortener prune
    """
    if trust_clock:
        with db.write() as session:
            clock.trust(session, db.now(session))
            audit.note(session, Deed.CLOCK_TRUSTED)
    cutoff = services().pruner.cutoff()
    if dry_run:
        show({"would_remove": steps.count(cutoff), "received_until": rfc3339(cutoff)}, wants_json)
        return
    with db.write() as session:
        audit.note(session, Deed.MESSAGES_PRUNED, received_until=rfc3339(cutoff))
    removed = 0
    with progress(steps.count(cutoff), "message") as bar:
        for some in chain(steps.prune(cutoff), steps.prune_audit(services().pruner.audit_cutoff())):
            removed += some
            bar.update(some)
    show({"removed": removed, "received_until": rfc3339(cutoff)}, wants_json)
