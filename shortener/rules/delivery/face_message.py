"""A message as vendors' wire formats see it: plain values."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason


@dataclass(frozen=True, slots=True)
class FaceLink:
    """A link of a message, with the time of its first click."""

    link: str
    shortlink: str
    accessed_on: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMessage:
    """A message with its rewritten parts and what became of it.

    `fields` is what its wire format stored with it. The recipient is as the account stores it: perhaps masked, perhaps
    not at all.
    """

    id: int
    msgid: str
    sid: str  # of its account
    client_tag: str | None = None
    bulk_id: str | None = None
    fields: Mapping[str, Any]
    sender: str | None = None
    recipient: str | None = None
    subject: str | None = None
    text: str
    html: str | None = None  # only of a message that was just stored
    received_on: dt.datetime
    send_on: dt.datetime | None = None  # None: it was due at once
    sent_on: dt.datetime | None = None  # when its gateway took it
    state: MessageState | None = None  # None: it has no gateway, and no receipt has come
    state_on: dt.datetime | None = None
    code: str = ""  # the gateway's own word for the reason
    reason: Reason | None = None
    tags: tuple[str, ...] = ()
    track_link: bool = True
    links: tuple[FaceLink, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether no other state can follow."""
        return self.state is not None and self.state.is_final

    @property
    def accessed_on(self) -> dt.datetime | None:
        """When any of its links was first clicked."""
        return min((link.accessed_on for link in self.links if link.accessed_on is not None), default=None)

    @property
    def shortlink(self) -> str | None:
        """Its first shortlink."""
        return self.links[0].shortlink if self.links else None
