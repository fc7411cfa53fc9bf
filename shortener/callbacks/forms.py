"""The forms of callbacks that vendors' wire formats have instead of our signed event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """How a vendor's callbacks are sent and judged; each body was built when its callback was stored.

    `headers` returns the headers of one attempt, from its URL, its body and the account's signing keys, the newest
    first. `accepts` says whether an answer with this status counts as delivered.
    """

    headers: Callable[[str, bytes, Sequence[bytes]], Mapping[str, str]]
    accepts: Callable[[int], bool]


Forms = Mapping[str, Form]  # by the vendor's name, which `callback.face` stores
