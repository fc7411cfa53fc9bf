"""The public address: whether recipients can reach it, and which proxies are believed."""

from ipaddress import ip_network

import pytest

from shortener.cli.doctor import public_address
from shortener.cli.doctor.finding import State


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("https://s.example.com", State.OK),
        ("http://s.example.com", State.WARNING),
        ("http://127.0.0.1:8000", State.FAULT),
        ("http://0.0.0.0:8000", State.FAULT),
        ("http://[::1]:8000", State.FAULT),
        ("https://localhost", State.FAULT),
        ("https://10.1.2.3", State.WARNING),
        ("https://links", State.WARNING),
        ("https://s.acme.internal", State.WARNING),
    ],
)
def test_an_address_is_judged_for_recipients(url: str, state: State) -> None:
    [finding] = public_address.judge(url)
    assert finding.state is state


@pytest.mark.parametrize(
    ("url", "bind", "trusted", "states"),
    [
        ("https://s.example.com", "127.0.0.1:8000", "127.0.0.1/32", []),
        ("https://s.example.com", "127.0.0.1:8000", None, [State.WARNING]),
        ("https://s.example.com", "unix:/run/s.sock", None, []),
        ("http://s.example.com", "127.0.0.1:8000", None, []),
        ("https://s.example.com", "127.0.0.1:8000", "0.0.0.0/0", [State.FAULT]),
    ],
)
def test_proxies_are_judged_by_their_networks(url: str, bind: str, trusted: str | None, states: list[State]) -> None:
    networks = (ip_network(trusted),) if trusted else ()
    assert [finding.state for finding in public_address.judge_proxies(url, bind, networks)] == states
