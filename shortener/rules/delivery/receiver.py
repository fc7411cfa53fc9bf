"""Decide from the text of a URL whether callbacks may go to it; no name server is asked.

Names change, and a look-up is itself a probe. So `shortener.outbound` checks the address of a name with `allows` when
it opens the socket.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from shortener.rules.delivery.address import IPAddress, IPNetwork, denied

MAX_URL = 2048  # characters; common servers refuse longer request lines by default

_ANYWHERE = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(?P<scheme>[a-z]+)://(?P<authority>[^/?]*)(?:[/?].*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # what the last part of an address looks like to a resolver


@dataclass(frozen=True, slots=True, eq=False)  # one per process; a hash of all networks would cost each check more
class Policy:
    """The addresses, hosts and ports that the operator allows or denies; hosts are lower-case, in ASCII form.

    An entry of `own_hosts`, our own public hosts, is `host` (every port) or `host:port`.
    """

    allow_nets: tuple[IPNetwork, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    deny_nets: tuple[IPNetwork, ...] = ()
    ports: frozenset[int] | None = None
    allow_http: bool = True
    own_hosts: frozenset[str] = frozenset()


NOT_ALLOWED: Final = "must be an address that callbacks may go to: a public one, unless the operator decides otherwise"


class _RefusedError(ValueError):
    """Carries the sentence for the sender."""


@lru_cache(maxsize=1024)  # a sender's messages name the same receiver
def check(url: str, policy: Policy) -> str | None:
    """None if callbacks may go to the URL, otherwise a sentence for the sender."""
    try:
        scheme, host, port = _split(url)
        _check_scheme_and_port(scheme, port, policy)
        _check_host(host, port, policy)
    except _RefusedError as refused:
        return str(refused)
    return None


def destination(url: str) -> str:
    """The normalised `scheme://host:port` of a URL; ValueError if it is not valid."""
    scheme, host, port = _split(url)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


@lru_cache(maxsize=1024)
def queue(account_id: int, url: str) -> str:
    """The destination of a job, for fair share: account and `scheme://host:port`, or `-` if the URL is not valid."""
    try:
        return f"{account_id} {destination(url)}"
    except ValueError:
        return f"{account_id} -"


def allows(address: IPAddress, host: str, policy: Policy) -> bool:
    """Whether `host` may be called at `address`. A host in `allow_hosts` may be at any address that is not denied."""
    allow = _ANYWHERE if _plain(host) in policy.allow_hosts else policy.allow_nets
    return not denied(address, allow=allow, deny=policy.deny_nets)


def _plain(host: str) -> str:
    """The host as lists spell it: lower case, without a trailing dot."""
    return host.lower().removesuffix(".")


def _split(url: str) -> tuple[str, str, int]:
    """Scheme, host (no brackets, one spelling) and port; far stricter than RFC 3986.

    It refuses everything that parsers read differently, because one parser checks and another connects.
    """
    if len(url) > MAX_URL:
        raise _RefusedError(f"must be at most {MAX_URL} characters")
    if not all("!" <= char <= "~" for char in url):
        raise _RefusedError("must be printable ASCII: a punycode host, a percent-encoded path")
    if "\\" in url or "#" in url:
        raise _RefusedError("must not contain a backslash or a fragment")
    whole = _URL.fullmatch(url)
    if whole is None or whole["scheme"].lower() not in _PORTS:
        raise _RefusedError("must be an http or https URL")
    if "@" in whole["authority"]:
        raise _RefusedError("must not contain a user name or password")
    parts = _AUTHORITY.fullmatch(whole["authority"])
    if parts is None:
        raise _RefusedError("must have a valid host")
    scheme = whole["scheme"].lower()
    return scheme, _one_spelling(parts["host"]), int(parts["port"] or _PORTS[scheme])


def _one_spelling(host: str) -> str:
    if host.startswith("["):
        try:
            return str(IPv6Address(host[1:-1]))
        except ValueError:
            raise _RefusedError("must have a valid host") from None
    labels = _plain(host).split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _four_numbers(host)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _RefusedError("must have a valid host")
    return ".".join(labels)


def _four_numbers(host: str) -> str:
    """Normalise an IPv4 address. Resolvers also accept `127.1`, `0x7f.1` and `2130706433`, which we refuse."""
    try:
        return str(IPv4Address(host))
    except ValueError:
        raise _RefusedError("must have its IPv4 address written as four decimal numbers") from None


def _check_scheme_and_port(scheme: str, port: int, policy: Policy) -> None:
    if scheme == "http" and not policy.allow_http:
        raise _RefusedError("must be an https URL; http is not allowed")
    if not 0 < port < 65536 or (policy.ports is not None and port not in policy.ports):
        raise _RefusedError("must have an allowed port")


def _check_host(host: str, port: int, policy: Policy) -> None:
    address = _literal(host)
    if address is not None and not allows(address, host, policy):
        raise _RefusedError(NOT_ALLOWED)
    if host in policy.allow_hosts:
        return
    if host in policy.own_hosts or f"{host}:{port}" in policy.own_hosts:
        raise _RefusedError("must not be our own address: the callback would call itself")
    # If the operator allows a private network, its short names may be used: the check at the socket decides.
    if address is None and not policy.allow_nets and (host.endswith(".localhost") or "." not in host):
        raise _RefusedError(NOT_ALLOWED)


def _literal(host: str) -> IPAddress | None:
    if ":" in host:
        return IPv6Address(host)
    return IPv4Address(host) if host.rpartition(".")[2].isdecimal() else None
