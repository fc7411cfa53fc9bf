"""Settings: every fault at once, and secrets that stay secret."""

import contextlib
import datetime as dt
import ipaddress
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import certifi
import pytest
from sqlalchemy import create_engine, make_url

from shortener.config.settings import Settings
from shortener.errors import SettingsError
from shortener.storage import postgresql

KEY = "a key for tests, long enough to be one"
POSTGRESQL = "postgresql://shop:hunter2@db.internal:5432/links"


def read(tmp_path: Path, **given: str) -> Settings:
    """The settings of an environment that sets these names, without their prefix."""
    environ = {f"SHORTENER_{name}": value for name, value in given.items()}
    return Settings.from_env({"SHORTENER_DATA": str(tmp_path), "PATH": "/bin", **environ})


def faults(tmp_path: Path, **given: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, **given)
    return caught.value.faults


def shown(settings: Settings) -> str:
    return settings.sqlalchemy_url.render_as_string(hide_password=False)


def test_nothing_need_be_set(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.bind == "127.0.0.1:8000"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.own_hosts == {"127.0.0.1"}
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
    assert settings.own_hosts == {"s.example.com"}
    assert not settings.embedded
    assert shown(settings) == "postgresql+psycopg://shop:hunter2@db.internal:5432/links"
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


def test_how_many_processes_are_asked_for_decides_on_the_threads(tmp_path: Path) -> None:
    assert read(tmp_path, PROCESSES="1").threads == 16
    assert read(tmp_path, PROCESSES="4").threads == 8
    assert read(tmp_path, PROCESSES="1", THREADS="3").threads == 3


@pytest.mark.parametrize(
    "url", ["postgres://a@b/c", "postgresql://a@b/c", "postgresql+psycopg://a@b/c", "postgresql://a@/c?host=/run"]
)
def test_postgresql_is_reached_through_psycopg_however_it_is_written(tmp_path: Path, url: str) -> None:
    named = read(tmp_path, DATABASE_URL=url, SECRET_KEY=KEY).sqlalchemy_url
    assert named == make_url("postgresql+psycopg://" + url.partition("://")[2])


SEVERAL = {
    "u:p@h1:5432,h2:5432/db?target_session_attrs=read-write": (
        {"user": "u", "password": "p", "dbname": "db"},
        {"host": "h1,h2", "port": "5432,5432", "target_session_attrs": "read-write"},
    ),
    "u@h1,h2/db": ({"user": "u", "dbname": "db"}, {"host": "h1,h2", "target_session_attrs": "read-write"}),
    "u@h1:1,h2,h3:3/db?target_session_attrs=any": (
        {"user": "u", "dbname": "db"},
        {"host": "h1,h2,h3", "port": "1,,3", "target_session_attrs": "any"},
    ),
    "u:p%40%2C@[::1]:5433,[fd00::2]/db": (
        {"user": "u", "password": "p@,", "dbname": "db"},
        {"host": "::1,fd00::2", "port": "5433,", "target_session_attrs": "read-write"},
    ),
    "u@/db?host=h1:5432&host=h2:5433": (
        {"user": "u", "dbname": "db"},
        {"host": "h1,h2", "port": "5432,5433", "target_session_attrs": "read-write"},
    ),
    "u,v@h1/db": ({"user": "u,v", "dbname": "db"}, {"host": "h1"}),
}


@pytest.mark.parametrize("rest", SEVERAL)
def test_several_hosts_are_taken_as_libpq_takes_them(tmp_path: Path, rest: str) -> None:
    url = make_url(read(tmp_path, DATABASE_URL=f"postgresql://{rest}", SECRET_KEY=KEY).sqlalchemy_url)
    found = postgresql.parameters_of(url.get_dialect()(), url)
    given = {name: str(value) for name, value in found.items() if name != "context" and value != ","}
    assert given == {**SEVERAL[rest][0], **SEVERAL[rest][1]}


@pytest.mark.parametrize(
    "rest", ["u@h1:5432,h2:0/db", "u@h1:5432,h2:65536/db", "u@h1:5432,h2:x/db", "u@[::1,h2/db", "u@h1:1:2/db", ""]
)
def test_a_malformed_host_is_refused(tmp_path: Path, rest: str) -> None:
    [fault] = faults(tmp_path, DATABASE_URL=f"postgresql://{rest}", SECRET_KEY=KEY)
    assert fault.startswith("SHORTENER_DATABASE_URL: must look like postgresql://")


def test_a_sqlite_file_can_be_named(tmp_path: Path) -> None:
    settings = read(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/other.sqlite3")
    assert settings.embedded
    assert settings.database_file == tmp_path / "other.sqlite3"


BAD = {
    "PUBLIC_URL": "s.example.com",
    "BIND": "8000",
    "DATABASE_URL": "mysql://shop:hunter2@db/links",
    "SECRET_KEY": "too short",
    "SECRET_KEY_OLD": "too short",
    "LINK_DAYS": "-1",
    "RETENTION_DAYS": "many",
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
    "VISITORS": "nonsense",
    "SPOOL_BYTES": "0",
    "SERVER": "apache",
    "PROCESSES": "0",
    "THREADS": "1.5",
    "CONNECTIONS": "1",
}


def test_every_setting_has_a_fault_below() -> None:
    """Except for the folders: any path is one."""
    assert {name.lower() for name in BAD} == set(Settings.model_fields) - {"data", "spool", "env_file"}


def test_a_bundle_without_certificates_is_refused_at_the_start(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("nothing of the kind")
    assert faults(tmp_path, CALLBACK_CA_BUNDLE=str(bundle)) == [
        f"SHORTENER_CALLBACK_CA_BUNDLE: cannot read {bundle}: it holds no certificates in PEM form"
    ]


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, **BAD)
    assert {fault.partition(":")[0] for fault in found} == {f"SHORTENER_{name}" for name in BAD}
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


def test_the_text_of_the_error_is_a_list_that_an_operator_can_work_through(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, WORKER="maybe", PROCESSES="0")
    assert str(caught.value).splitlines()[1:] == [
        "  - SHORTENER_WORKER: must be on or off",
        "  - SHORTENER_PROCESSES: must be at least 1",
    ]


NO_ORIGIN = [
    *["https://s.example.com/path", "https://s.example.com?x", "https://s.example.com#x", "ftp://s.example.com"],
    *["https://shop:hunter2@s.example.com", "https://s.example.com:port", "https://例え.jp", "http://[::1", "https://"],
    *["https://s.example.com\n", "https:/s.example.com", " https://s.example.com"],
]


@pytest.mark.parametrize("url", NO_ORIGIN)
def test_a_public_address_is_a_host_and_nothing_behind_it(tmp_path: Path, url: str) -> None:
    assert len(faults(tmp_path, PUBLIC_URL=url)) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:8123", "https://[2001:db8::1]:8443", "https://s.example.com/"])
def test_a_public_address_may_have_a_port_or_a_number_for_a_host(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, PUBLIC_URL=url).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "address", ["8000", ":8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "[::1:80", "a b:80", "x:http"]
)
def test_an_address_to_listen_on_has_a_host_and_a_port(tmp_path: Path, address: str) -> None:
    assert len(faults(tmp_path, BIND=address)) == 1


def test_there_are_at_most_ten_retries(tmp_path: Path) -> None:
    assert len(read(tmp_path, CALLBACK_WAITS=",".join(["1"] * 10)).callback_waits) == 10
    assert len(faults(tmp_path, CALLBACK_WAITS=",".join(["1"] * 11))) == 1


@pytest.mark.parametrize("name", ["LINK_DAYS", "RETENTION_DAYS", "CALLBACK_TIMEOUT", "CALLBACK_WAITS"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e99"])
def test_a_number_that_is_none_is_a_fault(tmp_path: Path, name: str, value: str) -> None:
    assert len(faults(tmp_path, **{name: value})) == 1


def test_what_is_set_but_empty_counts_as_not_set(tmp_path: Path) -> None:
    """Compose files hand over empty names: `SHORTENER_PUBLIC_URL=${PUBLIC_URL:-}`."""
    settings = read(tmp_path, **dict.fromkeys(BAD, ""), SECRET_KEY_FILE="")
    assert settings == read(tmp_path)


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
def test_a_switch_is_read_as_people_write_it(tmp_path: Path, name: str, written: str, meant: str) -> None:
    assert {"callback_allow_http", "worker"} <= set(SWITCHES)
    assert getattr(read(tmp_path, **{name.upper(): written}), name) == meant


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


def test_no_fault_is_said_in_the_words_of_the_library(tmp_path: Path) -> None:
    assert [fault for fault in faults(tmp_path, **BAD) if "Input" in fault or "value is not" in fault] == []


@pytest.mark.parametrize(
    ("name", "hint"), [("CALLBACK_WAIT", "; did you mean SHORTENER_CALLBACK_WAITS?"), ("COLOUR", "")]
)
def test_an_unknown_name_is_told_in_one_line_and_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, hint: str
) -> None:
    settings = read(tmp_path, **{name: "1"})
    assert caplog.messages == [f"SHORTENER_{name} is not a setting of this version and is ignored{hint}"]
    assert settings == read(tmp_path)


def test_an_operator_sees_that_line_and_nothing_around_it(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "SHORTENER_DATA": str(tmp_path), "SHORTENER_WORKR": "off"}
    code = "from shortener.config.settings import Settings; Settings.from_env()"
    told = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True).stderr
    assert told == "SHORTENER_WORKR is not a setting of this version and is ignored; did you mean SHORTENER_WORKER?\n"


def test_names_of_other_programs_are_none_of_our_business(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings.from_env({"SHORTENER_DATA": str(tmp_path), "WORKER": "off", "shortener_worker": "off"})
    assert settings.worker == "on"
    assert caplog.messages == []


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "url").write_text(f"{POSTGRESQL}\n")
    settings = read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key"), DATABASE_URL_FILE=str(tmp_path / "url"))
    assert settings.secret_key == KEY
    assert settings.database_url == POSTGRESQL


def test_a_setting_given_directly_and_as_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    both = {"SECRET_KEY": KEY, "SECRET_KEY_FILE": str(tmp_path / "key")}
    expected = ["SHORTENER_SECRET_KEY: given both directly and as a file; give one"]
    assert faults(tmp_path, **both) == faults(tmp_path, **dict(reversed(both.items()))) == expected


def test_a_file_that_cannot_be_read_is_named_once_beside_the_other_faults(tmp_path: Path) -> None:
    found = faults(tmp_path, SECRET_KEY_FILE=str(tmp_path / "none"), DATABASE_URL=POSTGRESQL, WORKER="maybe")
    assert found == [
        f"SHORTENER_SECRET_KEY_FILE: cannot read the file {tmp_path / 'none'}: No such file or directory",
        "SHORTENER_WORKER: must be on or off",
    ]


def test_a_file_that_holds_no_text_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe" * 20)
    assert faults(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key")) == [
        f"SHORTENER_SECRET_KEY_FILE: cannot read the file {tmp_path / 'key'}: it is not text in UTF-8"
    ]


def test_an_empty_secret_file_is_a_fault_and_not_a_reason_to_make_another_secret(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    assert faults(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key"))
    assert list(tmp_path.iterdir()) == [tmp_path / "key"]


def test_postgresql_without_a_secret_key_is_refused(tmp_path: Path) -> None:
    """Each node would make its own, and none could read what another stored."""
    assert faults(tmp_path, DATABASE_URL=POSTGRESQL) == [
        "SHORTENER_SECRET_KEY: is required with PostgreSQL: every node needs the same one"
    ]
    assert not (tmp_path / "secret_key").exists()


def test_secrets_are_in_no_repr(tmp_path: Path) -> None:
    settings = read(tmp_path, DATABASE_URL=POSTGRESQL, SECRET_KEY=KEY)
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
]


@pytest.mark.parametrize("given", LEAKS, ids=lambda given: "-".join(given.values()))
def test_secrets_are_in_no_error(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, **given)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__  # what a traceback would show of the library's error


def test_settings_do_not_change_once_made(tmp_path: Path) -> None:
    settings = read(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.link_days = 1


@pytest.mark.parametrize("name", ["x?y=1", "feature%2Flogin", "a#b", "a b%20c", "日本語", "file:x"])
def test_a_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    settings = read(tmp_path / name, SECRET_KEY=KEY)
    assert settings.database_file == tmp_path / name / "shortener.sqlite3"
    settings.make_ready()
    with contextlib.closing(create_engine(settings.sqlalchemy_url).connect()) as connection:
        connection.exec_driver_sql("CREATE TABLE here (id INTEGER)")
    assert [path.name for path in (tmp_path / name).iterdir()] == ["shortener.sqlite3"]


def test_to_read_the_settings_makes_no_folder_and_no_key(tmp_path: Path) -> None:
    read(tmp_path / "new")
    assert not (tmp_path / "new").exists()
