"""The background work that `SHORTENER_WORKER` switches: delivery, sending, retention, sweeps."""

import time
from collections.abc import Callable, Sequence

from shortener.delivery.loop import Deliverer
from shortener.retention.loop import Pruner
from shortener.sending.sweeper import Sweeper


class Background:
    """The loops of a process that delivers; `needs_sendings` says at the start whether that of sendings runs."""

    def __init__(
        self,
        callbacks: Deliverer,
        sendings: Deliverer,
        needs_sendings: Callable[[], bool],
        helpers: Sequence[Pruner | Sweeper],
    ) -> None:
        self._deliverers, self._helpers = [callbacks], helpers
        self._sendings, self._needs_sendings = sendings, needs_sendings

    def start(self) -> None:
        """Start all loops, each in a thread of its own. Call it after a fork."""
        if self._needs_sendings():
            self._deliverers.append(self._sendings)
        for loop in (*self._deliverers, *self._helpers):
            loop.start()

    def request_stop(self) -> None:
        """Ask all to claim nothing more, and to end when their attempts in flight have ended."""
        for loop in (*self._deliverers, *self._helpers):
            loop.request_stop()

    def wait(self) -> None:
        """Wait until the deliverers have ended, which they do only when asked."""
        for deliverer in self._deliverers:
            deliverer.join()

    def stop(self, grace: float) -> None:
        """Let attempts and transactions end within `grace` seconds in all, and give back the other attempts."""
        self.request_stop()
        ends = time.monotonic() + grace
        for loop in (*self._deliverers, *self._helpers):
            loop.stop(max(ends - time.monotonic(), 0.0))

    def waits_for(self) -> str:
        """The attempts in flight, for the log: `1 callback in flight and 0 sendings in flight`."""
        return " and ".join(deliverer.waits_for() for deliverer in self._deliverers)
