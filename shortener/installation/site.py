"""The public address of this installation, and the links that it gives out."""

import datetime as dt
from dataclasses import dataclass

from shortener.rules.slug import Slugs
from shortener.storage.models import Link, Message


@dataclass(frozen=True, slots=True)
class Address:
    """What a document needs to name things: our public address and the slugs of this installation."""

    base_url: str
    slugs: Slugs

    def of_message(self, message: Message) -> str:
        """The URL of a message's report."""
        return f"{self.base_url}/v1/messages/{message.msgid}"

    def of_link(self, link: Link) -> str:
        """The shortlink, as it was given out: a later change of the public address does not change it."""
        return f"{link.base_url}/{self.slugs.encode(link.number)}"


@dataclass(frozen=True, slots=True)
class House:
    """What an installation adds to a message: where its shortlinks lead and how long they live."""

    base_url: str
    own_hosts: frozenset[str]
    link_life: dt.timedelta
    slugs: Slugs
