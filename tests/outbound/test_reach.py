"""Reaching servers: by TCP and TLS, all at once, with a reason if it fails."""

import ssl

import pytest
import trustme

from shortener.outbound import reach
from shortener.outbound.reach import Server
from tests.support.servers import receiving


def test_a_listening_server_is_reached() -> None:
    with receiving() as receiver:
        server = Server("relay", "127.0.0.1", receiver.port, has_tls=False)
        assert reach.why_unreachable([server]) == {server: None}
    assert receiver.requests == [b""]  # nothing was sent


def test_what_cannot_be_reached_has_a_reason() -> None:
    refused = Server("relay", "127.0.0.1", 1, has_tls=False)
    unknown = Server("gateway", "gateway.invalid", 443, has_tls=True)
    found = reach.why_unreachable([refused, unknown])
    assert found[refused] == "no connection (Connection refused)"
    assert "look" in (found[unknown] or "")


def test_an_untrusted_certificate_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with receiving(tls=context) as receiver:
        server = Server("relay", "localhost", receiver.port, has_tls=True)
        assert "no trusted TLS connection" in (reach.why_unreachable([server])[server] or "")
