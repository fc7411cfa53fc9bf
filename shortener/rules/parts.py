"""How many SMS parts is a text, and in which encoding?

GSM 03.38 default alphabet with its extension table (3GPP TS 23.038, 6.2.1), else UCS-2 counted in UTF-16 units. One
part holds 160 or 70; several hold 153 or 67 each, because a header of six octets joins them (3GPP TS 23.040,
9.2.3.24.1). An escape with its character and the two halves of a surrogate pair stay in one part. National shift
tables are not used: few gateways send them.
"""

from dataclasses import dataclass
from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")  # each takes an escape and a character
_GSM: Final = BASIC | EXTENSION


@dataclass(frozen=True, slots=True)
class Sms:
    """What a text costs by SMS: `encoding` is `GSM-7` or `UCS-2`."""

    encoding: str
    parts: int


def count(text: str) -> Sms:
    """Encoding and number of parts of a text; an empty one is one part."""
    if _GSM.issuperset(text):
        return Sms("GSM-7", _parts([2 if char in EXTENSION else 1 for char in text], single=160, each=153))
    return Sms("UCS-2", _parts([2 if char > "\uffff" else 1 for char in text], single=70, each=67))


def _parts(widths: list[int], *, single: int, each: int) -> int:
    if sum(widths) <= single:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > each:
            parts, used = parts + 1, 0
        used += width
    return parts
