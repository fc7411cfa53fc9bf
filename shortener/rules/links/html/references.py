"""Decode and encode an attribute's value: character references by the WHATWG rules, and what browsers do to a URL."""

import re
from html.entities import html5
from typing import Final

_REFERENCE: Final = re.compile(r"&(?:#([0-9]++|[xX][0-9A-Fa-f]++);?|([A-Za-z][A-Za-z0-9]*+)(?:(;)|(?!=)))")
_LONGEST_NUMBER: Final = 8  # digits; larger numbers are no characters, and `int` takes quadratic time for them
_REPLACEMENT: Final = "\ufffd"
_LINE_ENDS: Final = re.compile("\r\n?")
# In quotes only `&` and the quotes must be escaped; without quotes also what would end the value or look like a fault.
_ESCAPED: Final = {ord(each): f"&#{ord(each)};" for each in "\"'<>=` \t\n\f\r"} | {ord("&"): "&amp;"}
_OUTSIDE_URL: Final = "".join(map(chr, range(0x21)))
_IGNORED_IN_URL: Final = str.maketrans("", "", "\t\n\r")


def decode(raw: str) -> str:
    """Return the value that a browser sees for an attribute's text as it stands in the HTML."""
    if "\r" in raw:
        raw = _LINE_ENDS.sub("\n", raw)
    raw = raw.replace("\0", _REPLACEMENT)
    return _REFERENCE.sub(_character, raw) if "&" in raw else raw


def encode(value: str) -> str:
    """Return a text for an attribute's value, whether it stands in double, in single or in no quotes."""
    return value.translate(_ESCAPED)


def as_url(value: str) -> str:
    """Return the text that browsers read as a URL: without spaces and controls at its ends, tabs and line ends."""
    return value.strip(_OUTSIDE_URL).translate(_IGNORED_IN_URL)


def _character(reference: re.Match[str]) -> str:
    """Return what a reference stands for, or its own text.

    In an attribute a name without a semicolon counts only if neither `=` nor a letter or digit follows, so that
    `?a=1&copy=2` stays as it is.
    """
    number, name, semicolon = reference.groups()
    if number:
        return _numbered(number)
    return html5.get(name + (semicolon or ""), reference[0])


def _numbered(number: str) -> str:
    is_hexadecimal = number[0] in "xX"
    digits = (number[1:] if is_hexadecimal else number).lstrip("0")
    if len(digits) > _LONGEST_NUMBER:
        return _REPLACEMENT
    code = int(digits or "0", 16 if is_hexadecimal else 10)
    if code == 0 or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
        return _REPLACEMENT
    return _WINDOWS_1252.get(code, chr(code))


def _windows_1252() -> dict[int, str]:
    """Return the characters that browsers show for the numbers of C1 controls."""
    known = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
    return {code: character for code, character in known.items() if character}


_WINDOWS_1252: Final = _windows_1252()
