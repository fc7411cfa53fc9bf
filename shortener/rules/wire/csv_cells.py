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
_PLACES: Final = {
    delimiter: re.compile(rf"(?:\A(?=[{_FORMULA}'\t\r\n])|(?<=[{behind}])(?=[\"\s]*[{_FORMULA}]|'))")
    for delimiter, behind in ((",", ";\t\r\n"), (";", ";,\t\r\n"), ("\t", ";,\t\r\n"))
}
_TIME: Final = "年月日時分秒년월일시분초"
# Texts that a spreadsheet reads as a number, a date, a time or a truth value, and then writes differently.
_NUMBER: Final = re.compile(rf"[\W_]*\d[\d\W_{_TIME}]*(?:e[\d\W_]*|[ap]m?\W*)?|true|false", re.IGNORECASE)
_MONTHS: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_ERAS: Final = "[mtshr]|明治|大正|昭和|平成|令和"
_DATE: Final = re.compile(
    rf"(?:\d{{1,4}}\W*)?(?:{_MONTHS})\W*\d{{0,4}}(?:\W+\d{{1,4}})?|(?:{_ERAS})\d{{1,2}}[\W年]\d{{1,2}}[\W月\d日]*",
    re.IGNORECASE,
)
_LONGEST_DATE: Final = 40  # characters
_HARMLESS: Final = re.compile(r"0|[1-9][0-9]{0,10}")  # shown unchanged; from 12 digits on it becomes 8.18E+11


def safe(cell: object, delimiter: str = ",") -> object:
    """Return the cell; in a text, insert an apostrophe wherever a spreadsheet would not read it as text.

    Numbers and None stay unchanged.
    """
    if not isinstance(cell, str):
        return cell
    marked = _PLACES[delimiter].sub("'", cell)
    return f"'{marked}" if marked == cell and _changes(cell) else marked


def lines(rows: Iterable[Iterable[object]], delimiter: str = ",") -> str:
    """Return the rows as CSV (RFC 4180): texts made safe, None as an empty cell, booleans as `true` and `false`."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter)
    for row in rows:
        writer.writerow([str(cell).lower() if isinstance(cell, bool) else safe(cell, delimiter) for cell in row])
    return written.getvalue()


def _changes(text: str) -> bool:
    """Whether a spreadsheet would change the text; it reads wide digits as digits, so we do too."""
    if _HARMLESS.fullmatch(text):
        return False
    plain = unicodedata.normalize("NFKC", text).strip()
    if _NUMBER.fullmatch(plain):
        return True
    return len(plain) <= _LONGEST_DATE and any(map(str.isdigit, plain)) and _DATE.fullmatch(plain) is not None
