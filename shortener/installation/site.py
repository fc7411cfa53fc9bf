"""The public site of this installation: what its addresses look like and how long its links live."""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from shortener.rules.delivery.gateway_choice import Gateways
from shortener.rules.slug import Slugs


class Numbered(Protocol):
    """A link, as the model of its row or as the link that was just stored."""

    @property
    def base_url(self) -> str:
        """The public address that it was made with."""

    @property
    def number(self) -> int:
        """The number that its slug encodes."""


@dataclass(frozen=True, slots=True)
class Site:
    """The public address of an installation, and what it adds to every message and link."""

    base_url: str  # without a slash at its end, as in `https://s.example.com`
    own_hosts: frozenset[str]  # of the present public address and of all earlier ones, in lower case
    link_life: dt.timedelta
    slugs: Slugs
    gateways: Gateways

    def url_of_message(self, msgid: str) -> str:
        """Return the URL of a message's report."""
        return f"{self.base_url}/v1/messages/{msgid}"

    def shortlink_of(self, link: Numbered) -> str:
        """Return a link's shortlink. It keeps the public address that it was made with, so a later change is safe."""
        return f"{link.base_url}/{self.slugs.encode(link.number)}"
