"""What a test changes about a process of the product, besides its settings."""

import ctypes
import datetime
import functools
import signal
import time
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from shortener import vendors
from shortener.delivery import kind, loop, queue
from shortener.rules.delivery.retry import MAX_STARTS
from shortener.running import gunicorn_waits, serve
from shortener.sending import judgement, vendor_api
from shortener.sending.kannel.gateway import Kannel
from shortener.sending.vendor_api import VendorGateway
from shortener.storage import postgresql
from shortener.web import bodies


@dataclass(frozen=True, slots=True)
class Overrides:
    """Values that replace constants of the product in one process."""

    lease_margin: float = 0.5  # seconds; replaces kind.LEASE_MARGIN
    poll: float = 0.1  # seconds; replaces loop.POLL
    silence: str = "1s"  # replaces postgresql.SILENCE
    max_starts: int = MAX_STARTS
    clock: float = 0.0  # seconds by which the system's clock is ahead
    read_within: float | None = None  # seconds for heads and for bodies, instead of the servers' own limits
    arguments: str = ""  # for gunicorn, as in GUNICORN_CMD_ARGS
    poison: str = ""  # a POST to a callback URL that contains this kills the process
    doubt: float = 120.0  # seconds; replaces judgement.DOUBT
    kannel_timeout: float = 15.0  # seconds; also of vendors' gateways
    ask_after: float = 5.0  # seconds; replaces vendor_api.ASK_AFTER
    signalled_in_fork: bool = False  # each new process receives SIGTERM before Python's part of the fork has ended
    traced: bool = True  # by coverage; a signal that interrupts coverage while it holds its lock leaves a deadlock

    def apply(self) -> None:
        """Replace the constants and the clock of the current process."""
        _replace(kind, LEASE_MARGIN=self.lease_margin)
        _replace(loop, POLL=self.poll)
        _replace(queue, MAX_STARTS=self.max_starts)
        _replace(postgresql, SILENCE=self.silence)
        _replace(judgement, DOUBT=self.doubt)
        _replace(vendor_api, ASK_AFTER=self.ask_after)
        for gateway in (Kannel, VendorGateway):
            defaults: dict[str, Any] = gateway.__init__.__kwdefaults__
            defaults["timeout"] = self.kannel_timeout
        if self.read_within is not None:
            _limit_reading(self.read_within)
        if self.signalled_in_fork:
            _signal_in_fork()
        if self.clock:
            _shift_clock(self.clock)


def _replace(module: ModuleType, **values: object) -> None:
    """Replace names of a module, which must exist."""
    missing = values.keys() - vars(module).keys()
    assert not missing, f"{module.__name__} has no {', '.join(sorted(missing))}"
    vars(module).update(values)


def _limit_reading(seconds: float) -> None:
    _replace(gunicorn_waits, READ_WITHIN=seconds)
    _replace(serve, HEAD_WITHIN=int(seconds * 1000))
    _replace(bodies, FIRST_BYTES_WITHIN=seconds)


def _signal_in_fork() -> None:
    libc = ctypes.PyDLL(None)
    # A partial, because Python would handle the signal between two steps of a function written in Python.
    _in_fork.append(ctypes.CFUNCTYPE(None)(functools.partial(getattr(libc, "raise"), signal.SIGTERM)))
    libc.__register_atfork(None, None, _in_fork[-1], None)


_in_fork: list[Any] = []  # keeps what the C library calls


def _shift_clock(seconds: float) -> None:
    """Make the system's clock wrong for Python code; the monotonic clock stays right."""
    vendors.load()  # their models have times as fields, of the right class
    right_time, right, right_now = time.time, datetime.datetime, datetime.datetime.now

    class AlsoRight(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, right)

    class Wrong(datetime.datetime, metaclass=AlsoRight):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return right_now(tz) + datetime.timedelta(seconds=seconds)

    _replace(time, time=lambda: right_time() + seconds)
    _replace(datetime, datetime=Wrong)
