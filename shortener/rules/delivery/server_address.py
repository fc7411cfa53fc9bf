"""The address of an operator's own server, with user name and password, as a setting gives it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import unquote

_ADDRESS: Final = re.compile(
    r"(?P<scheme>[a-z]+)://(?:(?P<user>[^@/?#:\s]+):(?P<password>[^@/?#\s]*)@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>/(?:(?![#\\\\])[!-~])*)?",
    re.IGNORECASE,
)
HTTP_PORTS: Final = {"http": 80, "https": 443}
SMTP_PORTS: Final = {"smtp": 25, "smtps": 465}
_LOOPBACK: Final = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|::1")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The parts of such an address; user name and password are decoded, and empty where there are none."""

    scheme: str
    host: str  # in lower case, without brackets
    port: int
    path: str = ""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The address without user name and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent there stays on this machine."""
        return _LOOPBACK.fullmatch(self.host) is not None


def parse(text: str, ports: Mapping[str, int]) -> ServerAddress:
    """Parse an address whose scheme is one of `ports`, which has their default ports.

    The ValueError is a sentence that does not repeat the text, because that may contain a password.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None or (scheme := found["scheme"].lower()) not in ports:
        raise ValueError(
            f"must look like {'://… or '.join(ports)}://user:password@host:port, special characters as %XX"
        )
    port = int(found["port"] or ports[scheme])
    if not 0 < port < 65536:
        raise ValueError("must have a port from 1 to 65535")
    user, password = (unquote(found[part] or "", errors="replace") for part in ("user", "password"))
    if not all("!" <= letter <= "~" for letter in user + password):
        raise ValueError("must have a user name and a password of printable ASCII characters without spaces")
    return ServerAddress(scheme, _host(found["host"]), port, found["path"] or "", user, password)


def _host(text: str) -> str:
    """The host in one spelling; ValueError for an IPv6 address that is none."""
    host = text.lower().removeprefix("[").removesuffix("]")
    try:
        return str(IPv6Address(host)) if ":" in host else host
    except ValueError:
        raise ValueError("must have a valid host") from None
