"""Whether a server is in the operator's own network, so that credentials may go there over plain http."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

_OWN_ENDINGS: Final = (".localhost", ".local", ".internal", ".lan")


def has(url: str) -> bool:
    """Whether a server at this URL is on this machine or in the operator's own network, so that http is acceptable."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_OWN_ENDINGS)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return not (mapped or address).is_global
