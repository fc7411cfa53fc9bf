"""A cursor decodes to its values; an invalid one is refused."""

import base64
import contextlib
import datetime as dt
import struct
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.rules.wire import cursor


@given(st.datetimes(timezones=st.just(dt.UTC)), st.integers(-(2**63), 2**63 - 1))
def test_a_rows_cursor_is_read_back(moment: dt.datetime, row_id: int) -> None:
    assert cursor.row(cursor.after_row(moment, row_id)) == (moment, row_id)


@given(st.uuids())
def test_a_clicks_cursor_is_read_back(click_id: uuid.UUID) -> None:
    assert cursor.click(cursor.after_click(click_id)) == click_id


@given(st.integers(-(2**63), 2**63 - 1), st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_names_cursor_is_read_back(number: int, name: str) -> None:
    assert cursor.named(cursor.after_name(number, name)) == (number, name)


def test_a_name_that_no_database_has_is_refused() -> None:
    with pytest.raises(InvalidFieldsError):
        cursor.named(cursor.after_name(1, "a\0"))


@pytest.mark.parametrize("read", [cursor.row, cursor.click, cursor.named])
@given(text=st.text())
def test_any_text_is_a_cursor_or_refused(read: Callable[[str], object], text: str) -> None:
    with contextlib.suppress(InvalidFieldsError):
        assert read(text)


def test_a_time_beyond_time_is_refused() -> None:
    beyond = base64.urlsafe_b64encode(struct.pack(">qq", 2**63 - 1, 1)).decode()
    with pytest.raises(InvalidFieldsError):
        cursor.row(beyond)
