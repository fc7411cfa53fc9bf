"""Cells that a spreadsheet would run are made safe, and nothing else is changed."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules import cells

FORMULAS = [
    "=1+1",
    "+818012345678",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    '=HYPERLINK("https://x.example","y")',
    "=cmd|'/c calc'!A0",
    "＝1",
    "＠x",
]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_shown_and_not_run(text: str) -> None:
    assert read(cells.lines([[text, "x"]])) == [["'" + text, "x"]]


@pytest.mark.parametrize("text", ["", "a=b", " =1", "'=1", "0", "日本", 'a"b', "a,b", "a\r\n=b", "\ufeffa"])
def test_another_text_is_left_alone(text: str) -> None:
    assert read(cells.lines([[text, "x"]])) == [[text, "x"]]


def test_numbers_switches_and_nothing_are_no_texts() -> None:
    assert cells.lines([[-5, 0, True, False, None]]) == "-5,0,true,false,\r\n"


@given(st.lists(st.lists(st.text(), min_size=2), min_size=1))
def test_what_is_written_can_be_read_and_begins_like_no_formula(rows: list[list[str]]) -> None:
    found = read(cells.lines(rows))
    assert [[cell.removeprefix("'") for cell in row] for row in found] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    assert not [cell for row in found for cell in row if cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))]
