"""The background work that `SHORTENER_WORKER` switches: delivery, sending, exports, retention, sweeps, questions."""

import time
from collections.abc import Callable, Mapping, Sequence

from shortener.delivery.loop import Deliverer
from shortener.storage.periodic import Periodic


class Background:
    """The loops of a process that delivers; each of `if_needed` has a function that says at the start if it runs."""

    def __init__(
        self,
        callbacks: Deliverer,
        if_needed: Mapping[Deliverer, Callable[[], bool]],
        helpers: Sequence[Periodic],
    ) -> None:
        self._deliverers, self._helpers = [callbacks], helpers
        self._if_needed = if_needed
        self._is_asked_to_stop = False

    def start(self) -> None:
        """Start all loops, each in a thread of its own. Call it after a fork."""
        self._deliverers += [deliverer for deliverer, is_needed in self._if_needed.items() if is_needed()]
        for loop in self._loops():
            loop.start()
        if self._is_asked_to_stop:  # by a signal, before all were in the list
            self.request_stop()

    def request_stop(self) -> None:
        """Ask all to claim nothing more, and to end when their attempts in flight have ended."""
        self._is_asked_to_stop = True
        for loop in self._loops():
            loop.request_stop()

    def wait(self) -> None:
        """Wait until the deliverers have ended, which they do only when asked."""
        for deliverer in self._deliverers:
            deliverer.join()

    def stop(self, grace: float) -> None:
        """Let attempts and transactions end within `grace` seconds in all, and give back the other attempts."""
        self.request_stop()
        ends = time.monotonic() + grace
        for loop in self._loops():
            loop.stop(max(ends - time.monotonic(), 0.0))

    def waits_for(self) -> str:
        """The attempts in flight, for the log: `1 callback in flight and 0 sendings in flight`."""
        return " and ".join(deliverer.waits_for() for deliverer in self._deliverers)

    def _loops(self) -> Sequence[Deliverer | Periodic]:
        return [*self._deliverers, *self._helpers]
