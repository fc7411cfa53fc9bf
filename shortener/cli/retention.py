"""What removes old messages by hand, or by a timer."""

import click

from shortener.cli.base import Refusals, as_json, progress, show
from shortener.installation import clock
from shortener.retention import steps
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.storage import db


@click.command(cls=Refusals)
@click.option("--dry-run", is_flag=True, help="Count them and remove nothing.")
@click.option(
    "--trust-clock",
    is_flag=True,
    help="The clock is right, though it is more than seven days ahead of the time that was last seen.",
)
@as_json
def prune(dry_run: bool, trust_clock: bool, wants_json: bool) -> None:
    """Remove messages older than SHORTENER_RETENTION_DAYS.

    \b
    With their links, clicks and callbacks; none whose callback is still to be
    attempted. The processes that deliver callbacks do the same by themselves.
    In small steps with pauses, beside all other work; safe to break off, to
    repeat, and on several nodes at once. A SQLite file gets smaller at the end.
    Refuses where the clock went ahead by more than seven days since it was last
    seen: it may be wrong. After a long standstill, or from a backup, look at it
    and say --trust-clock, once.
    Examples: flask --app wsgi prune --dry-run
              flask --app wsgi prune
    """
    if trust_clock:
        with db.write() as session:
            clock.trust(session, db.now(session))
    cutoff = services().pruner.cutoff()
    if dry_run:
        show({"would_remove": steps.count(cutoff), "received_until": rfc3339(cutoff)}, wants_json)
        return
    removed = 0
    with progress(steps.count(cutoff), "message") as bar:
        for some in steps.prune(cutoff):
            removed += some
            bar.update(some)
    show({"removed": removed, "received_until": rfc3339(cutoff)}, wants_json)
