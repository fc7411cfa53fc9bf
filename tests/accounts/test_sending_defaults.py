"""The defaults of an account's sendings: what is read from texts, and what is refused."""

import pytest

from shortener.accounts import sending_defaults
from shortener.errors import InvalidFieldsError
from shortener.rules.delivery.receiver import Policy

URL = "https://crm.example.com/receipts"


def test_given_values_become_columns() -> None:
    given = {"monthly_limit": "5000", "quiet_mode": "hold", "receipts_url": URL, "gateway": "kannel"}
    expected = {"monthly_limit": 5000, "quiet_mode": "hold", "receipts_url": URL, "gateway": "kannel"}
    assert sending_defaults.changes(given, Policy(), {"kannel"}) == expected


def test_nothing_given_changes_nothing() -> None:
    assert sending_defaults.changes({}, Policy(), ()) == {}


def test_null_takes_a_value_away() -> None:
    gone = {"gateway": None, "receipts_url": None, "monthly_limit": None, "quiet_hours": None}
    assert sending_defaults.changes(gone, Policy(), ()) == gone


def test_quiet_hours_bring_their_zone() -> None:
    changed = sending_defaults.changes({"quiet_hours": "20:00-08:00 Asia/Seoul"}, Policy(), ())
    assert changed == {"quiet_hours": "20:00-08:00", "time_zone": "Asia/Seoul"}


def test_two_different_zones_are_refused() -> None:
    given = {"quiet_hours": "20:00-08:00 Asia/Seoul", "time_zone": "UTC"}
    with pytest.raises(InvalidFieldsError) as refused:
        sending_defaults.changes(given, Policy(), ())
    assert refused.value.fields == {"quiet_hours": [sending_defaults.OTHER_ZONE]}
    assert sending_defaults.changes(given | {"time_zone": "Asia/Seoul"}, Policy(), ())["time_zone"] == "Asia/Seoul"


@pytest.mark.parametrize("name", ["time_zone", "quiet_mode", "on_unsure"])
def test_what_always_has_a_value_takes_no_null(name: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        sending_defaults.changes({name: None}, Policy(), ())
    assert list(refused.value.fields) == [name]


def test_a_receipts_url_obeys_the_policy() -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        sending_defaults.changes({"receipts_url": "http://127.0.0.1/receipts"}, Policy(), ())
    assert list(refused.value.fields) == ["receipts_url"]
