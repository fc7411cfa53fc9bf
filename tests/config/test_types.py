"""Types of settings: accepted spellings and refused values."""

from pathlib import Path

import pytest

from shortener.config.settings import Settings
from tests.support.environment import faults, read


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("nothing of the kind")
    assert faults(tmp_path, CALLBACK_CA_BUNDLE=str(bundle)) == [
        f"SHORTENER_CALLBACK_CA_BUNDLE: cannot read {bundle}: it holds no certificates in PEM form"
    ]


NO_ORIGIN = [
    *["https://s.example.com/path", "https://s.example.com?x", "https://s.example.com#x", "ftp://s.example.com"],
    *["https://shop:hunter2@s.example.com", "https://s.example.com:port", "https://例え.jp", "http://[::1", "https://"],
    *["https://s.example.com\n", "https:/s.example.com", " https://s.example.com"],
]


@pytest.mark.parametrize("url", NO_ORIGIN)
def test_a_public_address_has_no_path(tmp_path: Path, url: str) -> None:
    assert len(faults(tmp_path, PUBLIC_URL=url)) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:8123", "https://[2001:db8::1]:8443", "https://s.example.com/"])
def test_a_public_address_may_have_a_port(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, PUBLIC_URL=url).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "address", ["8000", ":8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "[::1:80", "a b:80", "x:http"]
)
def test_a_bind_address_needs_host_and_port(tmp_path: Path, address: str) -> None:
    assert len(faults(tmp_path, BIND=address)) == 1


def test_there_are_at_most_ten_retries(tmp_path: Path) -> None:
    assert len(read(tmp_path, CALLBACK_WAITS=",".join(["1"] * 10)).callback_waits) == 10
    assert len(faults(tmp_path, CALLBACK_WAITS=",".join(["1"] * 11))) == 1


@pytest.mark.parametrize("name", ["LINK_DAYS", "RETENTION_DAYS", "CALLBACK_TIMEOUT", "CALLBACK_WAITS"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e99"])
def test_a_number_must_be_finite(tmp_path: Path, name: str, value: str) -> None:
    assert len(faults(tmp_path, **{name: value})) == 1


SWITCHES = [
    name for name, field in Settings.model_fields.items() if str(field.annotation) == "typing.Literal['on', 'off']"
]


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[(text, "on") for text in ("on", "true", "1", "yes", "ON", "True", "Yes ")],
        *[(text, "off") for text in ("off", "false", "0", "no", "OFF", "False", "No")],
    ],
)
def test_a_switch_accepts_the_usual_words(tmp_path: Path, name: str, written: str, meant: str) -> None:
    assert {"callback_allow_http", "worker"} <= set(SWITCHES)
    assert getattr(read(tmp_path, **{name.upper(): written}), name) == meant
