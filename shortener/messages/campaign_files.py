"""The files of a campaign: CSV or JSON Lines, read and written in pieces, so that memory stays small.

Everything in a row besides the message's own fields is written unchanged.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Final, Protocol

from shortener.errors import CampaignError
from shortener.rules.wire import json_stream
from shortener.rules.wire.json_stream import Fault

DELIMITERS: Final = ",;\t"
PIECE: Final = 64 * 1024  # bytes
NOT_UTF_8: Final = "The input is not UTF-8. Say its encoding: try --encoding cp932 (Japan) or --encoding cp1252."
_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its values by column, what the output repeats of it, and its problem if it cannot be used."""

    values: Mapping[str, Any]
    original: Any
    repeated: tuple[str, ...] = ()
    problem: str | None = None
    line: int = 0  # of a CSV file, on which the row ends; else the number of the row


class File(Protocol):
    """An input file, and how the output is written in the same format."""

    columns: tuple[str, ...] | None  # None if each row has its own

    def rows(self) -> Iterator[Row]:
        """Yield the rows in order. A row that cannot be read has a problem."""

    def begin(self, target: IO[bytes], added: tuple[str, ...]) -> None:
        """Begin to write rows with these additional columns."""

    def write(self, row: Row, added: Mapping[str, str | None]) -> None:
        """Write a row with its additional values."""

    def flush(self) -> None:
        """Write everything to the target."""


class Csv:
    """CSV as spreadsheets write it: with or without a byte order mark, with commas, semicolons or tabs."""

    def __init__(self, source: io.BufferedReader, encoding: str | None = None, delimiter: str | None = None) -> None:
        """Detect encoding and delimiter if they are not given.

        Raises CampaignError if there is no header; and if no encoding is given and the beginning is not UTF-8, because
        otherwise each row with such a text would have a problem, and the others would be sent.
        """
        head = source.peek(PIECE)
        if encoding is None and not _is_text(head):
            raise CampaignError(NOT_UTF_8)
        self._encoding = encoding or next((name for mark, name in _MARKS.items() if head.startswith(mark)), "utf-8")
        # Invalid bytes are a problem of their row and are written unchanged; in UTF-16 that is not possible.
        self._errors = "strict" if self._encoding.startswith("utf-16") else "surrogateescape"
        first = head.decode(self._encoding, "ignore").partition("\n")[0]
        self._delimiter = delimiter or _delimiter_of(first)
        self._line_end = "\r\n" if first.endswith("\r") else "\n"
        text = io.TextIOWrapper(source, self._encoding, self._errors, newline="")
        self._reader = csv.reader(text, delimiter=self._delimiter, strict=True)
        try:
            self.columns: tuple[str, ...] | None = tuple(next(self._reader))
        except StopIteration:
            raise CampaignError("The input is empty; its first line must name the columns.") from None
        except (csv.Error, UnicodeError) as error:
            raise CampaignError(f"The line that names the columns cannot be read: {error}.") from None

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header, without empty lines and rows of empty cells."""
        columns = self.columns or ()
        while True:
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                line = self._reader.line_num
                yield Row({}, [], problem=f"Line {line} is not valid CSV: {error}.", line=line)
                continue
            except UnicodeError as error:
                raise CampaignError(
                    f"The input is not valid {self._encoding} after line {self._reader.line_num}."
                ) from error
            if not any(map(str.strip, cells)):  # spreadsheets write such rows below their contents
                continue
            if len(cells) == len(columns):
                yield Row(dict(zip(columns, cells, strict=True)), cells, line=self._reader.line_num)
            else:
                problem = f"The row has {len(cells)} cells, and the header {len(columns)}."
                yield Row({}, cells, problem=problem, line=self._reader.line_num)

    def begin(self, target: IO[bytes], added: tuple[str, ...]) -> None:
        """Write the header, in the input's encoding, with its delimiter and line end."""
        self._target, self._text = target, io.StringIO(newline="")
        self._encoder = codecs.getincrementalencoder(self._encoding)(self._errors)
        self._writer = csv.writer(self._text, delimiter=self._delimiter, lineterminator=self._line_end)
        self._writer.writerow([*(self.columns or ()), *added])
        self.flush()

    def write(self, row: Row, added: Mapping[str, str | None]) -> None:
        """Write a row, cut or filled to the number of columns."""
        wide = len(self.columns or ())
        self._writer.writerow([*[*row.original, *[""] * wide][:wide], *(value or "" for value in added.values())])

    def flush(self) -> None:
        """Write everything to the target."""
        self._target.write(self._encoder.encode(self._text.getvalue()))
        self._target.flush()
        self._text.seek(0)
        self._text.truncate()


class JsonLines:
    """An object in each line, in UTF-8."""

    columns: tuple[str, ...] | None = None

    def __init__(self, source: io.BufferedReader) -> None:
        self._source = source

    def rows(self) -> Iterator[Row]:
        """Yield the lines, without empty ones."""
        pieces: Iterable[bytes] = iter(partial(self._source.read1, PIECE), b"")
        for number, entry in enumerate(json_stream.of_lines(pieces), 1):
            if isinstance(entry, Fault):
                yield Row({}, {}, problem=entry.sentence, line=number)
            else:
                yield Row(entry, entry, repeated=entry.repeated, line=number)

    def begin(self, target: IO[bytes], added: tuple[str, ...]) -> None:
        """Begin to write lines, which have no header."""
        self._target = target

    def write(self, row: Row, added: Mapping[str, str | None]) -> None:
        """Write an object with all fields."""
        document = json.dumps({**row.original, **added}, ensure_ascii=False)
        self._target.write(document.encode("utf-8", "replace") + b"\n")  # a name may contain a lone surrogate

    def flush(self) -> None:
        """Write everything to the target."""
        self._target.flush()


def _is_text(head: bytes) -> bool:
    """Return whether the beginning of a file is marked as UTF-16 or is valid UTF-8; its last character may be cut."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter_of(header: str) -> str:
    """Return the delimiter that is most frequent between the names of the columns."""
    unquoted = re.sub('"[^"]*"', "", header)
    return max(DELIMITERS, key=unquoted.count)
