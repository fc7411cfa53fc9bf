"""The URLs of vendors' APIs as one setting gives them: `name=https://user:password@host/path`, with spaces between."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from shortener.rules import own_network
from shortener.rules.delivery import server_address
from shortener.rules.delivery.gateway_name import NONE, OWN
from shortener.rules.delivery.server_address import HTTP_PORTS, ServerAddress

_ENTRY: Final = re.compile(r"(?P<name>[a-z][a-z0-9_]{0,31})=(?P<url>.*)")
# A password has no slash, so what looks like the next entry is one.
_JOINED: Final = re.compile(r"^[,;]|[,;]$|[,;][a-z][a-z0-9_]*=https?://", re.IGNORECASE)


def parse(text: str) -> Mapping[str, ServerAddress]:
    """Return the address of each gateway by its name.

    The ValueError is a sentence that names an entry by its number, because the text may contain passwords.
    """
    found: dict[str, ServerAddress] = {}
    for number, (name, address) in enumerate(_entries(text), start=1):
        if name in OWN or name == NONE:
            raise ValueError(f"must not name {name} (entry {number}), which is not a vendor's")
        if name in found:
            raise ValueError(f"must give each gateway one URL; that of entry {number} has one")
        found[name] = address
    return found


def _entries(text: str) -> Iterator[tuple[str, ServerAddress]]:
    for number, entry in enumerate(text.split(), start=1):
        if _JOINED.search(entry):
            raise ValueError(f"must have spaces between entries, and no commas (entry {number})")
        parts = _ENTRY.fullmatch(entry)
        if parts is None:
            raise ValueError(f"must look like name=https://user:password@host; entry {number} does not")
        try:
            yield parts["name"], _address(parts["name"], parts["url"])
        except ValueError as fault:
            raise ValueError(f"{fault} (entry {number})") from None


def _address(name: str, url: str) -> ServerAddress:
    address = server_address.parse(url, HTTP_PORTS)
    if address.scheme != "https" and not own_network.has(address.url):
        raise ValueError(f"must be https for {name}, whose host is outside of your own network")
    return address
