"""Count the SMS parts of a text, and choose its encoding.

GSM 03.38 default alphabet with its extension table (3GPP TS 23.038, 6.2.1), else UCS-2 counted in UTF-16 units. One
part holds 160 or 70; several hold 153 or 67 each, because a header of six octets joins them (3GPP TS 23.040,
9.2.3.24.1). An escape with its character and the two halves of a surrogate pair stay in one part. National shift
tables are not used: few gateways send them.
"""

import re
from typing import Final, Literal, NamedTuple

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")  # each takes an escape and a character
# Patterns and tables, because this runs twice for every message.
_IN_GSM: Final = re.compile(f"[{re.escape(''.join(sorted(BASIC | EXTENSION)))}]*")
_EXTENSION: Final = re.compile(f"[{re.escape(''.join(sorted(EXTENSION)))}]")
_ASCII_GSM, _ASCII_EXTENSION = (
    "".join(filter(str.isascii, characters)).encode("ascii") for characters in (BASIC | EXTENSION, EXTENSION)
)
_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")  # two units of UTF-16


class Sms(NamedTuple):
    """The encoding of a text, and how many SMS parts it takes."""

    encoding: Literal["GSM-7", "UCS-2"]
    parts: int


def count(text: str) -> Sms:
    """Return the encoding and the number of parts of a text. An empty text is one part."""
    escapes = _escapes(text)
    if escapes is not None:
        return Sms("GSM-7", _parts(text, EXTENSION if escapes else frozenset(), len(text) + escapes, 160, 153))
    wide = _BEYOND.findall(text)
    return Sms("UCS-2", _parts(text, frozenset(wide), len(text) + len(wide), 70, 67))


def _escapes(text: str) -> int | None:
    """Return how many characters of a text in GSM 03.38 take an escape; None if it has others."""
    if not text.isascii():
        return len(_EXTENSION.findall(text)) if _IN_GSM.fullmatch(text) else None
    data = text.encode("ascii")
    return None if data.translate(None, _ASCII_GSM) else len(data) - len(data.translate(None, _ASCII_EXTENSION))


def _parts(text: str, wide: frozenset[str], length: int, single: int, each: int) -> int:
    """Return how many parts a text of this length takes. Each of its `wide` characters takes two places."""
    if length <= single:
        return 1
    if not wide:
        return -(-length // each)
    parts, used = 1, 0
    for character in text:
        width = 2 if character in wide else 1
        if used + width > each:
            parts, used = parts + 1, 0
        used += width
    return parts
