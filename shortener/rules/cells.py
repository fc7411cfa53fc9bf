"""Cells of a CSV file that a spreadsheet shows, and does not run."""

import csv
import io
from collections.abc import Iterable

# A spreadsheet takes what begins so for a formula; the wide ones where it is set to Japanese, Chinese or Korean.
STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(cell: object) -> object:
    """The cell, with an apostrophe before it where it begins like a formula. Numbers and None stay what they are."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(STARTERS) else cell


def lines(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV (RFC 4180): every text safe, None as nothing, true and false as in JSON."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    for row in rows:
        writer.writerow([str(cell).lower() if isinstance(cell, bool) else safe(cell) for cell in row])
    return written.getvalue()
