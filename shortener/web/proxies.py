"""The client's address behind proxies: `X-Forwarded-*` is used only if it comes from a trusted proxy."""

import ipaddress
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from shortener.rules.delivery.address import IPNetwork, is_public
from shortener.telemetry import log_lines

log = logging.getLogger(__name__)
Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
PEER: Final = (
    "shortener.peer"  # the address of the connection's other end, if `REMOTE_ADDR` is that of a client behind it
)
REQUEST_ID: Final = "shortener.request_id"  # as a trusted proxy gave it
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED")


class TrustedProxies:
    """WSGI middleware that puts the client's address in `REMOTE_ADDR`, and removes headers that cannot be trusted."""

    def __init__(self, app: Wsgi, trusted: Sequence[IPNetwork]) -> None:
        self._app = app
        self._trusted = tuple(trusted)
        self._has_warned = False

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one request."""
        request_id = environ.pop("HTTP_X_REQUEST_ID", None)
        if request_id and log_lines.REQUEST_ID.fullmatch(request_id) and self._trusts(environ.get("REMOTE_ADDR", "")):
            environ[REQUEST_ID] = request_id
        forwarded = {name: environ.pop(name) for name in FORWARDED if name in environ}
        if forwarded and self._trusts(environ.get("REMOTE_ADDR", "")):
            self._apply(environ, forwarded)
        elif forwarded and not self._has_warned:
            self._warn(environ.get("REMOTE_ADDR", ""))
        return self._app(environ, start_response)

    def _warn(self, address: str) -> None:
        """Say once that a proxy seems to be missing in the settings. Anybody on the Internet can send the headers."""
        ip = _parsed(address)
        if ip is not None and not is_public(ip):
            self._has_warned = True
            log.warning(
                "X-Forwarded-For comes from %s, which SHORTENER_TRUSTED_PROXIES does not name: if it is your proxy, "
                "every visitor seems to have its address; see docs/operate/tls.md",
                address,
            )

    def _apply(self, environ: Environ, forwarded: dict[str, str]) -> None:
        """Go back hop by hop: the first address that is not a trusted proxy is the client's."""
        environ[PEER] = environ.get("REMOTE_ADDR", "")
        for hop in reversed(forwarded.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            address = _parsed(_without_port(hop.strip()))
            if address is None:
                break
            environ["REMOTE_ADDR"] = str(address)
            if not self._trusts(str(address)):
                break
        if forwarded.get("HTTP_X_FORWARDED_PROTO") in {"http", "https"}:
            environ["wsgi.url_scheme"] = forwarded["HTTP_X_FORWARDED_PROTO"]

    def _trusts(self, address: str) -> bool:
        if not address:  # a Unix socket: the permissions of its folder decide who can connect
            return True
        ip = _parsed(address)
        return ip is not None and any(ip in network for network in self._trusted if network.version == ip.version)


def _without_port(hop: str) -> str:
    """Remove the port: some proxies write `1.2.3.4:5678` or `[2001:db8::1]:443`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address, or None. IPv4 in IPv6 notation (`::ffff:192.0.2.1`) becomes IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None) or address
