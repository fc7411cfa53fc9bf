"""Cells of a CSV file that a spreadsheet shows as they are: it runs none as a formula and changes none to a number.

A text is kept as text by an apostrophe. docs/integrate/lists.md says where one is put, and how a
program takes it away again.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}
# A spreadsheet takes what begins so for a formula; the wide ones where it is set to Japanese, Chinese or Korean.
_FORMULA: Final = "=+\\-@＝＋－＠"
# Where a cell may begin: at its own beginning and, if the file is read with another delimiter, behind that one.
_PLACES: Final = {
    delimiter: re.compile(rf"(?:\A(?=[{_FORMULA}'\t\r\n])|(?<=[{behind}])(?=[\"\s]*[{_FORMULA}]|'))")
    for delimiter, behind in ((",", ";\t\r\n"), (";", ";,\t\r\n"), ("\t", ";,\t\r\n"))
}
_TIME: Final = "年月日時分秒년월일시분초"
# What a spreadsheet reads as a number, a date, a time or a truth value, and then writes in its own way.
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
_HARMLESS: Final = re.compile(r"0|[1-9][0-9]{0,10}")  # shown as it is; from 12 digits on it becomes 8.18E+11


def safe(cell: object, delimiter: str = ",") -> object:
    """The cell, where it is a text, with an apostrophe at each place where a spreadsheet would not take it for text.

    Numbers and None stay what they are.
    """
    if not isinstance(cell, str):
        return cell
    kept = _PLACES[delimiter].sub("'", cell)
    return f"'{kept}" if kept == cell and _changes(cell) else kept


def lines(rows: Iterable[Iterable[object]], delimiter: str = ",") -> str:
    """The rows as CSV (RFC 4180): every text safe, None as nothing, true and false as in JSON."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter)
    for row in rows:
        writer.writerow([str(cell).lower() if isinstance(cell, bool) else safe(cell, delimiter) for cell in row])
    return written.getvalue()


def _changes(text: str) -> bool:
    """Whether a spreadsheet would change the text: wide digits count as digits, as they do there."""
    if _HARMLESS.fullmatch(text):
        return False
    plain = unicodedata.normalize("NFKC", text).strip()
    if _NUMBER.fullmatch(plain):
        return True
    return len(plain) <= _LONGEST_DATE and any(map(str.isdigit, plain)) and _DATE.fullmatch(plain) is not None
