"""Phone numbers: NAVER has the digits that people dial and a country code, we have the international form."""

import re
from typing import Final

KOREA: Final = "82"
_DIGITS: Final = re.compile(r"[0-9]{3,14}")
_INTERNATIONAL: Final = re.compile(r"\+[1-9][0-9]{4,14}")
# Country codes have one to three digits, and none begins another.
_COUNTRY: Final = re.compile(r"\+(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9][0-9]{2})([0-9]+)")
_KEEP_ZERO: Final = frozenset({"39", "378"})  # in Italy and San Marino the zero belongs to the number


def international(to: str, country: str) -> str | None:
    """Return the number with its country code, such as `+821012345678`; None if it can be no number."""
    if not _DIGITS.fullmatch(to):
        return None
    number = f"+{country}{to if country in _KEEP_ZERO else to.removeprefix('0')}"
    return number if _INTERNATIONAL.fullmatch(number) else None


def has_trunk_zero(to: str, country: str) -> bool:
    """Return whether the international form leaves out the zero that the number begins with."""
    return to.startswith("0") and country not in _KEEP_ZERO


def dialled(recipient: str | None, country: str, *, trunk_zero: bool) -> str | None:
    """Return a stored recipient as it was given. It may be masked, or not stored at all."""
    if recipient is None or not recipient.startswith(f"+{country}"):
        return recipient
    return "0" * trunk_zero + recipient.removeprefix(f"+{country}")


def split(recipient: str) -> tuple[str, str]:
    """Return a number's country code and its digits as NAVER wants them: in Korea with the zero."""
    found = _COUNTRY.fullmatch(recipient)
    if found is None:
        return KOREA, recipient
    return found[1], f"0{found[2]}" if found[1] == KOREA else found[2]
