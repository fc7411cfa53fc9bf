"""Guess the encoding of a text file from its beginning."""

import codecs
from typing import Final

from charset_normalizer import from_bytes

ENCODINGS: Final = ("utf-8", "utf-16", "cp932", "cp949", "euc_jp", "gb18030", "big5", "cp1252")  # that can be chosen
_GUESSED: Final = ["cp932", "cp949", "euc_jp", "cp1252"]  # the others are too seldom to be worth a wrong guess
_SAMPLE: Final = 64 * 1024  # bytes
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def guess(content: bytes) -> str:
    """Return one of `ENCODINGS`; UTF-8 with and without a byte order mark is the same."""
    if content.startswith(_UTF_16):
        return "utf-16"
    if _is_utf_8(content):
        return "utf-8"
    found = from_bytes(content[_start(content) :][:_SAMPLE], cp_isolation=_GUESSED).best()
    return found.encoding if found is not None else "cp932"


def _start(content: bytes) -> int:
    """Return where the line with the first character beyond ASCII begins: a sample without any says nothing."""
    first = next(index for index, byte in enumerate(content) if byte > 127)
    return content.rfind(b"\n", 0, first) + 1


def _is_utf_8(content: bytes) -> bool:
    """Return whether it is valid UTF-8; its last character may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return False
    return True
