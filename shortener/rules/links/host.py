"""What stands between `https://` and the path: is it a name or an address that a stranger's browser may be sent to?

Names are judged in ASCII: the `idna` package makes them so by IDNA 2008 and UTS 46 (non-transitional, as browsers do),
then `validators` says whether the result is a domain. `validators` itself would encode with Python's old codec, which
knows IDNA 2003 only. Its packaged copy of IANA's list of top-level domains is the list used here, read once: the
package opens the file anew on each call. `.example`, `.test`, `.invalid`, `.local` and `.onion` are not on it.
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
# UTS 39, "highly restrictive": these scripts may stand together in one label, Latin with each group.
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
    """A host's ASCII form: as typed where it is ASCII, punycode labels where not; `None` if it has none.

    What UTS 46 would silently turn into something else (full-width letters, circled digits, ideographic dots, soft
    hyphens, joiners) has none: what a reader sees and where a browser goes shall be the same.
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


@lru_cache(maxsize=4096)  # a campaign's messages lead to one host
def fault(host: str, own_hosts: frozenset[str]) -> SkipReason | None:
    """Why this host (ASCII form, without port) is not one to send people to, as a reason code; `None` if it is."""
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
        return False  # service labels may hold an underscore, what a registry hands out may not
    try:
        return bool(validators.domain(name, rfc_2782=True))
    except UnicodeError:  # an empty or overlong label
        return False


def _swallowed_path(ending: str) -> bool:
    """`example.comsearch`: a top-level domain with the path's first character lost after it."""
    return any(ending.startswith(known) and len(ending) >= len(known) + 3 for known in _COMMON_ENDINGS)


def _fault_of_scripts(labels: list[str]) -> SkipReason | None:
    """Letters that look alike in two scripts make one name pass for another (UTS 39, 5.2)."""
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
    """A letter's script as the first word of its Unicode name: Python knows no script property."""
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]


def _fault_of_v6(host: str) -> SkipReason | None:
    inside = host[1:-1]
    if not host.endswith("]") or "%" in inside or not validators.ipv6(inside, cidr=False):
        return SkipReason.HOST
    return None if is_public(ipaddress.IPv6Address(inside)) else SkipReason.PRIVATE


def _fault_of_number(name: str, labels: list[str]) -> SkipReason | None:
    """A host whose last label is a number is an IPv4 address to every browser (URL Standard, 3.5)."""
    value = _as_browsers_read(labels)
    if value is None:
        return SkipReason.HOST
    if not is_public(ipaddress.IPv4Address(value)):
        return SkipReason.PRIVATE
    return None if validators.ipv4(name, cidr=False) else SkipReason.ADDRESS


def _as_browsers_read(labels: list[str]) -> int | None:
    """`127.1`, `0x7f.1`, `0177.0.0.1`, `2130706433` as the number that a browser would connect to."""
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
