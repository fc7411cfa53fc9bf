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
LONGEST: Final = 900  # characters of a text in one line, which may have 998 in all
_LONG: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")
FOLD: Final = "\r\n "


def one_line(text: str) -> str:
    """The text; ValueError if it has a control character or a line end."""
    if NO_LINE.search(text):
        raise ValueError("must be one line without control characters")
    return text


def unstructured(text: str) -> str:
    """A text such as the subject."""
    return text if _is_plain(text) or not text else _encoded(text)


def long(text: str) -> str:
    """A text that programs read, such as a list of URLs: in one line if it is ASCII, because nothing may be added."""
    is_plain = len(text) <= LONGEST and _LONG.fullmatch(text) and "=?" not in text
    return text if is_plain or not text else _encoded(text)


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
    parts = list(_grouped(letters, LONGEST))
    if len(parts) == 1:
        return f"filename*=utf-8''{parts[0]}"
    sections = [f"filename*{number}*={part}" for number, part in enumerate(["utf-8''" + parts[0], *parts[1:]])]
    return f";{FOLD}".join(sections)


def content_id(name: str) -> str:
    """The id by which HTML shows a file with `cid:NAME` (RFC 2392); letters that an id cannot have are written %XX.

    So are `=` and `?`, which readers of mail would decode.
    """
    letters = [quote(letter, safe="!#$&'*+/^_`{|}~@.-") for letter in name]
    return next(_grouped(letters, LONGEST))


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
