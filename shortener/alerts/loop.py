"""The loops that look for incidents: one on all nodes together, and one on each node for its spool."""

import datetime as dt
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import ClassVar, Final

from shortener.alerts import callback_checks, checks, node, telling
from shortener.alerts.found import Over
from shortener.alerts.incidents import New
from shortener.alerts.node import Spool
from shortener.config.settings import Settings
from shortener.storage import db
from shortener.storage.periodic import Periodic

INTERVAL: Final = 60.0  # seconds between two checks
POLL: Final = 15.0  # seconds between two looks whether a check is due
log = logging.getLogger(__name__)


class Alerts(Periodic):
    """Checks every minute, unless another process does; `check_if_due` is one check."""

    thread_name: ClassVar[str] = "incidents"
    subject: ClassVar[str] = "alerts"

    def __init__(
        self, context: Callable[[], AbstractContextManager[object]], settings: Settings, wake: Callable[[], None]
    ) -> None:
        """`context` gives the thread its database; `wake` says that there is something to tell."""
        super().__init__(context, POLL)
        self._settings, self._wake = settings, wake

    def work(self) -> None:
        """Check if it is due."""
        self.check_if_due()

    def check_if_due(self) -> int:
        """If a check is due and no other process has begun it, check; return how many incidents began or ended."""
        claimed = checks.claim(dt.timedelta(seconds=INTERVAL))
        return 0 if claimed is None else self.check(*claimed)

    def check(self, now: dt.datetime, last_check: dt.datetime | None = None) -> int:
        """Store the incidents that begin or end now, each in a transaction of its own; return how many they are."""
        with db.read() as session:
            found = checks.find(session, now, last_check)
            has_untried = callback_checks.has_untried(session, now)
        changed = 0
        for one in found:
            with db.write() as session:
                is_new = telling.store(session, self._settings, one, now)
            if is_new:
                _log(one)
                changed += 1
        if has_untried:
            with db.write() as session:
                callback_checks.forget_untried(session, now)
        if changed:
            self._wake()
        return changed


def _log(one: New | Over) -> None:
    """Write a line without an account's name; the dashboard has more."""
    about = one.incident if isinstance(one, Over) else one
    word = "is over" if isinstance(one, Over) else "has begun"
    log.warning("incident %s of account %d %s", about.kind, about.account_id, word)


class NodeAlerts(Periodic):
    """Tells when clicks go to this node's spool, or are lost; runs in each process that records clicks."""

    thread_name: ClassVar[str] = "node alerts"
    subject: ClassVar[str] = "alerts of this node"

    def __init__(
        self,
        context: Callable[[], AbstractContextManager[object]],
        settings: Settings,
        spool: Callable[[], Spool | None],
        name: str,
    ) -> None:
        """`spool` reads the spool of the node `name`; None if that is impossible now."""
        super().__init__(context, INTERVAL)
        self._settings, self._spool, self._name = settings, spool, name
        self._before: Spool | None = None

    def start(self) -> None:
        """Begin from what has been spooled so far. Call it after a fork."""
        self._before = self._spool()
        super().start()

    def work(self) -> None:
        """Compare the spool with the last look."""
        spool = self._spool()
        if spool is None:
            return
        node.report(self._settings, self._name, spool, self._before)
        self._before = spool  # not if the database was away: then the next look finds the same
