"""How many messages an account may store in a second: counted by all processes of a node together, without a database.

What is counted is a time for each account: until when the messages that it has stored use up its rate. The times are in
memory that is made before the server forks, so its processes share it. They take no lock from each other: if two of
them store messages of one account in the same microsecond, one of these may not count.
"""

import mmap
import threading
import time
from typing import Final

from shortener.accounts.senders import Sender
from shortener.errors import MessageRateError

AHEAD: Final = 10.0  # seconds; so many seconds' messages may come at once
ACCOUNTS: Final = 65_536  # accounts whose ids differ by a multiple of this share a time; 512 KiB
_BYTES: Final = 8


def memory() -> "memoryview[float]":
    """Return memory for the times, which processes that are forked later share."""
    return memoryview(mmap.mmap(-1, ACCOUNTS * _BYTES)).cast("d")


_SHARED: Final = memory()


class MessageRates:
    """The rates of all accounts; `default` is that of accounts without their own, None for no limit."""

    def __init__(self, default: int | None, times: "memoryview[float]" = _SHARED) -> None:
        self._default, self._used_until = default, times
        self._lock = threading.Lock()

    def admit(self, account: Sender, messages: int) -> None:
        """Count messages that the account is about to store; MessageRateError if it must wait.

        All are admitted, or none. More than come in ten seconds are admitted too, and the next ones wait for them.
        """
        self._count(account, messages, may_refuse=True)

    def count(self, account: Sender, messages: int) -> None:
        """Count messages of a batch that was admitted."""
        self._count(account, messages, may_refuse=False)

    def _count(self, account: Sender, messages: int, *, may_refuse: bool) -> None:
        rate = account.messages_per_second or self._default
        if rate is None:
            return
        place = account.id % ACCOUNTS
        with self._lock:
            now = time.monotonic()  # of the machine, so the same in all processes
            used_until = max(self._used_until[place], now)
            wait = used_until - AHEAD - now
            if may_refuse and wait > 0:
                raise MessageRateError(rate, wait)
            self._used_until[place] = used_until + messages / rate
