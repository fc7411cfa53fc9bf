"""New clicks: ids, and which of them count."""

import datetime as dt
import uuid

import pytest

from shortener.clicks.new_click import NewClick
from shortener.clicks.resolve import Resolved
from shortener.rules.visitors.visitor import Verdict, Visitor
from tests.support.factories import NOW

MICROSECOND = dt.timedelta(microseconds=1)


def make(now: dt.datetime = NOW, visitor: Visitor = Visitor.PERSON, *, accessed: bool = False) -> NewClick:
    resolved = Resolved(1, "https://example.com/", True, False, accessed, "person", now)
    return NewClick.of(resolved, Verdict(visitor, "browser"))


def test_ids_are_ordered_by_microsecond() -> None:
    ids = [make(NOW + number * MICROSECOND).id for number in range(2000)]
    assert ids == sorted(ids)


def test_an_id_is_a_version_7_uuid() -> None:
    made = make().id
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_two_clicks_of_one_moment_differ() -> None:
    assert make().id != make().id


@pytest.mark.parametrize(
    ("visitor", "accessed", "counts"),
    [(Visitor.PERSON, False, True), (Visitor.PERSON, True, False), (Visitor.PREVIEW, False, False)],
)
def test_only_the_first_click_of_a_person_counts(visitor: Visitor, accessed: bool, counts: bool) -> None:
    assert make(visitor=visitor, accessed=accessed).counts is counts
