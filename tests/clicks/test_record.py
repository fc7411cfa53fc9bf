"""Record clicks: the first that counts on any link of a message makes one callback."""

import contextlib
import dataclasses
import datetime as dt
import json
import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select

from shortener.callbacks.kind import CALLBACKS
from shortener.clicks import record
from shortener.clicks.new_click import NewClick
from shortener.clicks.resolve import resolve
from shortener.clicks.statements import STATEMENTS
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import Services, services
from shortener.storage import db
from shortener.storage.direct import Direct, Value
from shortener.storage.models import Base, Callback, Click, Link
from tests.support.factories import TARGET, Sender, make_message, slug_of
from tests.support.links import add_link
from tests.support.waiting import until

CALLBACK = "http://127.0.0.1:9/clicked"
SECOND = dt.timedelta(seconds=1)
SECOND_TARGET = "https://shop.example.com/2"
PERSON = Verdict(Visitor.PERSON, "browser")
PREVIEW = Verdict(Visitor.PREVIEW, "token:whatsapp/")


def number_of(link: Link | None) -> int:
    assert link is not None
    return link.number


def prepared(number: int, verdict: Verdict = PERSON) -> NewClick:
    resolved = resolve(services().readers, number)
    assert resolved is not None
    return NewClick.of(resolved, verdict)


def stored(new_click: NewClick, services: Services) -> bool:
    return record_all([new_click], services) == 1


def record_all(new_clicks: list[NewClick], services: Services) -> int:
    with db.writing() as connection:
        return record.record_all(connection, new_clicks, services.slugs).callbacks


def pushed(app: Flask, work: Callable[[], object]) -> None:
    """Do the work in its own application context, as a thread needs it."""
    with app.app_context():
        work()


def count(table: type[Base]) -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def accessed_on(number: int) -> object:
    with db.read() as session:
        return session.scalars(select(Link.accessed_on).where(Link.number == number)).one()


def await_lock(database_url: str) -> None:
    """Wait until a transaction waits for another one's lock."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(database_url, autocommit=True) as looker:
        until(lambda: looker.execute(waits).fetchone() == (1,))


def test_the_first_click_makes_the_callback(sender: Sender, services: Services) -> None:
    done = make_message(
        sender, lt_callbackurl=CALLBACK, client_tag="t-1", tags="a,b", metadata={"k": 1}, recipient="+81"
    )
    new_click = prepared(number_of(done.link))
    assert stored(new_click, services)
    assert accessed_on(number_of(done.link)) == new_click.clicked_on
    with db.read() as session:
        callback = session.scalars(select(Callback)).one()
    told = json.loads(callback.body)
    assert told["type"] == "link.clicked"
    assert told["data"] == {
        "msgid": done.message.msgid,
        "client_tag": "t-1",
        "recipient": "+81",
        "link": TARGET,
        "shortlink": f"https://s.example.com/{slug_of(done.link)}",
        "accessed": True,
        "accessed_on": told["timestamp"],
        "visitor": "person",
        "tags": ["a", "b"],
        "metadata": {"k": 1},
    }
    assert callback.url == CALLBACK
    assert callback.due_on == new_click.clicked_on


def test_later_clicks_are_stored_without_other_changes(sender: Sender, services: Services) -> None:
    done = make_message(sender, lt_callbackurl=CALLBACK)
    first = prepared(number_of(done.link))
    assert stored(first, services)
    assert not stored(prepared(number_of(done.link)), services)
    assert accessed_on(number_of(done.link)) == first.clicked_on
    assert (count(Click), count(Callback)) == (2, 1)


def test_a_message_without_a_callback_url_makes_none(sender: Sender, services: Services) -> None:
    done = make_message(sender)
    assert not stored(prepared(number_of(done.link)), services)
    assert accessed_on(number_of(done.link)) is not None
    assert count(Callback) == 0


def test_a_preview_is_stored_without_counting(sender: Sender, services: Services) -> None:
    done = make_message(sender, lt_callbackurl=CALLBACK)
    assert not stored(prepared(number_of(done.link), PREVIEW), services)
    assert accessed_on(number_of(done.link)) is None
    assert stored(prepared(number_of(done.link)), services)


@pytest.mark.parametrize(
    ("threshold", "visitor", "counts"),
    [
        ("person", Visitor.PERSON, True),
        ("person", Visitor.UNKNOWN, False),
        ("person_or_unknown", Visitor.UNKNOWN, True),
        ("person_or_unknown", Visitor.BOT, False),
        ("any", Visitor.BOT, True),
        ("any", Visitor.SCANNER, True),
    ],
)
def test_one_threshold_decides_accessed_on_and_callback(
    sender: Sender, services: Services, threshold: str, visitor: Visitor, counts: bool
) -> None:
    done = make_message(sender, lt_callbackurl=CALLBACK, count_as_click=threshold)
    stored(prepared(number_of(done.link), Verdict(visitor, "x")), services)
    assert (accessed_on(number_of(done.link)) is not None) is counts
    assert (count(Callback) == 1) is counts


def test_the_same_click_stored_twice_is_one_click(sender: Sender, services: Services) -> None:
    new_click = prepared(number_of(make_message(sender, lt_callbackurl=CALLBACK).link))
    stored(new_click, services)
    stored(new_click, services)
    assert (count(Click), count(Callback)) == (1, 1)


def test_a_click_is_stored_whole_or_not_at_all(
    sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = number_of(make_message(sender, lt_callbackurl=CALLBACK).link)
    new_click = prepared(number)

    def fail(*_: object) -> bytes:
        raise RuntimeError("the event cannot be built")

    monkeypatch.setattr(record, "_event_body", fail)
    with pytest.raises(RuntimeError):
        stored(new_click, services)
    assert accessed_on(number) is None
    assert (count(Click), count(Callback)) == (0, 0)


def test_clicks_of_a_link_are_ordered_by_time(sender: Sender, services: Services) -> None:
    number = number_of(make_message(sender).link)
    new_clicks = [prepared(number) for _ in range(5)]
    for new_click in new_clicks:
        stored(new_click, services)
    with db.read() as session:
        times = session.scalars(select(Click.clicked_on).order_by(Click.id)).all()
    assert [time.timestamp() // 0.001 for time in times] == sorted(time.timestamp() // 0.001 for time in times)


def test_the_earliest_counted_click_is_the_first(sender: Sender, services: Services) -> None:
    number = number_of(make_message(sender, lt_callbackurl=CALLBACK).link)
    preview = prepared(number, PREVIEW)
    first, second, third = (
        dataclasses.replace(prepared(number), clicked_on=preview.clicked_on + later * SECOND) for later in (1, 2, 3)
    )
    assert record_all([third, first, preview, second], services) == 1
    assert accessed_on(number) == first.clicked_on
    assert (count(Click), count(Callback)) == (4, 1)


def test_clicks_of_many_links_take_few_statements(
    sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_clicks = [prepared(number_of(make_message(sender, lt_callbackurl=CALLBACK).link)) for _ in range(50)]
    statements: list[str] = []
    first_rows: list[Any] = []

    class Noting(Direct):
        def read(self, statement: str, numbers: Iterable[int]) -> list[tuple[Any, ...]]:
            statements.append(statement)
            return super().read(statement, numbers)

        def write(self, statement: str, rows: Sequence[Sequence[Value]]) -> int:
            statements.append(statement)
            first_rows.extend(rows if len(statements) == 1 else [])
            return super().write(statement, rows)

    monkeypatch.setattr(record, "Direct", Noting)
    assert record_all(new_clicks[::-1], services) == 50
    expected = STATEMENTS[services.readers.dialect]
    assert tuple(statements) == dataclasses.astuple(expected)
    assert [row[0] for row in first_rows] == sorted(new_click.link_id for new_click in new_clicks)


def test_links_are_locked_in_the_order_of_their_ids(
    app: Flask, sender: Sender, services: Services, database_url: str
) -> None:
    """Transactions that share links then lock them in the same order, and cannot deadlock."""
    if database_url.startswith("sqlite:"):
        pytest.skip("SQLite has one writer at a time, and no locks on rows")
    new_clicks = [prepared(number_of(make_message(sender, lt_callbackurl=CALLBACK).link)) for _ in range(12)]
    links = sorted(new_click.link_id for new_click in new_clicks)
    with psycopg.connect(database_url) as holder, psycopg.connect(database_url, autocommit=True) as looker:
        holder.execute("SELECT id FROM link WHERE id = %s FOR NO KEY UPDATE", [links[6]])
        storing = threading.Thread(target=pushed, args=(app, lambda: record_all(new_clicks[::-1], services)))
        storing.start()
        await_lock(database_url)
        free = looker.execute("SELECT id FROM link ORDER BY id FOR NO KEY UPDATE SKIP LOCKED").fetchall()
        assert [link for (link,) in free] == links[7:]
    storing.join()
    assert (count(Click), count(Callback)) == (12, 12)


def test_many_threads_at_once_make_one_first_click(app: Flask, sender: Sender, services: Services) -> None:
    number = number_of(make_message(sender, lt_callbackurl=CALLBACK).link)
    new_clicks = [prepared(number) for _ in range(10)]
    barrier, made = threading.Barrier(len(new_clicks)), []

    def click(new_click: NewClick) -> None:
        with app.app_context():
            barrier.wait()
            made.append(stored(new_click, services))

    threads = [threading.Thread(target=click, args=(new_click,)) for new_click in new_clicks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False] * 9 + [True]
    assert (count(Click), count(Callback)) == (10, 1)


@pytest.fixture
def numbers(sender: Sender) -> tuple[int, int]:
    """The numbers of the two links of a message with a callback."""
    made = make_message(sender, lt_callbackurl=CALLBACK)
    return number_of(made.link), number_of(add_link(made))


def later(new_click: NewClick, seconds: int) -> NewClick:
    return dataclasses.replace(new_click, clicked_on=new_click.clicked_on + seconds * SECOND)


def told() -> tuple[int, str, dt.datetime]:
    """The link that the only callback names in its row, that of its event, and the time of the click."""
    with db.read() as session:
        callback = session.scalars(select(Callback)).one()
        number = session.scalars(select(Link.number).where(Link.id == callback.link_id)).one()
    data = json.loads(callback.body)["data"]
    assert data["accessed_on"] == rfc3339(callback.created_on) == rfc3339(callback.due_on)
    return number, data["link"], callback.created_on


def test_each_link_has_its_first_click(numbers: tuple[int, int], services: Services) -> None:
    one, other = map(prepared, numbers)
    assert stored(one, services)
    assert not stored(later(other, 5), services)
    assert [accessed_on(number) for number in numbers] == [one.clicked_on, later(other, 5).clicked_on]
    assert told() == (numbers[0], TARGET, one.clicked_on)


def test_a_group_makes_one_callback_per_message(sender: Sender, numbers: tuple[int, int], services: Services) -> None:
    one, other = map(prepared, numbers)
    assert record_all([later(one, 3), later(other, 2), later(other, 4)], services) == 1
    assert [accessed_on(number) for number in numbers] == [later(one, 3).clicked_on, later(other, 2).clicked_on]
    assert told() == (numbers[1], SECOND_TARGET, later(other, 2).clicked_on)


def test_a_late_click_moves_an_unclaimed_callback(numbers: tuple[int, int], services: Services) -> None:
    one, other = map(prepared, numbers)
    assert stored(later(one, 10), services)
    assert not stored(other, services)
    assert [accessed_on(number) for number in numbers] == [later(one, 10).clicked_on, other.clicked_on]
    assert told() == (numbers[1], SECOND_TARGET, other.clicked_on)


def test_late_clicks_correct_both_links_together(numbers: tuple[int, int], services: Services) -> None:
    one, other = map(prepared, numbers)
    again = [dataclasses.replace(click, id=uuid.uuid4()) for click in (one, other)]
    record_all([later(one, 10), later(other, 11)], services)
    assert record_all([later(again[0], 2), later(again[1], 1)], services) == 0
    assert [accessed_on(number) for number in numbers] == [
        later(again[0], 2).clicked_on,
        later(again[1], 1).clicked_on,
    ]
    assert told() == (numbers[1], SECOND_TARGET, later(again[1], 1).clicked_on)


def test_a_late_click_keeps_a_claimed_callback(numbers: tuple[int, int], services: Services) -> None:
    """The link whose click has been told keeps its time; the other link gets its own."""
    one, other = map(prepared, numbers)
    record_all([later(one, 10), later(other, 20)], services)
    with db.write() as session:
        assert CALLBACKS.claim(session, now=later(one, 60).clicked_on, limit=1, lease=SECOND, per_destination=1)
    late = [dataclasses.replace(click, id=uuid.uuid4()) for click in (one, other)]
    assert record_all(late, services) == 0
    assert [accessed_on(number) for number in numbers] == [later(one, 10).clicked_on, late[1].clicked_on]
    with db.read() as session:
        callback = session.scalars(select(Callback)).one()
    assert (callback.created_on, json.loads(callback.body)["data"]["link"]) == (later(one, 10).clicked_on, TARGET)


def test_threads_on_two_links_make_one_callback(app: Flask, numbers: tuple[int, int], services: Services) -> None:
    new_clicks = [later(prepared(number), 9 - n) for n in range(5) for number in numbers]
    barrier, made = threading.Barrier(len(new_clicks)), []

    def click(new_click: NewClick) -> None:
        barrier.wait()
        made.append(stored(new_click, services))

    threads = [threading.Thread(target=pushed, args=(app, partial(click, one))) for one in new_clicks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False] * 9 + [True]
    firsts = [min(one.clicked_on for one in new_clicks[n::2]) for n in (0, 1)]
    assert [accessed_on(number) for number in numbers] == firsts
    assert told()[2] == min(firsts)


@pytest.mark.parametrize("commits", [True, False], ids=["the other commits", "the other fails"])
def test_two_nodes_make_one_callback(
    app: Flask, numbers: tuple[int, int], services: Services, database_url: str, commits: bool
) -> None:
    """The second waits for the first, and makes the callback itself if the first fails."""
    if database_url.startswith("sqlite:"):
        pytest.skip("SQLite has one writer at a time")
    one, other = map(prepared, numbers)
    made: list[bool] = []
    storing = threading.Thread(target=pushed, args=(app, lambda: made.append(stored(other, services))))
    with contextlib.suppress(RuntimeError), db.writing() as connection:
        assert record.record_all(connection, [later(one, 10)], services.slugs) == (1, 1)
        storing.start()
        await_lock(database_url)
        if not commits:
            raise RuntimeError
    storing.join()
    assert made == [not commits]
    first = later(one, 10).clicked_on if commits else None
    assert [accessed_on(number) for number in numbers] == [first, other.clicked_on]
    assert told() == (numbers[1], SECOND_TARGET, other.clicked_on)
