"""Decide whether we may connect to an address, with our own tables from the IANA special-purpose registries.

`ipaddress.is_private` and `is_global` are not used, because their tables changed between Python 3.11 and 3.14.
https://www.iana.org/assignments/iana-ipv4-special-registry
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_CLOSED_V4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # "this host": Linux connects 0.0.0.0 to itself (RFC 1122)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # behind a carrier's NAT (RFC 6598); Alibaba's metadata 100.100.100.200
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's wire server: metadata in public space
        "169.254.0.0/16",  # link-local (RFC 3927); most clouds' metadata 169.254.169.254
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments (RFC 6890); Oracle's metadata 192.0.0.192
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.31.196.0/24",  # AS112 sinks (RFC 7535), which receive nothing
        "192.52.193.0/24",  # multicast tunnels (RFC 7450)
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526, deprecated)
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112 sinks (RFC 7534)
        "198.18.0.0/15",  # benchmarks inside a network (RFC 2544)
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

# An allow list: it excludes loopback, unique-local, link-local, site-local, NAT64, SIIT, v4-compatible and SRv6
# addresses, and those that are not assigned yet.
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4: carries any IPv4 address (RFC 3056)
        "2620:4f:8000::/48",  # AS112 sinks (RFC 7534)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_ISATAP = 0x00005EFE  # the upper half of an interface identifier before an IPv4 address (RFC 5214, 6.1)
_ISATAP_MASK = 0xFDFFFFFF  # without the universal/local bit


def is_public(address: IPAddress) -> bool:
    """Whether an address belongs to the public Internet."""
    address = _unwrapped(address)
    if isinstance(address, IPv4Address):
        return not any(address in net for net in _CLOSED_V4)
    if address not in _OPEN_V6 or any(address in net for net in _CLOSED_V6):
        return False
    tunnelled = _isatap(address)
    return tunnelled is None or is_public(tunnelled)


def network_of(address: str) -> str | None:
    """Return the /24 (IPv4) or /48 (IPv6) network of an address; None if it is malformed."""
    try:
        ip = _unwrapped(ip_address(address.partition("%")[0]))
    except ValueError:
        return None
    return str(ip_network((int(ip), 24 if ip.version == 4 else 48), strict=False))


def denied(address: IPAddress, *, allow: Sequence[IPNetwork], deny: Sequence[IPNetwork]) -> bool:
    """Whether the operator's lists and our own tables forbid an address.

    `deny` overrides `allow`, and `allow` overrides our tables. A mapped address (`::ffff:10.20.0.5`) matches IPv4
    networks as well as IPv6 ones.
    """
    forms = (address, _unwrapped(address))
    if any(form in net for net in deny for form in forms):
        return True
    if any(form in net for net in allow for form in forms):
        return False
    return not is_public(address)


def _unwrapped(address: IPAddress) -> IPAddress:
    """Return the IPv4 address in a `::ffff:0:0/96` one, because the system connects to it (RFC 4291, 2.5.5.2)."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _isatap(address: IPv6Address) -> IPv4Address | None:
    number = int(address)
    if (number >> 32) & _ISATAP_MASK != _ISATAP:
        return None
    return IPv4Address(number & 0xFFFFFFFF)
