"""Parameters of message lists: accepted values, and how they are written back."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.reporting.message_filter import FILTERS, PARAMETERS, Filter
from shortener.rules.visitors.visitor import Visitor
from shortener.rules.wire import cursor

NINE = dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC)
EVERYTHING = {
    "from": "2026-11-22T09:00:00.000000Z",
    "to": "2026-11-23T09:00:00.000000Z",
    "tag": "a&b=ü",
    "clicked": "false",
    "visitor": "preview",
    "state": "delivered",
    "recipient": "+818012345678",
    "client_tag": "order-1",
    "text": "ord",
    "limit": "7",
}


def test_what_was_given_is_given_back() -> None:
    place = cursor.after_row(NINE, 5)
    wanted = Filter.check({**EVERYTHING, "cursor": place})
    assert wanted.parameters() == EVERYTHING
    assert wanted.before() == (NINE, 5)
    assert Filter.check({}).parameters() == {}
    assert {*PARAMETERS} == {*EVERYTHING, "cursor"}
    assert {*FILTERS} == {*EVERYTHING} - {"limit"}


def test_a_list_begins_at_cursor_or_period_end() -> None:
    later = cursor.after_row(NINE + dt.timedelta(days=3), 5)
    assert Filter.check({"to": EVERYTHING["to"]}).before() == (NINE + dt.timedelta(days=1), 0)
    assert Filter.check({"to": EVERYTHING["to"], "cursor": later}).before() == (NINE + dt.timedelta(days=1), 0)
    assert Filter.check({}).before() is None


@pytest.mark.parametrize("visitor", Visitor)
def test_every_class_of_visitor_may_be_asked_for(visitor: Visitor) -> None:
    assert Filter.check({"visitor": visitor.value}).visitor == visitor


def test_a_time_may_have_any_zone() -> None:
    assert Filter.check({"from": "2026-11-22T18:00:00+09:00"}).start == NINE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", "yesterday"),
        ("from", "2026-11-22"),
        ("to", "2026-11-22T09:00:00"),
        ("to", "0001-01-01T00:00:00+14:00"),
        ("to", "9" * 5000),
        ("tag", ""),
        ("tag", "a\0"),
        ("tag", "\ud800"),
        ("tag", "x" * 201),
        ("client_tag", "x" * 201),
        ("text", "x" * 201),
        ("text", "\0"),
        ("clicked", "yes"),
        ("clicked", "1"),
        ("visitor", "human"),
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "1e1"),
        ("limit", "²"),
        ("limit", "9" * 5000),
        ("cursor", ""),
        ("cursor", "x"),
        ("cursor", "_" * 20),
        ("colour", "red"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        Filter.check({name: value})
    assert list(refused.value.fields) == [name]


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        Filter.check({"from": "x", "limit": "x", "clicked": "x"})
    assert refused.value.fields == {
        "from": ["must be a time like 2026-11-22T09:00:00Z"],
        "limit": ["must be a whole number from 1 to 100"],
        "clicked": ["must be true or false"],
    }


@given(st.sampled_from(PARAMETERS), st.text())
def test_any_text_is_taken_or_refused(name: str, value: str) -> None:
    try:
        wanted = Filter.check({name: value})
    except InvalidFieldsError as error:
        faulty = list(error.fields)
    else:
        faulty = [] if wanted.cursor or Filter.check(wanted.parameters()) == wanted else ["lost"]
    assert faulty in ([], [name])
