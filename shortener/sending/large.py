"""Messages with large attachments, which are in memory until their gateway has them: only a few at once."""

import threading
import time
from collections.abc import Callable
from typing import Final

from shortener.sending.gateway import HandOver, NotNow, Outgoing

LARGE: Final = 1024 * 1024  # bytes of attachments
AT_ONCE: Final = 4  # through one gateway in one process; others wait half of their time, and are tried again later


class FewLarge:
    """Lets large messages wait for each other."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def hand_over(self, outgoing: Outgoing, timeout: float, act: Callable[[Outgoing, float], HandOver]) -> HandOver:
        """Call `act` with the message and when its attempt began, which may last `timeout` seconds from then on."""
        begun = time.monotonic() if outgoing.begun is None else outgoing.begun
        if outgoing.attached_bytes <= LARGE:
            return act(outgoing, begun)
        if not self._free.acquire(timeout=max(begun + timeout / 2 - time.monotonic(), 0.0)):
            return NotNow(sentence="not handed over yet: other large mails are on their way")
        try:
            return act(outgoing, begun)
        finally:
            self._free.release()
