"""Check the public address: whether recipients can reach it, and whether visitors' addresses are known behind it."""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from pydantic import IPvAnyNetwork

from shortener.cli.doctor.finding import Finding, fault, ok, warning
from shortener.config.settings import Settings
from shortener.rules import own_network

CHECK: Final = "public address"
SET: Final = "Set SHORTENER_PUBLIC_URL to the https URL that recipients use, such as https://s.example.com."
TLS: Final = "See docs/operate/tls.md."


def examine(settings: Settings) -> Iterator[Finding]:
    """Judge the settings; nothing is looked up."""
    yield from judge(settings.base_url)
    yield from judge_proxies(settings.base_url, settings.bind, settings.trusted_proxies)


def judge(base_url: str) -> Iterator[Finding]:
    """Judge the URL that shortlinks begin with."""
    parts = urlsplit(base_url)
    if _stays_here(parts.hostname or ""):
        yield fault(
            CHECK,
            f"Shortlinks begin with {base_url}, which leads each recipient to their own device. "
            "For a trial on this machine that is fine.",
            SET,
        )
    elif own_network.has(base_url):
        yield warning(CHECK, f"{base_url} can be reached in your own network only.", SET)
    elif parts.scheme != "https":
        yield warning(
            CHECK, f"{base_url} is not https: browsers and messengers warn of such links, or refuse them.", TLS
        )
    else:
        yield ok(CHECK, f"Shortlinks begin with {base_url}.")


def _stays_here(host: str) -> bool:
    """Whether the host is the machine itself, whoever's that is."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.rstrip(".").endswith("localhost")
    return address.is_loopback or address.is_unspecified


def judge_proxies(base_url: str, bind: str, trusted: Sequence[IPvAnyNetwork]) -> Iterator[Finding]:
    """Judge which proxies are believed. Over a socket, every client is."""
    if any(network.prefixlen == 0 for network in trusted):
        yield fault(
            CHECK,
            "SHORTENER_TRUSTED_PROXIES trusts every address, so every visitor can claim to be another one.",
            f"Name the addresses of your proxies only. {TLS}",
        )
    elif not trusted and base_url.startswith("https:") and not bind.startswith("unix:"):
        yield warning(
            CHECK,
            "SHORTENER_TRUSTED_PROXIES is empty, but https needs a proxy in front: all visitors seem to have the "
            "proxy's address, and failed sign-ins of one slow down all.",
            f"Set it to the proxy's address, such as 127.0.0.1. {TLS}",
        )
