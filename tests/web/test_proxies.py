"""The visitor's address: headers of the operator's proxies count, headers of others do not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.config.settings import Settings
from shortener.web.proxies import FORWARDED, TrustedProxies

TRUSTED = Settings(secret_key="k" * 32, trusted_proxies="10.0.0.0/8,fd00::/8").trusted_proxies
PROXY, VISITOR, STRANGER = "10.0.0.1", "203.0.113.7", "198.51.100.9"


def seen(remote: str, trusted: Any = TRUSTED, **headers: str) -> dict[str, Any]:
    """The WSGI environment of a request from this address with these headers (`x_forwarded_for=`)."""
    told: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: object) -> list[bytes]:
        told.update(environ)
        return []

    environ = {"REMOTE_ADDR": remote, "wsgi.url_scheme": "http", "HTTP_HOST": "s.example.com"}
    sent = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    assert TrustedProxies(application, trusted)(environ | sent, lambda *_: None) == []
    return told


def test_without_a_proxy_the_peer_is_the_visitor() -> None:
    assert seen(VISITOR)["REMOTE_ADDR"] == VISITOR


def test_proxies_are_trusted_only_when_configured() -> None:
    told = seen(PROXY, trusted=(), x_forwarded_for=VISITOR, x_forwarded_proto="https")
    assert (told["REMOTE_ADDR"], told["wsgi.url_scheme"]) == (PROXY, "http")


def test_a_strangers_forwarded_header_is_ignored() -> None:
    told = seen(STRANGER, x_forwarded_for=VISITOR, x_forwarded_proto="https")
    assert (told["REMOTE_ADDR"], told["wsgi.url_scheme"]) == (STRANGER, "http")


def test_a_trusted_proxy_names_the_visitor_and_the_scheme() -> None:
    told = seen(PROXY, x_forwarded_for=VISITOR, x_forwarded_proto="https")
    assert (told["REMOTE_ADDR"], told["wsgi.url_scheme"]) == (VISITOR, "https")


@pytest.mark.parametrize(
    ("chain", "visitor"),
    [
        (f"{VISITOR}, 10.0.0.2, 10.9.9.9", VISITOR),
        (f"{VISITOR},10.0.0.2", VISITOR),
        (f"{STRANGER}, {VISITOR}", VISITOR),
        (f"10.0.0.7, {VISITOR}, 10.0.0.2", VISITOR),
        ("10.0.0.5, 10.0.0.2", "10.0.0.5"),
        (f"nonsense, {VISITOR}", VISITOR),
        (f"{VISITOR}, nonsense", PROXY),
        (f"{VISITOR}, unknown, 10.0.0.2", "10.0.0.2"),
        ("", PROXY),
        (",", PROXY),
        ("fe80::1, fd00::2", "fe80::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("203.0.113.7:4711", VISITOR),
        ("203.0.113.7:x:y", PROXY),
        ("::ffff:203.0.113.7, ::ffff:10.0.0.3", VISITOR),
    ],
)
def test_the_visitor_is_the_last_untrusted_address(chain: str, visitor: str) -> None:
    """Everything before it was written by the visitor."""
    assert seen(PROXY, x_forwarded_for=chain)["REMOTE_ADDR"] == visitor


def test_a_proxy_is_known_on_dual_stack_sockets() -> None:
    """On such sockets, an IPv4 address is written as an IPv6 address."""
    assert seen("::ffff:10.0.0.1", x_forwarded_for=VISITOR)["REMOTE_ADDR"] == VISITOR
    assert seen(f"::ffff:{STRANGER}", x_forwarded_for=VISITOR)["REMOTE_ADDR"] == f"::ffff:{STRANGER}"


@pytest.mark.parametrize("scheme", ["HTTPS!", "javascript", "", "https, http"])
def test_a_scheme_that_is_none_is_not_believed(scheme: str) -> None:
    assert seen(PROXY, x_forwarded_proto=scheme)["wsgi.url_scheme"] == "http"


@pytest.mark.parametrize("remote", [PROXY, STRANGER, "", "unix:"])
def test_nothing_that_was_forwarded_reaches_the_application(remote: str) -> None:
    claims = {name.removeprefix("HTTP_").lower(): "evil.example" for name in FORWARDED}
    told = seen(remote, **claims)
    assert not set(FORWARDED) & set(told)
    assert told["HTTP_HOST"] == "s.example.com"


@given(st.text())
def test_any_forwarded_header_gives_a_valid_address(chain: str) -> None:
    visitor = seen(PROXY, x_forwarded_for=chain)["REMOTE_ADDR"]
    assert visitor == PROXY or ":" in visitor or visitor.replace(".", "").isdigit()


@pytest.mark.parametrize(
    ("hop", "address"),
    [("203.0.113.7:5678", "203.0.113.7"), ("[2001:db8::1]:443", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1")],
)
def test_an_address_with_a_port_is_read_without_it(hop: str, address: str) -> None:
    assert seen(PROXY, x_forwarded_for=hop)["REMOTE_ADDR"] == address


def test_a_proxy_missing_in_the_settings_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    application = TrustedProxies(lambda *_: [], ())
    for address in ("20.30.40.50", PROXY, PROXY):
        application({"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": VISITOR}, lambda *_: None)
    [record] = caplog.records
    assert PROXY in record.getMessage()
