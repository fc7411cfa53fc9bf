"""Strangers: failures count by network, and addresses that stand for everybody do not count."""

import logging

import pytest

from shortener.running import strangers
from shortener.running.strangers import UNKNOWN_LINKS, WRONG_CREDENTIALS, WRONG_WITH_A_SID, Strangers


def waits(tried: Strangers, *addresses: str) -> list[bool]:
    return [tried.unknown_link(address) > 0 for address in addresses]


def scanned(address: str) -> Strangers:
    """The failures after a scan from this address."""
    tried = Strangers()
    assert waits(tried, *[address] * (UNKNOWN_LINKS + 1)) == [False] * UNKNOWN_LINKS + [True]
    return tried


def test_neighbours_in_a_network_share_its_failures() -> None:
    assert waits(scanned("20.30.40.50"), "20.30.40.200", "20.30.41.50") == [True, False]
    assert waits(scanned("2a00:1:2:3::4"), "2a00:1:2:ffff::1", "2a00:1:3::4") == [True, False]


@pytest.mark.parametrize("address", ["", "127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "100.64.7.7", "fd00::1", "@"])
def test_addresses_that_are_not_public_never_wait(address: str) -> None:
    assert not any(waits(Strangers(), *[address] * (UNKNOWN_LINKS + 50)))


def test_wrong_credentials_count_by_network() -> None:
    tried = Strangers()
    found = [tried.wrong_credentials("20.30.40.50", None) > 0 for _ in range(WRONG_CREDENTIALS + 1)]
    assert found == [False] * WRONG_CREDENTIALS + [True]
    assert not tried.unknown_link("20.30.40.50")


def test_wrong_credentials_count_by_sid() -> None:
    tried = Strangers()
    found = [tried.wrong_credentials(f"20.30.{number}.1", "sid") > 0 for number in range(WRONG_WITH_A_SID + 1)]
    assert found == [False] * WRONG_WITH_A_SID + [True]
    assert not tried.wrong_credentials("20.31.0.1", "other")


def test_a_limited_network_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, strangers.__name__):
        waits(scanned("20.30.40.50"), *["20.30.40.50"] * 50)
    [record] = caplog.records
    assert "from 20.30.40.0/24" in record.getMessage()
