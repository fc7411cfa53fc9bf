"""The configured gateways, and the URLs of their receipts."""

from pathlib import Path

from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.receipt_key import is_receipt_key
from shortener.sending import choice
from tests.support.environment import read

MSGID = "Zq3" * 10 + "ab"
KEY = "a key for tests, long enough to be one"


def test_without_a_setting_there_is_no_gateway(tmp_path: Path) -> None:
    assert choice.make(read(tmp_path)) == {}


def test_a_named_gateway_is_made(tmp_path: Path) -> None:
    made = choice.make(read(tmp_path, GATEWAY="simulator"))
    assert {name: gateway.name for name, gateway in made.items()} == {GatewayName.SIMULATOR: GatewayName.SIMULATOR}


def test_a_gateway_with_a_url_is_made(tmp_path: Path) -> None:
    urls = {"KANNEL_URL": "http://tester:foobar@127.0.0.1:13013", "SMTP_URL": "smtp://relay.internal"}
    made = choice.make(read(tmp_path, **urls, KANNEL_SMSC="carrier-a"))
    assert {name: gateway.name for name, gateway in made.items()} == {name: name for name in made}
    assert set(made) == {GatewayName.KANNEL, GatewayName.SMTP}


def test_a_receipt_url_proves_its_message(tmp_path: Path) -> None:
    settings = read(tmp_path, INTERNAL_URL="http://10.0.0.5:8000/", SECRET_KEY=KEY)
    url, _, key = choice.receipt_url(settings, GatewayName.KANNEL, MSGID).rpartition("/")
    assert url == f"http://10.0.0.5:8000/receipts/kannel/{MSGID}"
    assert is_receipt_key(key, (KEY,), "kannel", MSGID)
