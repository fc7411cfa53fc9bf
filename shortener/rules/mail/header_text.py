"""Write texts into the headers of a mail, so that whoever reads it sees exactly what was given.

Readers of mail decode `=?…?=` wherever it stands, also what it hides: line ends, for example. So a text with it is
encoded itself, once more.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

NO_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PLAIN: Final = re.compile(r"[!-~](?:[ -~]{0,58}[!-~])?")  # what fits into a line of 78 characters
_WORDS: Final = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_ENCODED_BYTES: Final = 36  # of the text in one encoded word
_LONGEST_LINE: Final = 900  # a line may have 998 characters in all
FOLD: Final = "\r\n "


def one_line(text: str) -> str:
    """The text; ValueError if it has a control character or a line end."""
    if NO_LINE.search(text):
        raise ValueError("must be one line without control characters")
    return text


def unstructured(text: str) -> str:
    """A text such as the subject."""
    return text if _is_plain(text) or not text else _encoded(text)


def phrase(name: str) -> str:
    """A name in front of an address."""
    if not _is_plain(name):
        return _encoded(name) if name else ""
    return name if _WORDS.fullmatch(name) else _quoted(name)


def file_name(name: str) -> str:
    """The parameter `filename` of `Content-Disposition` (RFC 2231 for what is not plain ASCII)."""
    if _is_plain(name):
        return f"filename={_quoted(name)}"
    letters = [quote(letter, safe="") for letter in name]
    parts = list(_grouped(letters, _LONGEST_LINE))
    if len(parts) == 1:
        return f"filename*=utf-8''{parts[0]}"
    sections = [f"filename*{number}*={part}" for number, part in enumerate(["utf-8''" + parts[0], *parts[1:]])]
    return f";{FOLD}".join(sections)


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and "=?" not in text


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _encoded(text: str) -> str:
    """The text as encoded words (RFC 2047), none of which cuts a character in two."""
    letters = [letter.encode().decode("latin-1") for letter in text]
    parts = (part.encode("latin-1") for part in _grouped(letters, _ENCODED_BYTES))
    return FOLD.join(f"=?utf-8?b?{b64encode(part).decode()}?=" for part in parts)


def _grouped(pieces: list[str], longest: int) -> Iterator[str]:
    """The pieces, joined to texts of at most so many characters."""
    group = ""
    for piece in pieces:
        if group and len(group) + len(piece) > longest:
            yield group
            group = ""
        group += piece
    yield group
