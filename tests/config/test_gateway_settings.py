"""The settings of sending: a gateway that is named must be reachable."""

from pathlib import Path

import pytest

from shortener.rules.delivery.gateway_name import OWN, GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.message_state import MessageState
from tests.support.environment import faults, read

KANNEL, SMTP = "http://shop:hunter2@127.0.0.1:13013/cgi-bin/sendsms", "smtp://shop:hunter2@relay.internal:587"


def test_without_settings_nothing_is_sent(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.gateway, dict(settings.gateways(OWN)), settings.configured_gateways) == ("none", {}, frozenset())
    assert (settings.validity_period, settings.gateway_rate, settings.gateway_in_flight) == (259_200, None, 8)


def test_each_channel_has_its_gateway(tmp_path: Path) -> None:
    settings = read(tmp_path, GATEWAY="sms=kannel,email=smtp", KANNEL_URL=KANNEL, SMTP_URL=SMTP)
    assert settings.gateways(OWN) == {Channel.SMS: GatewayName.KANNEL, Channel.EMAIL: GatewayName.SMTP}


@pytest.mark.parametrize(("name", "given"), [("kannel", {"SMTP_URL": SMTP}), ("smtp", {"KANNEL_URL": KANNEL})])
def test_a_named_gateway_needs_its_url(tmp_path: Path, name: str, given: dict[str, str]) -> None:
    assert faults(tmp_path, GATEWAY=name, **given) == [
        f"SHORTENER_{name.upper()}_URL: is required, because SHORTENER_GATEWAY names {name}"
    ]


def test_an_unknown_gateway_is_named_alone(tmp_path: Path) -> None:
    assert faults(tmp_path, GATEWAY="carrier") == [
        "SHORTENER_GATEWAY: must be none or one of the gateways simulator, kannel, smtp; "
        "a vendor's needs SHORTENER_GATEWAY_URLS too"
    ]


def test_a_gateway_with_a_url_can_be_chosen(tmp_path: Path) -> None:
    settings = read(tmp_path, GATEWAY="simulator", SMTP_URL=SMTP)
    assert settings.configured_gateways == {GatewayName.SIMULATOR, GatewayName.SMTP}


def test_gateways_reach_us_at_the_public_address(tmp_path: Path) -> None:
    given = {"PUBLIC_URL": "https://s.example.com/"}
    assert read(tmp_path, **given).receipts_base_url == "https://s.example.com"
    assert read(tmp_path, **given, INTERNAL_URL="http://10.0.0.5:8000/").receipts_base_url == "http://10.0.0.5:8000"


def test_taken_mail_may_count_as_delivered(tmp_path: Path) -> None:
    assert read(tmp_path).smtp_sent_is is MessageState.SENT
    assert read(tmp_path, SMTP_SENT_IS="delivered").smtp_sent_is is MessageState.DELIVERED
    assert faults(tmp_path, SMTP_SENT_IS="accepted") == ["SHORTENER_SMTP_SENT_IS: must be sent or delivered"]


VENDOR = "acme=https://key:hunter2@api.example/v1"


def test_vendors_with_urls_can_be_chosen(tmp_path: Path) -> None:
    settings = read(tmp_path, GATEWAY="sms=acme", GATEWAY_URLS=f"{VENDOR}\n  other=http://127.0.0.1:9")
    assert settings.configured_gateways == {"acme", "other"}
    assert {name: address.url for name, address in settings.vendor_addresses.items()} == {
        "acme": "https://api.example:443/v1",
        "other": "http://127.0.0.1:9",
    }
    assert "hunter2" not in repr(settings) and "hunter2" not in repr(settings.vendor_addresses)


def test_a_password_may_have_a_comma(tmp_path: Path) -> None:
    settings = read(tmp_path, GATEWAY_URLS="acme=http://shop:hunt,er=2@gateway.internal")
    assert settings.vendor_addresses["acme"].password == "hunt,er=2"


def test_urls_of_vendors_can_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text(f"{VENDOR}\n")
    settings = read(tmp_path, GATEWAY="acme", GATEWAY_URLS_FILE=str(file))
    assert settings.vendor_addresses["acme"].password == "hunter2"


JOINED = "must have spaces between entries, and no commas (entry 1)"


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        ("https://key:hunter2@api.example", "must look like name=https://user:password@host; entry 1 does not"),
        (f"{VENDOR} Other=x", "must look like name=https://user:password@host; entry 2 does not"),
        (f"{VENDOR} {VENDOR}", "must give each gateway one URL; that of entry 2 has one"),
        ("kannel=http://127.0.0.1", "must not name kannel (entry 1), which is not a vendor's"),
        ("none=http://127.0.0.1", "must not name none (entry 1), which is not a vendor's"),
        (
            "acme=ftp://key:hunter2@api.example",
            "must look like http://… or https://user:password@host:port, special characters as %XX (entry 1)",
        ),
        (
            f"{VENDOR} other=http://key:hunter2@api.example",
            "must be https for other, whose host is outside of your own network (entry 2)",
        ),
        (f"{VENDOR},other=https://k:hunter2@b.example", JOINED),
        (f"{VENDOR}, other=https://k:hunter2@b.example", JOINED),
        (f"{VENDOR};Other=http://k:hunter2@b.example", JOINED),
    ],
)
def test_wrong_urls_are_refused_without_passwords(tmp_path: Path, urls: str, said: str) -> None:
    assert faults(tmp_path, GATEWAY="acme", GATEWAY_URLS=urls) == [f"SHORTENER_GATEWAY_URLS: {said}"]
