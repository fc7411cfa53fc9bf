"""Cells that a spreadsheet would run are made safe, and nothing else is changed."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.wire import csv_cells
from tests.support import ROOT

GUIDE = ROOT / "docs" / "integrate" / "lists.md"
FORMULAS = [
    "=1+1",
    "+818012345678",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    '=HYPERLINK("https://x.example","y")',
    "=cmd|'/c calc'!A0",
    "＝1",
    "＠x",
]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_shown_and_not_run(text: str) -> None:
    assert read(csv_cells.lines([[text, "x"]])) == [["'" + text, "x"]]


CHANGED = [
    "09012345678",
    "00042",
    "1-2",
    "12345678901234567890",
    "818012345678",
    "3/4",
    "2025-11-22",
    "10:30",
    "10:30 pm",
    "1e5",
    "12E-3",
    "1.50",
    "1,000",
    "5 %",
    "$5",
    "¥500",
    "(5)",
    ".5",
    " 007",
    "MAR1",
    "1-Jan",
    "sept 2",
    "5 March 2025",
    "０９０１２３４",
    "1月2日",
    "2025年11月22日",
    "R7.1.2",
    "令和7年1月2日",
    "true",
    "FALSE",
    "0" * 1000,
]


@pytest.mark.parametrize("text", CHANGED)
def test_a_text_that_would_become_a_number_stays_text(text: str) -> None:
    assert read(csv_cells.lines([[text, "x"]])) == [["'" + text, "x"]]


PARTED = {
    'a;=HYPERLINK("https://x.example")': 'a;\'=HYPERLINK("https://x.example")',
    "b\t=1+1": "b\t'=1+1",
    "b;+1;-2;@x": "b;'+1;'-2;'@x",
    'c;"=1"': 'c;\'"=1"',
    "c; =1": "c;' =1",
    "d\r\n=b": "d\r'\n'=b",
    "e;＝1": "e;'＝1",
    "it's;'=1": "it's;''=1",
    "'=1": "''=1",
    "'90s": "''90s",
    "=1;=2": "'=1;'=2",
    "\t=1": "'\t'=1",
    "\r=1": "'\r'=1",
    "\n=1": "'\n'=1",
}


@pytest.mark.parametrize(("text", "safe"), PARTED.items())
def test_no_formula_begins_behind_another_delimiter(text: str, safe: str) -> None:
    assert read(csv_cells.lines([[text, "x"]])) == [[safe, "x"]]
    assert not [
        cell
        for delimiter in ";\t"
        for row in csv.reader(io.StringIO(csv_cells.lines([[text, "x"]]), newline=""), delimiter=delimiter)
        for cell in row
        if cell.lstrip('" ').startswith(tuple("=+-@＝＋－＠"))
    ]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_comma_begins_a_cell_in_other_files(delimiter: str) -> None:
    assert csv_cells.lines([["a,=1", "b,c"]], delimiter) == f"a,'=1{delimiter}b,c\r\n"
    assert csv_cells.lines([["a,=1"]]) == '"a,=1"\r\n'


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a=b",
            " =x",
            "0",
            "42",
            "8012345678",
            "日本",
            'a"b',
            "a,b",
            "\ufeffa",
            "a;b",
            "a - b",
            "order-1",
            "x1-2",
        ),
        *("2026-11-22T09:00:00Z", "jane5", "may", "decade10", "R1", "true story", "it's", "https://e.example/?a=1;b=2"),
    ],
)
def test_another_text_is_left_alone(text: str) -> None:
    assert read(csv_cells.lines([[text, "x"]])) == [[text, "x"]]


def test_numbers_switches_and_nothing_are_no_texts() -> None:
    assert csv_cells.lines([[-5, 0, True, False, None]]) == "-5,0,true,false,\r\n"


UNDONE = {"comma": r"(\A|[;\t\r\n])'", "semicolon": r"(\A|[;\t\r\n,])'", "tab": r"(\A|[;\t\r\n,])'"}
TEXTS = st.text() | st.text(alphabet="'\"=+-@;,\t\r\n 01a") | st.sampled_from([*FORMULAS, *CHANGED, *PARTED])


@pytest.mark.parametrize("name", csv_cells.DELIMITERS)
@given(st.lists(st.lists(TEXTS, min_size=2), min_size=1))
def test_a_program_gets_every_text_back(name: str, rows: list[list[str]]) -> None:
    delimiter = csv_cells.DELIMITERS[name]
    written = io.StringIO(csv_cells.lines(rows, delimiter), newline="")
    found = list(csv.reader(written, delimiter=delimiter))
    assert [[re.sub(UNDONE[name], r"\1", cell) for cell in row] for row in found] == rows
    assert not [cell for row in found for cell in row if cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))]


def test_the_guide_says_how_a_program_undoes_it() -> None:
    assert f're.sub(r"{UNDONE["comma"]}", r"\\1", cell)' in GUIDE.read_text("utf-8")
