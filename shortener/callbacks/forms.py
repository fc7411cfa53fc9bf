"""The forms of callbacks that vendors' wire formats have instead of our signed event."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a callback tells about a message: a new state, or its first click if `state` is None.

    `at` is the time of the state or click, `created_on` that of the callback; `link` and `shortlink` were clicked.
    """

    event_id: str
    url: str
    at: dt.datetime
    created_on: dt.datetime
    message: FaceMessage  # as it is now
    state: MessageState | None = None
    code: str = ""
    reason: Reason | None = None
    link: str | None = None
    shortlink: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """The request of one attempt; without a `url` of its own it goes to the callback's."""

    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a vendor's callbacks are sent and judged.

    `request` makes the request of an attempt from what is told and the account's signing secrets as text, the newest
    first. It is pure, and what differs between callbacks comes from their ids and times (ADR 0038 says how far attempts
    send the same bytes). Unless a form `is_signed`, there may be no secret. `accepts` says whether an answer with this
    status counts as delivered. Unless the vendor `tells_clicks`, first clicks are told by our own signed event.
    """

    request: Callable[[Told, Sequence[str]], CallbackRequest]
    accepts: Callable[[int], bool]
    tells_clicks: bool = False
    is_signed: bool = False


Forms = Mapping[str, Form]  # by the vendor's name, which `callback.face` stores
Load = Callable[[Session, Collection[int]], Mapping[int, FaceMessage]]  # messages by their ids
