"""The thread that sweeps: every minute for sendings without word and idle connections, often with a simulator."""

import datetime as dt
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from shortener.config.settings import Settings
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.sending import sweeps
from shortener.sending.choice import GatewaysByName
from shortener.sending.sweeps import Position
from shortener.storage import db
from shortener.storage.periodic import Periodic

INTERVAL: Final = 60.0  # seconds between two searches for sendings without word
SIMULATED: Final = 0.2  # seconds between two looks for messages that the simulator took
BEGINNING: Final = dt.datetime(1970, 1, 2, tzinfo=dt.UTC), 0
# A transaction may store a time that is older than what a sweep has seen.
OVERLAP: Final = dt.timedelta(minutes=1)


class Sweeper(Periodic):
    """Sweeps until stopped; `work` sweeps once."""

    thread_name, subject = "sweeper", "sendings"

    def __init__(
        self, context: Callable[[], AbstractContextManager[object]], settings: Settings, gateways: GatewaysByName
    ) -> None:
        """`context` gives the thread its database."""
        self._simulates = GatewayName.SIMULATOR in settings.configured_gateways
        super().__init__(context, SIMULATED if self._simulates else INTERVAL)
        self._gateways, self._delay = gateways, settings.simulator_delay
        self._after = BEGINNING
        self._close_at = 0.0

    def stop(self, grace: float) -> None:
        """End the thread, and the connections that are not in use; waits at most `grace` seconds."""
        super().stop(grace)
        self._close_connections(longest=0.0)

    def work(self) -> None:
        """Do what is due."""
        if self._simulates:
            self._simulate()
        if time.monotonic() >= self._close_at:
            self._close_at = time.monotonic() + INTERVAL
            self._close_connections(longest=INTERVAL)
            while self._close() and not self._stopping.is_set():
                pass

    def _simulate(self) -> None:
        """Give simulated receipts. Silent messages are not looked at again, unless the process starts again."""
        after = self._after[0] - OVERLAP, 0
        while self._is_due(after) and not self._stopping.is_set():
            with db.write() as session:
                last = sweeps.simulate(session, after=after, delay=self._delay, now=db.now(session))
            if last is None:  # another process has them in hand
                return
            after, self._after = last, max(self._after, last)

    def _is_due(self, after: Position) -> bool:
        with db.read() as session:
            return sweeps.is_simulation_due(session, after=after, delay=self._delay, now=db.now(session))

    def _close_connections(self, longest: float) -> None:
        for gateway in self._gateways.values():
            gateway.close_idle(longest)

    def _close(self) -> int:
        with db.write() as session:
            return sweeps.close(session, now=db.now(session))
