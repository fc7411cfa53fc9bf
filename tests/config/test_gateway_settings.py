"""The settings of sending: a gateway that is named must be reachable."""

from pathlib import Path

import pytest

from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.message_state import MessageState
from tests.support.environment import faults, read

KANNEL, SMTP = "http://shop:hunter2@127.0.0.1:13013/cgi-bin/sendsms", "smtp://shop:hunter2@relay.internal:587"


def test_without_settings_nothing_is_sent(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.gateway, dict(settings.gateways), settings.configured_gateways) == ("none", {}, frozenset())
    assert (settings.validity_period, settings.gateway_rate, settings.gateway_in_flight) == (259_200, None, 8)


def test_each_channel_has_its_gateway(tmp_path: Path) -> None:
    settings = read(tmp_path, GATEWAY="sms=kannel,email=smtp", KANNEL_URL=KANNEL, SMTP_URL=SMTP)
    assert settings.gateways == {Channel.SMS: GatewayName.KANNEL, Channel.EMAIL: GatewayName.SMTP}


@pytest.mark.parametrize(("name", "given"), [("kannel", {"SMTP_URL": SMTP}), ("smtp", {"KANNEL_URL": KANNEL})])
def test_a_named_gateway_needs_its_url(tmp_path: Path, name: str, given: dict[str, str]) -> None:
    assert faults(tmp_path, GATEWAY=name, **given) == [
        f"SHORTENER_{name.upper()}_URL: is required, because SHORTENER_GATEWAY names {name}"
    ]


def test_an_unknown_gateway_is_named_alone(tmp_path: Path) -> None:
    assert faults(tmp_path, GATEWAY="carrier") == [
        "SHORTENER_GATEWAY: must be none or one of the gateways simulator, kannel, smtp"
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
