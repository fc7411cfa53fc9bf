"""Decide whether a host, a name or an address, is one that recipients' browsers may be redirected to.

Names are judged in ASCII: the `idna` package encodes them by IDNA 2008 and UTS 46 (non-transitional, as browsers do),
then `validators` decides whether the result is a domain. `validators` alone would encode with Python's old codec, which
is limited to IDNA 2003. Its copy of IANA's list of top-level domains is used here and read once, because the package
opens the file on every call. `.example`, `.test`, `.invalid`, `.local` and `.onion` are not on the list.
"""

import ipaddress
import re
import unicodedata
from functools import lru_cache
from importlib import resources
from typing import Final

import idna
import validators

from shortener.rules.delivery.address import is_public
from shortener.rules.links.skip_reason import SkipReason

_LONGEST_HOST: Final = 253  # RFC 1035, 2.3.4
_JOINERS: Final = frozenset("\u200c\u200d")
# UTS 39, "highly restrictive": the scripts of one group may be mixed in a label, also with Latin.
_GROUPS: Final = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
_NUMBER: Final = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")
_COMMON_ENDINGS: Final = ("com", "net", "org", "jp", "kr", "info")


def _known_endings() -> frozenset[str]:
    lines = resources.files(validators).joinpath("_tld.txt").read_text("ascii").splitlines()
    return frozenset(line.strip().lower() for line in lines if not line.startswith("#"))


TOP_LEVEL: Final = _known_endings()


def to_ascii(host: str) -> str | None:
    """Return a host's ASCII form, with punycode for labels that are not ASCII; None if it has none.

    A host that UTS 46 would silently change (full-width letters, circled digits, ideographic dots, soft hyphens,
    joiners) has none, because the reader must see the host that the browser opens.
    """
    if host.isascii():
        return host
    if len(host) > _LONGEST_HOST or not _JOINERS.isdisjoint(host):
        return None
    composed = unicodedata.normalize("NFC", host)
    if unicodedata.normalize("NFKC", host) != composed:
        return None
    try:
        mapped = idna.uts46_remap(composed, std3_rules=False, transitional=False)
        if mapped.count(".") != host.count(".") or len(mapped) != len(composed.lower()):
            return None
        return ".".join(map(_label_to_ascii, mapped.split(".")))
    except (UnicodeError, ValueError):  # IDNAError is a UnicodeError
        return None


def _label_to_ascii(label: str) -> str:
    return label if label.isascii() else idna.alabel(label).decode("ascii")


@lru_cache(maxsize=4096)  # the messages of a campaign share one host
def fault(host: str, own_hosts: frozenset[str]) -> SkipReason | None:
    """Return why nobody may be redirected to this host, given in ASCII without a port; None if they may."""
    if host.startswith("["):
        return _fault_of_v6(host)
    name = host.lower().removesuffix(".")
    if "%2f" in name:
        return SkipReason.PATH
    labels = name.split(".")
    if name == "localhost" or labels[-1] in ("localhost", "localdomain"):
        return SkipReason.LOCALHOST
    if _NUMBER.fullmatch(labels[-1]):
        return _fault_of_number(name, labels)
    if name in own_hosts or name.removeprefix("www.") in own_hosts:
        return SkipReason.OWN
    return _fault_of_name(name, labels)


def _fault_of_name(name: str, labels: list[str]) -> SkipReason | None:
    ending = labels[-1]
    if len(labels) > 1 and ending not in TOP_LEVEL and ending.replace("-", "").isalnum():
        return SkipReason.PATH if _swallowed_path(ending) else SkipReason.TLD
    if not _is_domain(name, labels):
        return SkipReason.HOST
    return _fault_of_scripts(labels)


def _is_domain(name: str, labels: list[str]) -> bool:
    if len(labels) < 2 or any("_" in label for label in labels[-2:]):
        return False  # labels of services may contain an underscore, registered names may not
    try:
        return bool(validators.domain(name, rfc_2782=True))
    except UnicodeError:  # an empty or overlong label
        return False


def _swallowed_path(ending: str) -> bool:
    """Find `example.comsearch`: the path's first character after the top-level domain is missing."""
    return any(ending.startswith(known) and len(ending) >= len(known) + 3 for known in _COMMON_ENDINGS)


def _fault_of_scripts(labels: list[str]) -> SkipReason | None:
    """Refuse labels that mix scripts, because letters that look alike can imitate another name (UTS 39, 5.2)."""
    for label in labels:
        if not label.startswith("xn--"):
            continue
        try:
            letters = idna.ulabel(label)
        except (UnicodeError, ValueError):
            return SkipReason.IDN
        scripts = frozenset(_script(letter) for letter in letters if letter.isalpha())
        if len(scripts) > 1 and not any(scripts <= group for group in _GROUPS):
            return SkipReason.SCRIPT
    return None


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    """Return the first word of a letter's Unicode name as its script, because Python has no script property."""
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]


def _fault_of_v6(host: str) -> SkipReason | None:
    inside = host[1:-1]
    if not host.endswith("]") or "%" in inside or not validators.ipv6(inside, cidr=False):
        return SkipReason.HOST
    return None if is_public(ipaddress.IPv6Address(inside)) else SkipReason.PRIVATE


def _fault_of_number(name: str, labels: list[str]) -> SkipReason | None:
    """Judge a host whose last label is a number: every browser reads it as an IPv4 address (URL Standard, 3.5)."""
    value = _as_browsers_read(labels)
    if value is None:
        return SkipReason.HOST
    if not is_public(ipaddress.IPv4Address(value)):
        return SkipReason.PRIVATE
    return None if validators.ipv4(name, cidr=False) else SkipReason.ADDRESS


def _as_browsers_read(labels: list[str]) -> int | None:
    """Return the address that a browser reads from `127.1`, `0x7f.1`, `0177.0.0.1` or `2130706433`."""
    if len(labels) > 4 or not all(_NUMBER.fullmatch(label) and len(label) < 40 for label in labels):
        return None
    try:
        numbers = [_number(label) for label in labels]
    except ValueError:  # 08, 09: octal by the leading zero
        return None
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(numbers)):
        return None
    return last + sum(number << 8 * (3 - place) for place, number in enumerate(first))


def _number(label: str) -> int:
    if label[:2].lower() == "0x":
        return int(label[2:] or "0", 16)
    return int(label, 8) if label[0] == "0" and len(label) > 1 else int(label)
