"""Write CSV that a spreadsheet shows unchanged: it runs no text as a formula and converts none to a number.

An apostrophe marks a cell as text. docs/integrate/lists.md says where it is inserted, and how a program removes it.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}
# A cell that begins with one of these is a formula; the wide ones in Japanese, Chinese and Korean spreadsheets.
_FORMULA: Final = "=+\\-@＝＋－＠"
# A cell may begin at its own start or, if the file is read with another delimiter, after that delimiter.
_START: Final = re.compile(rf"[{_FORMULA}'\t\r\n]")
_BEHIND: Final = {
    delimiter: re.compile(rf"[{behind}](?=[\"\s]*[{_FORMULA}]|')")
    for delimiter, behind in ((",", ";\t\r\n"), (";", ";,\t\r\n"), ("\t", ";,\t\r\n"))
}
_TIME: Final = "年月日時分秒년월일시분초"
# Texts that a spreadsheet reads as a number, a date, a time or a truth value, and then writes differently.
_NUMBER: Final = re.compile(rf"[\W_]*+\d[\d\W_{_TIME}]*+(?:e[\d\W_]*|[ap]m?\W*)?|true|false", re.IGNORECASE)
_MONTHS: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_ERAS: Final = "[mtshr]|明治|大正|昭和|平成|令和"
_DATE: Final = re.compile(
    rf"(?:\d{{1,4}}+\W*+)?+(?:{_MONTHS})\W*\d{{0,4}}(?:\W+\d{{1,4}})?|(?:{_ERAS})\d{{1,2}}[\W年]\d{{1,2}}[\W月\d日]*",
    re.IGNORECASE,
)
_LONGEST_DATE: Final = 40  # characters
_HARMLESS: Final = re.compile(r"0|[1-9][0-9]{0,10}")  # shown unchanged; from 12 digits on it becomes 8.18E+11


def lines(rows: Iterable[Iterable[object]], delimiter: str = ",") -> str:
    """Return the rows as CSV (RFC 4180): texts made safe, None as an empty cell, booleans as `true` and `false`."""
    written, behind = io.StringIO(newline=""), _BEHIND[delimiter]
    writer = csv.writer(written, delimiter=delimiter)
    for row in rows:
        writer.writerow([_safe(cell, behind) if isinstance(cell, str) else _shown(cell) for cell in row])
    return written.getvalue()


def _shown(cell: object) -> object:
    return str(cell).lower() if isinstance(cell, bool) else cell


def _safe(text: str, behind: re.Pattern[str]) -> str:
    """Return the text with an apostrophe wherever a spreadsheet would not read it as text."""
    marked = behind.sub(_marked, text)
    return f"'{marked}" if _START.match(text) or (marked == text and _changes(text)) else marked


def _marked(found: re.Match[str]) -> str:
    return f"{found[0]}'"


def _changes(text: str) -> bool:
    """Whether a spreadsheet would change the text; it reads wide digits as digits, so we do too."""
    if _HARMLESS.fullmatch(text):
        return False
    plain = unicodedata.normalize("NFKC", text).strip()
    if _NUMBER.fullmatch(plain):
        return True
    return len(plain) <= _LONGEST_DATE and _DATE.fullmatch(plain) is not None and any(map(str.isdigit, plain))
