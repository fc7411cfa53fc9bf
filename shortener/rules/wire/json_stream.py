"""Parse the entries of a long body, a JSON array or JSON Lines, from chunks of bytes, in constant memory.

The entries do not depend on how the body is split into chunks. An entry that cannot be read becomes a fault in its
place. Reading then continues: always in JSON Lines, and in an array if it is clear where the entry ends.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from shortener.rules.wire.strict_json import DECODER, LENIENT, Object

# Characters of an entry in an array, bytes of a line. The longest HTML fits, also with six for each of its characters.
LONGEST: Final = 8 * 1024 * 1024
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_BEHIND: Final = re.compile(r"[ \t\r\n]*[,\]]")
_DAMAGED: Final = re.compile("[\udc80-\udcff]")  # `surrogateescape` decodes a byte that is not UTF-8 to these


@dataclass(frozen=True, slots=True)
class Fault:
    """An entry that cannot be read: a stable `code`, a sentence, and whether reading `ends` with it."""

    code: str
    sentence: str
    ends: bool = False


Entry = Object | Fault

NOT_UTF8: Final = Fault("invalid_utf8", "The entry is not valid UTF-8.")
NOT_OBJECT: Final = Fault("invalid_json", "The entry must be one JSON object.")
ODD_VALUE: Final = Fault(
    "invalid_json",
    "The entry is not strict JSON: it has NaN, Infinity, a number that is too large, or too deep nesting.",
)
TOO_LONG: Final = Fault("body_too_large", f"The line is longer than {LONGEST // 1024**2} MiB.")
NO_ARRAY: Final = Fault("invalid_json", "The body must be a JSON array.", ends=True)
BROKEN: Final = Fault(
    "invalid_json",
    f"The array cannot be read from here on: the entry is not valid JSON, is longer than {LONGEST // 1024**2} MiB, or "
    "is not followed by a comma or the end of the array. Earlier entries were processed; nothing after this one was "
    "read.",
    ends=True,
)
NO_END: Final = Fault(
    "invalid_json",
    "A comma must be followed by an entry, and the array must end with `]` and nothing after it. Earlier entries were "
    "processed.",
    ends=True,
)


def of_lines(pieces: Iterable[bytes], longest: int = LONGEST) -> Iterator[Entry]:
    """Yield the entries of JSON Lines; blank lines are ignored."""
    for number, line in enumerate(_lines(pieces, longest)):
        if line is None:
            yield TOO_LONG
            continue
        bare = (line.removeprefix(codecs.BOM_UTF8) if number == 0 else line).strip(b" \t\r")
        if bare:
            yield _of_line(bare)


def of_array(pieces: Iterable[bytes], longest: int = LONGEST) -> Iterator[Entry]:
    """Yield the entries of one JSON array. A fault that `ends` is the last one."""
    window = _Window(pieces)
    if window.next() != "[":
        yield NO_ARRAY
        return
    window.at += 1
    ended = window.next() == "]"
    while not ended:
        if window.next() in ("", ",", "]"):
            yield NO_END
            return
        entry = window.take(longest)
        yield entry
        if isinstance(entry, Fault) and entry.ends:
            return
        ended = window.next() == "]"
        if not ended:
            window.at += 1
    window.at += 1
    if window.next():
        yield NO_END


class _Window:
    """The part of a body that is in memory; `text[at:]` is not parsed yet."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.text = ""
        self.at = 0
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._pieces = iter(pieces)
        self._ended = False
        self._damaged = False

    def next(self) -> str:
        """Skip white space and return the next character without consuming it; an empty text at the end."""
        while True:
            character = self.text[self.at : self.at + 1]
            if character and character not in " \t\r\n":
                return character
            self.at = _end(_SPACE, self.text, self.at)
            if self.at == len(self.text) and not self._read():
                return ""

    def take(self, longest: int) -> Entry:
        """Consume the value that begins here, up to the comma or bracket that follows."""
        while True:
            entry, end = self._value()
            behind = _BEHIND.match(self.text, end) if end >= 0 else None
            if behind and behind.end() - self.at <= longest + 1:
                start, self.at = self.at, end
                if isinstance(entry, Object):
                    entry.size = end - start
                damaged = self._damaged and _DAMAGED.search(self.text, start, end)
                return NOT_UTF8 if damaged else entry
            if len(self.text) - self.at > longest or not self._read_as_much_again(longest):
                return BROKEN

    def _value(self) -> tuple[Entry, int]:
        """Return the value that begins here and its end; BROKEN and -1 if it is invalid or not yet complete."""
        try:
            value, end = DECODER.raw_decode(self.text, self.at)
            return (value if isinstance(value, Object) else NOT_OBJECT), end
        except (json.JSONDecodeError, RecursionError):
            return BROKEN, -1
        except ValueError:
            return self._odd_value()

    def _odd_value(self) -> tuple[Entry, int]:
        try:
            return ODD_VALUE, LENIENT.raw_decode(self.text, self.at)[1]
        except (json.JSONDecodeError, RecursionError):
            return BROKEN, -1

    def _read_as_much_again(self, longest: int) -> bool:
        """Read twice as much as is in memory, because the value is parsed from its beginning; False at the end."""
        enough = min(2 * (len(self.text) - self.at), longest + 1)
        has_more = self._read()
        while has_more and len(self.text) - self.at < enough and self._read():
            pass
        return has_more

    def _read(self) -> bool:
        """Read the next chunk; False at the end."""
        while not self._ended:
            piece = next(self._pieces, None)
            self._ended = piece is None
            more = self._decoder.decode(piece or b"", final=self._ended)
            if more:
                self._damaged = self._damaged or _DAMAGED.search(more) is not None
                self.text, self.at = self.text[self.at :] + more, 0
                return True
        return False


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _lines(pieces: Iterable[bytes], longest: int) -> Iterator[bytes | None]:
    """Yield lines without their line ends; None for a line that is too long, which is not held in memory."""
    rest, cut = b"", False
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield None if cut or len(line) > longest else line
            cut = False
        if len(rest) > longest:
            rest, cut = b"", True
    if rest or cut:
        yield None if cut or len(rest) > longest else rest


def _of_line(line: bytes) -> Entry:
    try:
        text = line.decode("utf-8")
        value = DECODER.decode(text)
    except UnicodeDecodeError:
        return NOT_UTF8
    except json.JSONDecodeError as error:
        return Fault("invalid_json", f"The entry is not valid JSON: {error.msg}, column {error.colno}.")
    except (ValueError, RecursionError):
        return ODD_VALUE
    if not isinstance(value, Object):
        return NOT_OBJECT
    value.size = len(line)
    return value
