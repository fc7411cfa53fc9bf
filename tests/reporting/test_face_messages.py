"""Messages for vendors' wire formats: found by name, listed page by page, given out once."""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from shortener.accounts.senders import Sender as Account
from shortener.errors import InvalidFieldsError, MessageNotFoundError
from shortener.messages.analysis import analyze
from shortener.messages.from_face import FromFace
from shortener.messages.submission import Submission
from shortener.reporting import face_messages, face_search
from shortener.reporting.face_filter import FaceFilter
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.wire.cursor import after_row
from shortener.running.services import services
from shortener.storage import db, models
from shortener.storage.models import Message
from shortener.web import face_messages as use_cases
from tests.support.databases import listening
from tests.support.factories import DAY, TARGET, TEXT, Sender, make_account
from tests.support.plans import scans, steps

QUEUE = "acme sms"
HOUR = dt.timedelta(hours=1)


def account_of(sender: Sender) -> Account:
    with db.read() as session:
        return Account.of(session.scalars(select(models.Account).where(models.Account.name == sender.name)).one())


def store(
    sender: Sender, /, *, state: MessageState | None = None, age: dt.timedelta = HOUR, **more: Any
) -> FaceMessage:
    """Store a message as a face does, so long ago, and give it a state a second later."""
    account, site = account_of(sender), services().site
    face = FromFace(
        name="acme", **{name: more.pop(name) for name in ("fields", "bulk_id", "pull_queue") if name in more}
    )
    submission = Submission.check({"message": TEXT, **more}, services().policy)
    analysis = analyze(submission, account, site, face=face)
    done = services().group_commit.preprocess(account, analysis, site)
    with db.write() as session:
        then = db.now(session) - age
        values = {"state": state, "received_on": then, "state_on": then + dt.timedelta(seconds=1) if state else None}
        session.execute(update(Message).where(Message.id == done.message.id).values(**values))
    with db.read() as session:
        found = face_messages.replayed(session, analysis, done, site)
    assert found is not None
    return found


def page(sender: Sender, /, **wanted: Any) -> tuple[list[FaceMessage], str | None]:
    with db.read() as session:
        return face_messages.page(session, account_of(sender), FaceFilter(**wanted), services().site)


def found(sender: Sender, /, **wanted: Any) -> list[str]:
    return [message.msgid for message in page(sender, **wanted)[0]]


def pull(sender: Sender, /, **wanted: Any) -> list[str]:
    asked = FaceFilter(**{"pull_queue": QUEUE, **wanted})
    return [message.msgid for message in use_cases.pull(account_of(sender), asked)]


# One message


def test_a_message_has_what_faces_need(sender: Sender) -> None:
    html = f'<a href="{TARGET}">x</a>'
    stored = store(
        sender, html=html, subject="Parcel", sender="SHOP", recipient="+818012345678", client_tag="order-1",
        tags=["a"], fields={"ref": "r"}, bulk_id="b1", state=MessageState.FAILED,
    )  # fmt: skip
    assert (stored.client_tag, stored.bulk_id, stored.fields, stored.tags) == ("order-1", "b1", {"ref": "r"}, ("a",))
    assert (stored.sender, stored.recipient, stored.subject) == ("SHOP", "+818012345678", "Parcel")
    assert stored.text == TEXT.replace(TARGET, str(stored.shortlink))
    assert stored.html == html.replace(TARGET, str(stored.shortlink))
    assert (stored.links[0].link, stored.accessed_on, stored.sid) == (TARGET, None, sender.sid)
    assert (stored.state, stored.is_final, stored.sent_on) == ("failed", True, None)


def test_a_message_is_found_by_both_names(sender: Sender) -> None:
    message = store(sender, client_tag="order-1")
    with db.read() as session:
        account, site = account_of(sender), services().site
        by_msgid = face_messages.find(session, account, message.msgid, site)
        assert by_msgid == face_messages.find(session, account, "order-1", site, face="acme")
        assert by_msgid.msgid == message.msgid


@pytest.mark.parametrize("name", ["other", "order-2", "", "x" * 10_000])
def test_another_accounts_message_is_not_found(sender: Sender, name: str) -> None:
    other = store(make_account("other"), client_tag="order-2")
    with db.read() as session, pytest.raises(MessageNotFoundError):
        face_messages.find(session, account_of(sender), other.msgid if name == "other" else name, services().site)


def test_another_faces_message_is_not_found(sender: Sender) -> None:
    message = store(sender)
    with db.read() as session, pytest.raises(MessageNotFoundError):
        face_messages.find(session, account_of(sender), message.msgid, services().site, face="bravo")


# Pages


def test_pages_follow_each_other_by_cursor(sender: Sender) -> None:
    stored = [store(sender, age=number * HOUR).msgid for number in range(1, 6)]
    first, cursor = page(sender, limit=2)
    second, cursor_2 = page(sender, limit=2, cursor=cursor)
    third, end = page(sender, limit=2, cursor=cursor_2)
    assert [message.msgid for message in first + second + third] == stored
    assert end is None
    assert found(sender, limit=2, offset=2) == stored[2:4]


def test_a_page_examines_a_bounded_number(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_search, "EXAMINED", 3)
    monkeypatch.setattr(face_search, "BLOCKS", 2)
    for number in range(1, 7):
        store(sender, age=number * HOUR)
    oldest = store(sender, age=7 * HOUR, sender="SHOP")
    nothing, cursor = page(sender, senders=["SHOP"])
    assert (nothing, cursor is not None) == ([], True)
    assert [message.msgid for message in page(sender, senders=["SHOP"], cursor=cursor)[0]] == [oldest.msgid]


def test_later_messages_are_not_examined(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_search, "EXAMINED", 2)
    monkeypatch.setattr(face_search, "BLOCKS", 1)
    stored = [store(sender, age=number * HOUR).msgid for number in range(1, 7)]
    with db.read() as session:
        noon = db.now(session) - 5 * HOUR / 2
    for period in ("sent_to", "received_to"):
        found_in_period, cursor = page(sender, **{period: noon})
        assert [message.msgid for message in found_in_period] == stored[2:4]
        assert [message.msgid for message in page(sender, cursor=cursor, **{period: noon})[0]] == stored[4:]


def test_the_nearest_beginning_comes_first(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two, SQLite uses the first: with the farther one it would read the whole period for each block."""
    monkeypatch.setattr(face_search, "EXAMINED", 2)
    for number in range(1, 6):
        store(sender, age=number * HOUR)
    with db.read() as session, listening() as executed:
        assert found(sender, received_from=db.now(session) - DAY, senders=["nobody"]) == []
    begins = [statement.find("(message.received_on, message.id) >=") for statement, _ in executed]
    periods = [statement.find("message.received_on >=") for statement, _ in executed]
    blocks = [(begin, period) for begin, period in zip(begins, periods, strict=True) if begin > 0]
    assert len(blocks) == 2 and all(begin < period for begin, period in blocks)


def test_passing_over_goes_on_in_the_next_block(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_search, "EXAMINED", 2)
    stored = [store(sender, age=number * HOUR, sender="AB"[number % 2]).msgid for number in range(8)]
    assert found(sender, senders=["A"], limit=2, offset=1) == stored[2:6:2]
    assert found(sender, limit=2, offset=3) == stored[3:5]


def test_a_bulk_of_several_blocks_is_complete(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_search, "EXAMINED", 2)
    stored = [store(sender, age=number * HOUR, bulk_id="b1").msgid for number in (1, 3, 2, 5, 4)]
    assert found(sender, bulk_ids=["b1"]) == stored[::-1]
    first, cursor = page(sender, bulk_ids=["b1"], limit=3)
    second, end = page(sender, bulk_ids=["b1"], limit=3, cursor=cursor)
    assert ([message.msgid for message in first + second], end) == (stored[::-1], None)


def test_reasons_are_of_one_state_alone(sender: Sender) -> None:
    failed, sent, _ = (store(sender, state=state) for state in (MessageState.FAILED, MessageState.SENT, None))
    assert len(found(sender, reasons={MessageState.FAILED: [None]})) == 3
    assert failed.msgid not in found(sender, reasons={MessageState.FAILED: [Reason.BUSY]})
    assert found(sender, reasons={MessageState.SENT: [None]}, states=[MessageState.SENT]) == [sent.msgid]


def test_fields_and_senders_can_be_required(sender: Sender) -> None:
    plain, full = store(sender), store(sender, fields={"a": 1}, sender="SHOP")
    assert found(sender, has=["a"]) == found(sender, has_sender=True) == [full.msgid]
    assert found(sender) == [full.msgid, plain.msgid]


def test_a_foreign_cursor_is_refused(sender: Sender) -> None:
    with pytest.raises(InvalidFieldsError):
        page(sender, cursor="nonsense")


@pytest.mark.parametrize(
    "wanted",
    [
        {"bulk_ids": ["b1"]},
        {"senders": ["SHOP"]},
        {"recipients": ["+818012345678"]},
        {"states": [MessageState.DELIVERED]},
        {"tag": "a"},
        {"fields": {"campaign": "c1"}},
        {"names": ["order-1"]},
        {"completed_from": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
    ],
    ids=lambda wanted: next(iter(wanted)),
)
def test_a_filter_selects_its_messages(sender: Sender, wanted: dict[str, Any]) -> None:
    message = store(
        sender, bulk_id="b1", sender="SHOP", recipient="+818012345678", state=MessageState.DELIVERED, tags=["a", "b"],
        fields={"campaign": "c1"}, client_tag="order-1",
    )  # fmt: skip
    store(sender, fields={"campaign": "c2"}, tags=["c"], bulk_id="b2")
    store(make_account("other"), bulk_id="b1", sender="SHOP", fields={"campaign": "c1"}, client_tag="order-1")
    assert found(sender, **wanted) == [message.msgid]
    assert found(sender, face="bravo", **wanted) == []


@pytest.mark.parametrize("text", ["a\0", "\0", "\ud800"])
def test_what_no_database_holds_selects_nothing(sender: Sender, text: str) -> None:
    store(sender, fields={"a": "b"}, tags=["a"], bulk_id="b1", client_tag="c1")
    named: list[dict[str, Any]] = [{name: [text]} for name in ("names", "bulk_ids", "senders", "recipients")]
    for wanted in (*named, {"tag": text}, {"fields": {"a": text}}):
        assert page(sender, **wanted) == ([], None), wanted
    assert len(page(sender, names=[text, "c1"])[0]) == 1


def test_messages_without_state_can_be_selected(sender: Sender) -> None:
    plain, _ = store(sender), store(sender, state=MessageState.FAILED)
    assert found(sender, states=[None, MessageState.QUEUED]) == [plain.msgid]


def test_periods_select_by_their_times(sender: Sender) -> None:
    old, new = store(sender, age=2 * DAY), store(sender, age=HOUR, state=MessageState.DELIVERED)
    middle = new.received_on - DAY
    assert found(sender, received_from=middle) == found(sender, sent_from=middle) == [new.msgid]
    assert found(sender, received_to=middle) == found(sender, sent_to=middle) == [old.msgid]
    assert found(sender, completed_to=middle) == []


# Reports that are given out once


def test_a_report_is_given_out_once(sender: Sender) -> None:
    second = store(sender, pull_queue=QUEUE, state=MessageState.FAILED)
    first = store(sender, pull_queue=QUEUE, state=MessageState.DELIVERED, age=2 * HOUR)
    store(sender, pull_queue=QUEUE, state=MessageState.SENT)
    store(sender, pull_queue="other", state=MessageState.DELIVERED)
    store(sender, state=MessageState.DELIVERED)
    store(make_account("other"), pull_queue=QUEUE, state=MessageState.DELIVERED)
    assert pull(sender) == [first.msgid, second.msgid]
    assert pull(sender) == []


def test_a_pull_takes_what_it_asks_for(sender: Sender) -> None:
    stored = [
        store(sender, pull_queue=QUEUE, state=MessageState.DELIVERED, age=number * HOUR, bulk_id=f"b{number}").msgid
        for number in (3, 2, 1)
    ]
    assert pull(sender, bulk_ids=["b1"]) == [stored[2]]
    assert pull(sender, names=["x"]) == []
    assert pull(sender, limit=1) == [stored[0]]
    assert pull(sender) == [stored[1]]


def test_a_pull_reads_in_the_order_of_an_index(sender: Sender) -> None:
    """However many reports wait, it reads only the oldest: to sort them, it would have to read all."""
    states = [state for state in MessageState if state.is_final] * 2
    stored = [store(sender, pull_queue=QUEUE, state=state, age=HOUR * (20 - n)).msgid for n, state in enumerate(states)]
    with listening() as executed:
        assert pull(sender, limit=7) == stored[:7]
    selects = [(statement, values) for statement, values in executed if "pull_queue =" in statement]
    assert selects
    for statement, values in selects:
        plan = "; ".join(steps(statement, values))
        assert "ix_message_pull_queue" in plan and "Sort" not in plan and "B-TREE" not in plan, plan
    assert pull(sender) == stored[7:]


def test_reports_wait_for_two_days(sender: Sender) -> None:
    store(sender, pull_queue=QUEUE, state=MessageState.DELIVERED, age=2 * DAY + HOUR)
    assert pull(sender) == []


def test_a_pull_of_nothing_writes_nothing(sender: Sender) -> None:
    store(sender, pull_queue=QUEUE, state=MessageState.DELIVERED, fields={"campaign": "c1"})
    with listening() as executed:
        assert pull(sender, fields={"campaign": "c2"}) == []
    assert [statement for statement, _ in executed if statement.startswith(("UPDATE", "BEGIN IMMEDIATE"))] == []


def test_eight_clients_share_the_reports(app: Flask, sender: Sender) -> None:
    stored = [store(sender, pull_queue=QUEUE, state=MessageState.DELIVERED).msgid for _ in range(60)]
    got: list[str] = []
    start = threading.Barrier(8)

    def client() -> None:
        with app.app_context():
            start.wait()
            while more := pull(sender, limit=7):
                got.extend(more)

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(got) | Counter(pull(sender)) == Counter(stored)


@pytest.mark.parametrize(
    "wanted",
    [{}, {"bulk_ids": ["b"]}, {"names": ["a"]}, {"states": [MessageState.SCHEDULED]}, {"fields": {"a": "b"}}],
    ids=str,
)
def test_no_query_scans_a_growing_table(app: Flask, sender: Sender, wanted: dict[str, Any]) -> None:
    if db.db.engine.dialect.name != "sqlite":
        pytest.skip("SQLite's plans do not depend on the number of rows")
    store(sender)
    with listening() as executed:
        page(sender, **wanted)
        pull(sender, **wanted)
    assert [step for statement, values in executed for step in scans(statement, values)] == []


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({"bulk_ids": ["b"]}, "ix_message_bulk_id"),
        ({"bulk_ids": ["b", "c"], "received_from": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "ix_message_bulk_id"),
        ({"bulk_ids": ["b"], "cursor": after_row(dt.datetime(2030, 1, 1, tzinfo=dt.UTC), 5)}, "ix_message_bulk_id"),
        ({"states": [MessageState.SCHEDULED]}, "ix_message_state"),
    ],
)
def test_an_index_leads_to_few_messages(sender: Sender, wanted: dict[str, Any], index: str) -> None:
    if db.db.engine.dialect.name != "sqlite":
        pytest.skip("SQLite's plans do not depend on the number of rows")
    store(sender, bulk_id="b")
    with listening() as executed:
        page(sender, **wanted)
    plans = [" ".join(steps(statement, values)) for statement, values in executed if "received_on" in statement]
    assert all(f" {index} " in plan for plan in plans[:2]), plans
    assert not any("ix_message_account_id_received_on_id" in plan for plan in plans), plans


# Settings of a vendor


def test_each_vendor_has_its_own_settings(sender: Sender) -> None:
    account = account_of(sender)
    with db.write() as session:
        assert face_messages.settings(session, account, "acme") == {}
        face_messages.change_settings(session, account, "acme", lambda stored: {"a": 1})
        face_messages.change_settings(session, account, "bravo", lambda stored: {**stored, "b": [2]})
    with db.read() as session:
        assert face_messages.settings(session, account, "acme") == {"a": 1}
        assert face_messages.settings(session, account, "bravo") == {"b": [2]}


def test_settings_changed_at_once_are_merged(app: Flask, sender: Sender) -> None:
    account = account_of(sender)

    def change(name: str, meanwhile: Callable[[], object] = bool) -> None:
        with app.app_context(), db.write() as session:

            def added(stored: Mapping[str, Any]) -> Mapping[str, Any]:
                meanwhile()
                return {**stored, name: 1}

            face_messages.change_settings(session, account, "acme", added)

    other = threading.Thread(target=change, args=("b",))
    change("a", other.start)
    other.join()
    with db.read() as session:
        assert face_messages.settings(session, account, "acme") == {"a": 1, "b": 1}


# Adding up


def test_a_stored_number_is_added_up(sender: Sender, other_sender: Sender) -> None:
    for whose, parts in ((sender, 2), (sender, 3), (sender, None), (other_sender, 7)):
        store(whose, fields={} if parts is None else {"parts": parts}, state=MessageState.DELIVERED)
    store(sender, fields={"parts": 11}, state=MessageState.FAILED)
    wanted = FaceFilter(face="acme", states=[MessageState.DELIVERED], limit=1)
    with db.read() as session:
        assert face_messages.total(session, account_of(sender), wanted, "parts") == 5
        assert face_messages.total(session, account_of(sender), wanted, "pieces") == 0
