"""The configured gateways, and the URLs of their receipts."""

from dataclasses import replace
from pathlib import Path

import pytest

from shortener.errors import SettingsError
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.receipt_key import is_receipt_key
from shortener.sending import choice
from tests.support.environment import read
from tests.support.vendors.acme.gateway import GATEWAY

MSGID = "Zq3" * 10 + "ab"
ACME = {"acme": GATEWAY}
URL = "acme=http://shop:secret@127.0.0.1:9"
KEY = "a key for tests, long enough to be one"


def test_without_a_setting_there_is_no_gateway(tmp_path: Path) -> None:
    assert choice.make(read(tmp_path), {}) == {}


def test_a_named_gateway_is_made(tmp_path: Path) -> None:
    made = choice.make(read(tmp_path, GATEWAY="simulator"), {})
    assert {name: gateway.name for name, gateway in made.items()} == {GatewayName.SIMULATOR: GatewayName.SIMULATOR}


def test_a_gateway_with_a_url_is_made(tmp_path: Path) -> None:
    urls = {"KANNEL_URL": "http://tester:foobar@127.0.0.1:13013", "SMTP_URL": "smtp://relay.internal"}
    made = choice.make(read(tmp_path, **urls, KANNEL_SMSC="carrier-a"), {})
    assert {name: gateway.name for name, gateway in made.items()} == {name: name for name in made}
    assert set(made) == {GatewayName.KANNEL, GatewayName.SMTP}


def test_a_receipt_url_proves_its_message(tmp_path: Path) -> None:
    settings = read(tmp_path, INTERNAL_URL="http://10.0.0.5:8000/", SECRET_KEY=KEY)
    url, _, key = choice.receipt_url(settings, GatewayName.KANNEL, MSGID).rpartition("/")
    assert url == f"http://10.0.0.5:8000/receipts/kannel/{MSGID}"
    assert is_receipt_key(key, (KEY,), "kannel", MSGID)


def test_a_vendors_api_with_a_url_is_made(tmp_path: Path) -> None:
    settings = read(tmp_path, GATEWAY="simulator", GATEWAY_URLS=URL)
    assert {name: gateway.name for name, gateway in choice.make(settings, ACME).items()} == {
        "simulator": "simulator",
        "acme": "acme",
    }
    assert choice.chosen(settings, ACME).configured["acme"] == {Channel.SMS}


@pytest.mark.parametrize("setting", ["acme", "sms=acme"])
def test_a_vendor_can_have_a_channel(tmp_path: Path, setting: str) -> None:
    chosen = choice.chosen(read(tmp_path, GATEWAY=setting, GATEWAY_URLS=URL, VALIDITY_PERIOD="60"), ACME)
    assert (chosen.by_channel, chosen.validity_period.total_seconds()) == ({Channel.SMS: "acme"}, 60)


def test_a_vendor_without_an_api_is_refused(tmp_path: Path) -> None:
    settings = read(tmp_path, GATEWAY_URLS=f"{URL} zenith=https://127.0.0.1")
    with pytest.raises(SettingsError) as caught:
        choice.make(settings, ACME)
    assert caught.value.faults == [
        "SHORTENER_GATEWAY_URLS: zenith is no gateway of this version; vendors with one: acme"
    ]


@pytest.mark.parametrize("given", ["", "shop:@"])
def test_an_address_without_credentials_is_refused(tmp_path: Path, given: str) -> None:
    settings = read(tmp_path, GATEWAY_URLS=f"acme=https://{given}api.example")
    assert list(choice.faults(settings, ACME)) == [
        "SHORTENER_GATEWAY_URLS: the URL of acme needs a user and a password, as https://user:password@host"
    ]


def test_faults_of_urls_and_channels_are_found(tmp_path: Path) -> None:
    assert list(choice.faults(read(tmp_path, GATEWAY="acme", GATEWAY_URLS=URL), ACME)) == []
    lacking = read(tmp_path, GATEWAY="email=acme", GATEWAY_URLS=URL)
    assert list(choice.faults(lacking, ACME)) == [
        "SHORTENER_GATEWAY: must name a gateway for email that carries it; acme does not"
    ]
    assert list(choice.faults(lacking, {})) == [
        "SHORTENER_GATEWAY_URLS: acme is no gateway of this version; vendors with one: none yet"
    ]


def test_a_channel_that_a_vendor_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        choice.chosen(read(tmp_path, GATEWAY="email=acme", GATEWAY_URLS=URL), ACME)
    assert caught.value.faults == ["SHORTENER_GATEWAY: must name a gateway for email that carries it; acme does not"]


def test_an_installation_is_no_gateway_of_itself(tmp_path: Path) -> None:
    settings = read(tmp_path, GATEWAY_URLS="acme=https://k:s@S.example.com", PUBLIC_URL="https://s.example.com")
    with pytest.raises(SettingsError, match="the URL of acme is this installation"):
        choice.make(settings, ACME)


@pytest.mark.parametrize(("spare", "told"), [(0, []), (1, ["acme takes at most 80 characters"])])
def test_a_url_that_a_vendor_cannot_have_is_told(tmp_path: Path, spare: int, told: list[str]) -> None:
    """Behind the base come 64 characters: `/receipts/acme/`, msgid and key."""
    base = "https://" + "x" * (80 - 8 - 64 + spare)
    settings = read(tmp_path, GATEWAY_URLS=URL, PUBLIC_URL=base, SECRET_KEY=KEY)
    limited = {"acme": replace(GATEWAY, longest_receipt_url=80)}
    said = list(choice.without_receipts(settings, limited))
    assert [sentence.partition(" as the URL")[0] for sentence in said] == told
    assert all(sentence.endswith(f"with at most {len(base) - 1}") for sentence in said)
    assert list(choice.without_receipts(settings, ACME)) == []
    assert len(choice.receipt_url(settings, "acme", MSGID)) == 80 + spare
