"""Which addresses are public, by the registries, by our own sample and by other projects' tests."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.delivery.address import IPNetwork, denied, is_public
from tests.support.corpora import rows

PUBLIC = """
    1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17
    169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.167.255.255 192.169.0.0
    198.17.255.255 198.20.0.0 223.255.255.255 93.184.216.34
    2000:: 2001:200::1 2001:4860:4860::8888 2003::1 2606:2800:220:1:248:1893:25c8:1946 3ffe::1 3fff:1000::1
    ::ffff:8.8.8.8 2606:2800::5efe:808:808
"""
CLOSED = """
    0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255 127.0.0.1
    127.255.255.255 168.63.129.16 169.254.0.0 169.254.169.254 169.254.170.2 172.16.0.0 172.31.255.255 192.0.0.0
    192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.0 192.168.255.255 192.175.48.1 198.18.0.0
    198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.255
    :: ::1 ::7f00:1 ::808:808 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::8.8.8.8
    64:ff9b:1::a00:1 100::1 1fff:ffff::1 2001::1 2001:0:7f00:1::80ff:fffe 2001:2::1 2001:20::1 2001:1ff::1
    2001:db8::1 2002:808:808:: 2606:2800::5efe:7f00:1 2606:2800::200:5efe:a00:1 2620:4f:8000::1 3fff::1 4000::1
    5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1
"""
REGISTRY = [(text, True) for text in PUBLIC.split()] + [(text, False) for text in CLOSED.split()]


def others() -> list[tuple[str, bool]]:
    """Addresses and networks with the verdict of the projects that they come from."""
    return [(row["ip"], row["safe"]) for row in rows("ssrf/ip-classification.jsonl")]


def nets(*texts: str) -> tuple[IPNetwork, ...]:
    return tuple(ip_network(text) for text in texts)


@pytest.mark.parametrize(("text", "public"), REGISTRY)
def test_an_address_is_public_or_not_by_the_registries(text: str, public: bool) -> None:
    assert is_public(ip_address(text)) is public


@pytest.mark.parametrize(("text", "public"), others())
def test_other_projects_see_it_the_same_way(text: str, public: bool) -> None:
    network = ip_network(text)
    assert {is_public(network[0]), is_public(network[-1])} == {public}


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_what_it_maps(address: IPv4Address) -> None:
    assert is_public(IPv6Address(f"::ffff:{address}")) is is_public(address)


@given(st.ip_addresses(v=6))
def test_outside_global_unicast_only_mapped_addresses_are_public(address: IPv6Address) -> None:
    if is_public(address):
        assert int(address) >> 125 == 1 or address.ipv4_mapped is not None


@given(st.ip_addresses(v=4))
def test_nothing_public_is_private_to_the_standard_library(address: IPv4Address) -> None:
    if is_public(address):
        assert not any((address.is_private, address.is_multicast, address.is_reserved))


def test_an_allowed_network_opens_itself_and_no_more() -> None:
    allow = nets("10.20.0.0/16")
    assert not denied(ip_address("10.20.0.5"), allow=allow, deny=())
    assert not denied(ip_address("::ffff:10.20.0.5"), allow=allow, deny=())
    assert denied(ip_address("10.21.0.5"), allow=allow, deny=())
    assert denied(ip_address("::ffff:10.21.0.5"), allow=allow, deny=())


def test_a_network_may_be_named_in_its_mapped_form() -> None:
    assert not denied(ip_address("::ffff:10.20.0.5"), allow=nets("::ffff:10.20.0.0/112"), deny=())


def test_the_operators_deny_wins_over_his_allow() -> None:
    address = ip_address("10.20.0.5")
    assert denied(address, allow=nets("10.0.0.0/8"), deny=nets("10.20.0.0/16"))
    assert not denied(ip_address("10.21.0.5"), allow=nets("10.0.0.0/8"), deny=nets("10.20.0.0/16"))


def test_the_operators_deny_closes_public_addresses_in_both_forms() -> None:
    deny = nets("93.184.216.0/24")
    assert denied(ip_address("93.184.216.34"), allow=(), deny=deny)
    assert denied(ip_address("::ffff:93.184.216.34"), allow=(), deny=deny)


@given(st.ip_addresses(v=4))
def test_without_lists_denied_is_the_opposite_of_public(address: IPv4Address) -> None:
    assert denied(address, allow=(), deny=()) is not is_public(address)


@given(st.ip_addresses())
def test_nothing_is_open_where_everything_is_denied(address: IPv4Address | IPv6Address) -> None:
    everything = nets("0.0.0.0/0", "::/0")
    assert denied(address, allow=everything, deny=everything)
    assert not denied(address, allow=everything, deny=())


def test_the_whole_of_each_closed_network_is_closed() -> None:
    for text in ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"):
        network = IPv4Network(text)
        assert not is_public(network[0])
        assert not is_public(network[-1])
        assert is_public(network[0] - 1)
        assert is_public(network[-1] + 1)
