"""Record clicks: the first that counts makes one callback."""

import dataclasses
import datetime as dt
import json
import threading
from collections.abc import Callable

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, func, select

from shortener.clicks import record
from shortener.clicks.new_click import NewClick
from shortener.clicks.resolve import resolve
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.running.services import Services, services
from shortener.storage import db
from shortener.storage.models import Base, Callback, Click, Link
from tests.support.factories import TARGET, Sender, make_message, slug_of
from tests.support.waiting import until

CALLBACK = "http://127.0.0.1:9/clicked"
SECOND = dt.timedelta(seconds=1)
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
        return record.record_all(connection, new_clicks, services.slugs)


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


def test_clicks_of_many_links_take_few_statements(sender: Sender, services: Services) -> None:
    new_clicks = [prepared(number_of(make_message(sender, lt_callbackurl=CALLBACK).link)) for _ in range(50)]
    links: list[int] = []
    statements: list[str] = []

    @event.listens_for(db.db.engine, "before_cursor_execute")
    def on_statement(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        statements.append(statement.split()[0])
        if statement.startswith("INSERT INTO click"):
            links.extend(row["link_id"] if isinstance(row, dict) else row[0] for row in parameters)  # type: ignore[attr-defined]

    assert record_all(new_clicks[::-1], services) == 50
    assert [statement for statement in statements if statement != "BEGIN"] == ["INSERT", "SELECT", "UPDATE", "INSERT"]
    assert links == sorted(new_click.link_id for new_click in new_clicks)


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
        waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        until(lambda: looker.execute(waits).fetchone() == (1,))
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
