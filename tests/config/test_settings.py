"""Settings: every fault at once, and secrets that stay secret."""

import datetime as dt
import ipaddress
import os
from pathlib import Path
from typing import Any

import certifi
import pytest

from shortener.config.settings import Settings
from shortener.errors import SettingsError
from tests.support.environment import faults, read

KEY = "a key for tests, long enough to be one"
POSTGRESQL = "postgresql://shop:hunter2@db.internal:5432/links"


def test_nothing_need_be_set(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.bind == "127.0.0.1:8000"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.own_receivers == {"127.0.0.1:8000"}
    assert settings.embedded
    assert str(settings.sqlalchemy_url) == f"sqlite:///{tmp_path}/shortener.sqlite3"
    assert (settings.link_days, settings.retention_days) == (90, 400)
    assert (settings.callback_timeout, settings.callback_allow_http, settings.worker) == (15, "on", "on")


def test_everything_can_be_set(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        PUBLIC_URL="https://S.Example.com/",
        BIND="[::1]:9000",
        DATABASE_URL=POSTGRESQL,
        SECRET_KEY=KEY,
        LINK_DAYS="0.5",
        RETENTION_DAYS="30",
        CALLBACK_WAITS="1, 2.5,3",
        CALLBACK_TIMEOUT="3",
        CALLBACK_ALLOW_NETS="10.0.0.0/8, fd00::/8",
        CALLBACK_ALLOW_HOSTS="Receiver.Internal., ci-1, [2001:DB8::1]",
        CALLBACK_DENY_NETS="8.8.8.0/24",
        CALLBACK_PORTS="443, 8443",
        CALLBACK_CA_BUNDLE=certifi.where(),
        CALLBACK_PER_DESTINATION="3",
        CALLBACK_ALLOW_HTTP="off",
        TRUSTED_PROXIES="127.0.0.1",
        WORKER="off",
        FALLBACK_URL="https://www.example.com/gone?from=link",
        SENDER_NAME="Example Shop 例の店",
        SENDER_CONTACT="+81 3-5550-1234",
        SERVER="granian",
        PROCESSES="4",
        THREADS="16",
    )
    assert settings.base_url == "https://S.Example.com"
    assert settings.own_receivers == {"s.example.com:80", "s.example.com:443"}
    assert not settings.embedded
    assert (
        settings.sqlalchemy_url.render_as_string(hide_password=False)
        == "postgresql+psycopg://shop:hunter2@db.internal:5432/links"
    )
    assert settings.callback_waits == (1, 2.5, 3)
    assert settings.callback_allow_nets == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))
    assert settings.callback_allow_hosts == ("receiver.internal", "ci-1", "2001:db8::1")
    assert settings.callback_deny_nets == (ipaddress.ip_network("8.8.8.0/24"),)
    assert settings.callback_ports == (443, 8443)
    assert settings.callback_ca_bundle == Path(certifi.where())
    assert settings.callback_per_destination == 3
    assert settings.trusted_proxies == (ipaddress.ip_network("127.0.0.1/32"),)
    assert dt.timedelta(days=settings.link_days) == dt.timedelta(hours=12)
    assert (settings.sender_name, settings.sender_contact) == ("Example Shop 例の店", "+81 3-5550-1234")
    assert (settings.processes, settings.threads, settings.worker) == (4, 16, "off")


@pytest.mark.parametrize(("processors", "shape"), [(1, (1, 16)), (2, (2, 8)), (32, (2, 8))])
def test_one_processor_has_one_process_and_several_have_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int, shape: tuple[int, int]
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    settings = read(tmp_path)
    assert (settings.processes, settings.threads) == shape


def test_without_a_word_from_the_system_all_processors_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert read(tmp_path).processes == 1


def test_the_number_of_processes_sets_the_threads(tmp_path: Path) -> None:
    assert read(tmp_path, PROCESSES="1").threads == 16
    assert read(tmp_path, PROCESSES="4").threads == 8
    assert read(tmp_path, PROCESSES="1", THREADS="3").threads == 3


BAD = {
    "PUBLIC_URL": "s.example.com",
    "BIND": "8000",
    "DATABASE_URL": "mysql://shop:hunter2@db/links",
    "SECRET_KEY": "too short",
    "SECRET_KEY_OLD": "too short",
    "LINK_DAYS": "-1",
    "RETENTION_DAYS": "many",
    "AUDIT_DAYS": "0",
    "CALLBACK_WAITS": "1,2,x,4,-5",
    "CALLBACK_TIMEOUT": "0",
    "CALLBACK_ALLOW_NETS": "10.0.0.1/8",
    "CALLBACK_ALLOW_HTTP": "perhaps",
    "CALLBACK_ALLOW_HOSTS": "receiver.internal,https://receiver.internal/",
    "CALLBACK_DENY_NETS": "example.com",
    "CALLBACK_PORTS": "443,65536",
    "CALLBACK_CA_BUNDLE": "no/such/file.pem",
    "CALLBACK_PER_DESTINATION": "0",
    "TRUSTED_PROXIES": "proxy.internal",
    "WORKER": "maybe",
    "FALLBACK_URL": "/gone",
    "SENDER_NAME": "Shop\u2028Shop",
    "SENDER_CONTACT": "ask at the counter",
    "STORE_ADDRESS": "whole",
    "STORE_DEVICE": "model",
    "MESSAGES_PER_SECOND": "0",
    "LOG_LEVEL": "loud",
    "LOG_FORMAT": "xml",
    "ACCESS_LOG": "some",
    "METRICS_TOKEN": "too short",
    "VISITORS": "nonsense",
    "SPOOL_BYTES": "0",
    "SERVER": "apache",
    "PROCESSES": "0",
    "THREADS": "1.5",
    "CONNECTIONS": "1",
    "GATEWAY": "carrier",
    "GATEWAY_URLS": "http://shop:hunter2@127.0.0.1",
    "GATEWAY_RATE": "0",
    "GATEWAY_IN_FLIGHT": "65",
    "VALIDITY_PERIOD": "0",
    "KANNEL_URL": "127.0.0.1:13013",
    "KANNEL_SMSC": "a\nb",
    "INTERNAL_URL": "links.internal",
    "SMTP_URL": "relay.internal",
    "MAIL_SENDER": "nobody",
    "ALERT_SMTP_URL": "relay.internal",
    "ALERT_MAIL": "nobody",
    "ALERT_FROM": "nobody",
    "ALERT_SECRET": "whsec_",
    "ALERT_URL": "ops.internal",
    "EXPORT_URL": "ftp://bucket/folder",
    "EXPORT_BUCKETS": "/",
    "EXPORT_OPTIONS": "nothing",
    "SMTP_SENT_IS": "accepted",
    "SIMULATOR_DELAY": "-1",
}


def test_every_setting_has_a_fault_below() -> None:
    """Folders are left out: any path is valid."""
    assert {name.lower() for name in BAD} == set(Settings.model_fields) - {"data", "spool", "env_file"}


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, **BAD)
    named = {fault.partition(":")[0] for fault in found}
    assert named == {f"SHORTENER_{name}" for name in BAD} - {"SHORTENER_GATEWAY"}  # what it may name is faulty here
    [fault] = faults(tmp_path, GATEWAY=BAD["GATEWAY"])
    assert fault.startswith("SHORTENER_GATEWAY: ")
    assert [fault for fault in found if "WAITS" in fault and ("entry 3" in fault or "entry 5" in fault)]


@pytest.mark.parametrize("name", BAD)
def test_each_fault_is_named_alone_too(tmp_path: Path, name: str) -> None:
    found = faults(tmp_path, **{name: BAD[name]})
    assert all(fault.startswith(f"SHORTENER_{name}: ") for fault in found)


def test_faults_between_settings_are_named_beside_the_others(tmp_path: Path) -> None:
    found = faults(tmp_path, LINK_DAYS="30", RETENTION_DAYS="29", DATABASE_URL=POSTGRESQL, WORKER="maybe")
    assert {fault.partition(":")[0] for fault in found} == {
        *["SHORTENER_RETENTION_DAYS", "SHORTENER_SECRET_KEY", "SHORTENER_WORKER"]
    }


def test_a_default_that_no_longer_fits_is_a_fault(tmp_path: Path) -> None:
    """400 days of retention are not enough for links of 500."""
    assert faults(tmp_path, LINK_DAYS="500") == ["SHORTENER_RETENTION_DAYS: must not be below SHORTENER_LINK_DAYS"]


def test_the_error_lists_every_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, WORKER="maybe", PROCESSES="0")
    assert str(caught.value).splitlines()[1:] == [
        "  - SHORTENER_WORKER: must be on or off",
        "  - SHORTENER_PROCESSES: must be at least 1",
    ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WORKER", "maybe", "must be on or off"),
        ("THREADS", "many", "must be a whole number"),
        ("THREADS", "1.5", "must be a whole number"),
        ("THREADS", "0", "must be at least 1"),
        ("THREADS", "129", "must be at most 128"),
        ("LINK_DAYS", "0", "must be more than 0"),
        ("LINK_DAYS", "soon", "must be a number"),
        ("CALLBACK_WAITS", "1,x", "entry 2: must be a number"),
        ("CALLBACK_WAITS", ",".join(["1"] * 11), "must have at most 10 entries"),
        ("SECRET_KEY", "short", "must be at least 32 characters"),
        ("SERVER", "apache", "must be 'gunicorn' or 'granian'"),
        (
            "TRUSTED_PROXIES",
            "10.0.0.1/8",
            "entry 1: must be an address or a network like 10.0.0.0/8, without host bits",
        ),
    ],
)
def test_a_fault_is_said_in_plain_words(tmp_path: Path, name: str, value: str, said: str) -> None:
    assert f"SHORTENER_{name}: {said}" in faults(tmp_path, **{name: value})


def test_faults_do_not_quote_the_library(tmp_path: Path) -> None:
    assert [fault for fault in faults(tmp_path, **BAD) if "Input" in fault or "value is not" in fault] == []


def test_postgresql_without_a_secret_key_is_refused(tmp_path: Path) -> None:
    """Each node would make its own key, and could not decrypt what another stored."""
    assert faults(tmp_path, DATABASE_URL=POSTGRESQL) == [
        "SHORTENER_SECRET_KEY: is required with PostgreSQL: every node needs the same one"
    ]
    assert not (tmp_path / "secret_key").exists()


def test_secrets_are_in_no_repr(tmp_path: Path) -> None:
    gateways = {"KANNEL_URL": "http://shop:hunter2@kannel/", "SMTP_URL": "smtps://shop:hunter2@relay"}
    settings = read(tmp_path, DATABASE_URL=POSTGRESQL, SECRET_KEY=KEY, **gateways)
    for text in (repr(settings), str(settings), f"{settings}"):
        assert "hunter2" not in text
        assert KEY not in text


LEAKS: list[dict[str, Any]] = [
    {"SECRET_KEY": "hunter2"},
    {"DATABASE_URL": "mysql://shop:hunter2@db/links"},
    {"DATABASE_URL": "postgresql://shop:hunter2"},
    {"DATABASE_URL": "postgresql://shop:hunter2#x@db/links", "SECRET_KEY": KEY},
    {"DATABASE_URL": "postgresql://shop:hunter2@[db/links", "SECRET_KEY": KEY},
    {"PUBLIC_URL": "https://shop:hunter2@s.example.com"},
    {"PUBLIC_URL": "https://shop:hunter2"},
    {"FALLBACK_URL": "https://shop:hunter2"},
    {"KANNEL_URL": "http://shop:hunter2"},
    {"SMTP_URL": "smtp://shop:hunter2@relay:0"},
    {"SMTP_URL": "https://shop:hunter2@relay"},
]


@pytest.mark.parametrize("given", LEAKS, ids=lambda given: "-".join(given.values()))
def test_secrets_are_in_no_error(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, **given)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__  # what a traceback would show of the library's exception


def test_settings_do_not_change_once_made(tmp_path: Path) -> None:
    settings = read(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.link_days = 1


def test_reading_settings_makes_no_folder_or_key(tmp_path: Path) -> None:
    read(tmp_path / "new")
    assert not (tmp_path / "new").exists()
