"""The decision records in docs/adr: dated, short, and listed in their index."""

import re
from pathlib import Path

import pytest

from tests.support import ROOT

FOLDER = ROOT / "docs" / "adr"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
LONGEST = 330  # words, headings included: about half a page
STATUS = re.compile(r"(accepted|superseded by \[\d{4}\]\(\d{4}-[a-z0-9-]+\.md\))(;.*)?")
ROW = re.compile(r"\| \[(\d{4})\]\((\S+\.md)\) \| (.+) \| (\S+) \| (.+) \|")


def field(record: Path, name: str) -> str:
    """The value of the line `- NAME: …` of a record."""
    lines = re.findall(rf"^- {name}: (.+)$", record.read_text(), re.MULTILINE)
    assert len(lines) == 1, f"{record.name} needs one line `- {name}: …`"
    return str(lines[0])


def title(record: Path) -> str:
    return record.read_text().partition("\n")[0]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_decision_has_date_status_and_options(record: Path) -> None:
    assert title(record).startswith(f"# {record.name[:4]} ")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", field(record, "Date"))
    assert STATUS.fullmatch(field(record, "Status"))
    assert "\n## Options\n" in record.read_text()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_decision_fits_half_a_page(record: Path) -> None:
    assert len(record.read_text().split()) <= LONGEST


def test_every_decision_has_its_own_number() -> None:
    numbers = [record.name[:4] for record in RECORDS]
    assert len(numbers) == len(set(numbers)) > 20


def test_the_index_lists_every_decision() -> None:
    rows = ROW.findall((FOLDER / "README.md").read_text())
    expected = [
        (
            record.name[:4],
            record.name,
            title(record)[7:],
            field(record, "Date"),
            field(record, "Status").partition(";")[0],
        )
        for record in RECORDS
    ]
    assert rows == expected
