"""What every gateway has: it takes a message, and says in one of four ways how that ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shortener.rules.delivery.reason import Reason


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a message, as it was given to us."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


def _nothing() -> Sequence[Attached]:
    return ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as a gateway gets it. Its attachments are read only when they are needed, because they are large."""

    msgid: str
    sender: str
    recipient: str = field(repr=False)
    text: str | None = field(repr=False)
    html: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)
    attached_bytes: int = 0  # of all attachments
    attachments: Callable[[], Sequence[Attached]] = _nothing
    extras: Mapping[str, Any] = field(default_factory=dict, repr=False)  # what its face gave for the gateway alone
    receipt_url: str = ""  # where the gateway sends its receipts; names the message, and holds a key
    seconds_left: float = 259_200.0  # until its period of validity ends
    number: int = 1  # of this attempt; the first is 1
    begun: float | None = None  # when the attempt began, in the seconds of `time.monotonic`


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """What all outcomes tell about the gateway's answer, for the row of the attempt."""

    sentence: str = ""  # for whoever sent the message; no password, and nobody's number
    status: int | None = None  # of HTTP or SMTP
    answer: bytes | None = field(default=None, repr=False)  # the gateway's own words, at most 2 KB
    total_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken(HandedOver):
    """The gateway took the message, and answers for it from now on."""

    reference: str = ""  # the gateway's own id of the message, where it gives one
    is_delivered: bool = False  # no receipt will follow, so this counts as one
    ask_after: float | None = None  # seconds until it is asked what became of the message; None: it says so itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(HandedOver):
    """The gateway refused the message, and would do so again."""

    code: str = ""  # in the gateway's words
    reason: Reason = Reason.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNow(HandedOver):
    """The gateway has not got the message, or asks to try again."""

    retry_after: float | None = None  # seconds, where it says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure(HandedOver):
    """The gateway may have taken the message: its answer is missing or makes no sense."""


HandOver = Taken | Refused | NotNow | Unsure


class Gateway(Protocol):
    """A gateway; any number of threads may use one at once."""

    @property
    def name(self) -> str:
        """Its name in settings and rows."""

    @property
    def timeout(self) -> float:
        """The seconds within which every hand-over ends."""

    def hand_over(self, outgoing: Outgoing) -> HandOver:
        """Hand over a message once. Raises nothing, whatever the gateway does."""

    def close_idle(self, longest: float) -> None:
        """Close the connections that nobody has used for so many seconds; 0 closes all that are not in use."""
