"""The settings of outgoing requests, seen at the application's own policy and client."""

import contextlib
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from shortener.config.settings import Settings
from shortener.rules.delivery import receiver
from shortener.running.services import Services
from tests.conftest import SECRET_KEY, running
from tests.support.servers import OK, receiving


@contextlib.contextmanager
def wired(folder: Path, **given: object) -> Iterator[Services]:
    """The services of an application with these settings; nothing here needs its tables."""
    with running(Settings(data=folder, secret_key=SECRET_KEY, public_url="https://s.example.com", **given)) as app:  # type: ignore[arg-type]
        yield app.extensions["shortener"]


def test_nothing_is_open_inside_unless_it_was_opened(tmp_path: Path) -> None:
    with wired(tmp_path) as services:
        for url in ("http://127.0.0.1/", "http://10.0.0.1/", "http://receiver/", "http://[::1]/"):
            assert receiver.check(url, services.policy), url
        assert receiver.check("http://receiver.example.com:8443/", services.policy) is None


def test_an_allowed_host_is_known_in_every_spelling(tmp_path: Path) -> None:
    with wired(tmp_path, callback_allow_hosts="Receiver.,10.0.0.7") as services:
        for url in ("http://receiver/", "http://RECEIVER./", "http://10.0.0.7/"):
            assert receiver.check(url, services.policy) is None, url
        assert receiver.allows(ipaddress.ip_address("10.9.9.9"), "receiver", services.policy)
        assert receiver.check("http://10.0.0.8/", services.policy)


def test_what_is_denied_stays_denied_to_an_allowed_host(tmp_path: Path) -> None:
    with wired(tmp_path, callback_allow_hosts="receiver", callback_deny_nets="10.0.0.0/8") as services:
        assert not receiver.allows(ipaddress.ip_address("10.9.9.9"), "receiver", services.policy)


def test_only_the_listed_ports_are_called(tmp_path: Path) -> None:
    with wired(tmp_path, callback_ports="443,8443") as services:
        assert receiver.check("https://receiver.example.com/", services.policy) is None
        assert receiver.check("http://receiver.example.com:8443/", services.policy) is None
        assert receiver.check("http://receiver.example.com/", services.policy) == "must have an allowed port"


@pytest.mark.parametrize(("listed", "outcome"), [(True, "answered"), (False, "tls")])
def test_a_receivers_certificate_is_checked_against_the_operators_bundle(
    tmp_path: Path, listed: bool, outcome: str
) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    bundle = tmp_path / "bundle.pem"
    (authority if listed else stranger).cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    given = {"callback_ca_bundle": bundle, "callback_allow_nets": "127.0.0.0/8"}
    with receiving(OK, tls=context) as server, wired(tmp_path / "data", **given) as services:
        answer = services.client.request("POST", server.url(scheme="https"), {}, b"{}")
    assert answer.outcome == outcome


@pytest.mark.parametrize(
    ("host", "told"), [("s.example.com", 0), ("links.of-a-company-with-a-long-name.example.com", 1)]
)
def test_a_start_warns_that_no_receipts_will_come(
    services: Services, host: str, told: int, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"gateway_urls": "vonage=https://k:s@rest.example", "public_url": f"https://{host}"}
    with running(services.settings.model_copy(update=given)) as app:
        app.extensions["shortener"].prepare()
    assert caplog.text.count("vonage takes at most 100 characters as the URL for receipts") == told
