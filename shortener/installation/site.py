"""The public site of this installation: what its addresses look like and how long its links live."""

import datetime as dt
from dataclasses import dataclass

from shortener.rules.slug import Slugs
from shortener.storage.models import Link, Message


@dataclass(frozen=True, slots=True)
class Site:
    """The public address of an installation, and what it adds to every message and link."""

    base_url: str  # without a slash at its end, as in `https://s.example.com`
    own_hosts: frozenset[str]  # of the present public address and of all earlier ones, in lower case
    link_life: dt.timedelta
    slugs: Slugs

    def url_of_message(self, message: Message) -> str:
        """Return the URL of a message's report."""
        return f"{self.base_url}/v1/messages/{message.msgid}"

    def shortlink_of(self, link: Link) -> str:
        """Return a link's shortlink. It keeps the public address that it was made with, so a later change is safe."""
        return f"{link.base_url}/{self.slugs.encode(link.number)}"
