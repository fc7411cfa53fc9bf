"""`account set` for sendings and limits: what is stored, shown and refused."""

import pytest
from flask import Flask

from shortener.config.settings import Settings
from tests.cli.test_commands import Run, document, done, refused, run
from tests.conftest import running
from tests.support.factories import Sender, make_account, make_message

__all__ = ["run"]  # the fixture
DEFAULTS = {
    "gateway": "default",
    "receipts_url": None,
    "on_unsure": "hold",
    "monthly_limit": None,
    "messages_per_second": "default",
    "time_zone": "UTC",
    "quiet_hours": None,
    "quiet_mode": "refuse",
}


def test_a_new_account_has_no_limits(run: Run, sender: Sender) -> None:
    assert DEFAULTS.items() <= document(run("account", "show", "shop", "--json")).items()


def test_every_option_is_stored_and_shown(run: Run, sender: Sender) -> None:
    options = ["--gateway", "none", "--receipts-url", "https://crm.example.com/receipts", "--on-unsure", "repeat"]
    options += [
        "--monthly-limit",
        "5000",
        "--messages-per-second",
        "20",
        "--quiet-hours",
        "20:00-08:00 Asia/Seoul",
        "--quiet-mode",
        "hold",
    ]
    changed = document(run("account", "set", "shop", *options, "--json"))
    expected = {
        "gateway": "none",
        "receipts_url": "https://crm.example.com/receipts",
        "on_unsure": "repeat",
        "monthly_limit": 5000,
        "messages_per_second": 20,
        "time_zone": "Asia/Seoul",
        "quiet_hours": "20:00-08:00",
        "quiet_mode": "hold",
    }
    assert expected.items() <= changed.items()
    assert document(run("account", "show", "shop", "--json")) == changed | {"used_this_month": None}
    assert document(run("account", "list", "--json")) == [changed]


def test_what_is_not_given_stays(run: Run, sender: Sender) -> None:
    document(run("account", "set", "shop", "--monthly-limit", "5000", "--time-zone", "Asia/Tokyo", "--json"))
    changed = document(run("account", "set", "shop", "--quiet-hours", "21:00-07:00", "--json"))
    assert (changed["monthly_limit"], changed["time_zone"]) == (5000, "Asia/Tokyo")


def test_none_takes_a_limit_away(run: Run, sender: Sender) -> None:
    done(run("account", "set", "shop", "--monthly-limit", "5000", "--quiet-hours", "21:00-07:00"))
    done(run("account", "set", "shop", "--gateway", "none", "--receipts-url", "https://crm.example.com/receipts"))
    done(run("account", "set", "shop", "--messages-per-second", "20"))
    taken_away = [
        "--messages-per-second",
        "default",
        "--monthly-limit",
        "none",
        "--quiet-hours",
        "none",
        "--gateway",
        "default",
        "--receipts-url",
        "none",
    ]
    assert DEFAULTS.items() <= document(run("account", "set", "shop", *taken_away, "--json")).items()


def test_the_used_part_of_a_limit_is_shown(run: Run, sender: Sender) -> None:
    done(run("account", "set", "shop", "--monthly-limit", "5000"))
    make_message(sender)
    make_message(sender)
    assert document(run("account", "show", "shop", "--json"))["used_this_month"] == 2


def test_people_see_a_dash_for_none(run: Run, sender: Sender) -> None:
    shown = dict(line.split() for line in done(run("account", "show", "shop")).splitlines())
    assert (shown["monthly_limit"], shown["quiet_hours"], shown["time_zone"]) == ("-", "-", "UTC")


def test_two_different_zones_are_refused(run: Run, sender: Sender) -> None:
    refused = run("account", "set", "shop", "--quiet-hours", "20:00-08:00 Asia/Seoul", "--time-zone", "Asia/Tokyo")
    assert refused.exit_code == 1
    assert "must not name another time zone" in refused.output


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--monthly-limit", "-1", "monthly_limit must be at least 0"),
        ("--messages-per-second", "0", "messages_per_second must be at least 1"),
        ("--monthly-limit", "many", "monthly_limit must be a whole number"),
        ("--monthly-limit", "1.5", "monthly_limit must be a whole number"),
        ("--monthly-limit", "1000000001", "monthly_limit must be at most 1000000000"),
        ("--quiet-hours", "20-8", "quiet_hours must be two different times"),
        ("--quiet-hours", "20:00-08:00 Asia/Soul", "quiet_hours must be a time zone"),
        ("--time-zone", "KST", "time_zone must be a time zone"),
        ("--time-zone", "none", "time_zone must be a time zone"),
        ("--receipts-url", "ftp://crm.example.com/", "receipts_url must"),
        ("--receipts-url", "http://10.0.0.1/", "receipts_url"),
        ("--gateway", "pigeon", "gateway must be one of those configured (there are none) or none"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, sender: Sender, option: str, value: str, said: str) -> None:
    assert refused(run("account", "set", "shop", option, value)).startswith(f"Error: {said}")
    assert DEFAULTS.items() <= document(run("account", "show", "shop", "--json")).items()


def test_everything_that_is_wrong_is_named(run: Run, sender: Sender) -> None:
    said = refused(run("account", "set", "shop", "--gateway", "pigeon", "--monthly-limit", "many"))
    assert "gateway must be" in said
    assert "monthly_limit must be" in said


def test_a_configured_gateway_can_be_chosen(settings: Settings) -> None:
    with running(settings.model_copy(update={"gateway": "simulator"})) as app:
        make_account("shop")
        result = app.test_cli_runner().invoke(args=["account", "set", "shop", "--gateway", "simulator", "--json"])
        assert document(result)["gateway"] == "simulator"
        said = refused(app.test_cli_runner().invoke(args=["account", "set", "shop", "--gateway", "kannel"]))
        assert said == "Error: gateway must be one of those configured (simulator) or none\n"


def test_a_missing_account_is_named(app: Flask, run: Run) -> None:
    assert refused(run("account", "show", "nobody")) == "Error: There is no account named nobody.\n"
