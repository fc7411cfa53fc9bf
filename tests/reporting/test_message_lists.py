"""Lists of messages: contents and order, and each message exactly once at any page size."""

import datetime as dt
from collections.abc import Sequence

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from shortener.accounts import senders
from shortener.receipts.advance import News, advance
from shortener.reporting import message_lists
from shortener.reporting.message_filter import Filter
from shortener.reporting.message_lists import Page
from shortener.rules.delivery.message_state import MessageState
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Account
from tests.support.databases import listening
from tests.support.factories import BROWSER, DAY, NOW, PREVIEW, TEXT, Made, Sender, make_message, slug_of

HOUR = DAY / 24


def pages(sender: Sender, **parameters: str) -> list[list[str]]:
    """The msgids of every page of a list."""
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        found, place = [], None
        while not found or place:
            given = {name.rstrip("_"): value for name, value in parameters.items()}
            page = find(session, account, {**given, "cursor": place})
            found.append([message.msgid for message, _ in page.rows])
            place = page.next
            assert (place is None) == (page.looked_back_to is None)
    return found


def find(session: Session, account: Account, given: dict[str, str | None]) -> Page:
    return message_lists.find(session, account, Filter.check(given), services().slugs)


def listed(sender: Sender, **parameters: str) -> list[str]:
    return [msgid for page in pages(sender, **parameters) for msgid in page]


def make(sender: Sender, count: int, **fields: object) -> list[str]:
    """Make `count` messages, each an hour after the last; return their msgids, newest first."""
    return [make_message(sender, now=NOW + n * HOUR, **fields).message.msgid for n in range(count)][::-1]


def click(client: FlaskClient, sender: Sender, agent: str = BROWSER, **fields: object) -> str:
    """A message whose link was clicked; its msgid."""
    made = make_message(sender, **fields)  # type: ignore[arg-type]  # `now` among them
    assert client.get(f"/{slug_of(made.link)}", headers={"User-Agent": agent}).status_code == 302
    return made.message.msgid


@pytest.mark.parametrize("filters", [{}, {"clicked": "false"}])
def test_a_block_of_a_period_has_one_beginning(
    app: Flask, sender: Sender, filters: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two, SQLite would use the farther one, and read the whole period for each page."""
    monkeypatch.setattr(message_lists, "LOOKED_AT", (1, 1))
    made = make(sender, 4)
    with listening() as executed:
        assert listed(sender, from_="2020-01-01T00:00:00Z", limit="1", **filters) == made
    bounded = [statement for statement, _ in executed if ">=" in statement]
    assert len(bounded) >= 4
    assert {statement.count(">=") for statement in bounded} == {1}


def test_the_newest_come_first_in_full_pages(app: Flask, sender: Sender) -> None:
    made = make(sender, 7)
    assert pages(sender, limit="3") == [made[:3], made[3:6], made[6:]]
    assert pages(sender, limit="7") == [made]


def test_messages_of_the_same_moment_are_each_shown_once(app: Flask, sender: Sender) -> None:
    made = [make_message(sender, now=NOW).message.msgid for _ in range(5)]
    assert pages(sender, limit="2") == [made[:2:-1], made[2:0:-1], made[:1]]


def test_a_period_has_its_beginning_and_not_its_end(app: Flask, sender: Sender) -> None:
    made = make(sender, 5)
    assert listed(sender, from_=str(NOW + HOUR), to=str(NOW + 3 * HOUR), limit="1") == made[2:4]
    assert listed(sender, from_=str(NOW + DAY)) == listed(sender, to=str(NOW)) == []


def test_a_tag_is_found_whole_and_in_its_case(app: Flask, sender: Sender) -> None:
    made = make_message(sender, tags=["spring", "日本 \"'%_"]).message.msgid
    make_message(sender, tags=["springs", "Spring", "a spring"])
    make_message(sender)
    assert listed(sender, tag="spring") == listed(sender, tag="日本 \"'%_") == [made]
    assert listed(sender, tag="日本%") == []


def test_the_clicked_filter_needs_a_link(client: FlaskClient, sender: Sender) -> None:
    clicked = click(client, sender)
    only_seen = click(client, sender, agent=PREVIEW)
    waiting = make_message(sender).message.msgid
    make_message(sender, "no link at all")
    assert listed(sender, clicked="true") == [clicked]
    assert listed(sender, clicked="false") == [waiting, only_seen]


def test_a_click_on_any_link_counts(client: FlaskClient, sender: Sender) -> None:
    made = make_message(sender, f"{TEXT} https://other.example.org/x", track="all")
    client.get(f"/{slug_of(made.links[1])}", headers={"User-Agent": BROWSER})
    assert listed(sender, clicked="true") == listed(sender, visitor="person") == [made.message.msgid]
    assert listed(sender, clicked="false") == []


def test_a_class_of_visitor_is_that_of_any_click(client: FlaskClient, sender: Sender) -> None:
    made = make_message(sender)
    for agent in (BROWSER, PREVIEW):
        client.get(f"/{slug_of(made.link)}", headers={"User-Agent": agent})
    previewed = click(client, sender, agent=PREVIEW)
    assert listed(sender, visitor="preview") == [previewed, made.message.msgid]
    assert listed(sender, visitor="person") == [made.message.msgid]
    assert listed(sender, visitor="scanner") == []


def become(made: Made, state: MessageState) -> str:
    """Let a message have this state; its msgid."""
    with db.write() as session:
        assert advance(session.connection(), made.message.id, News(state, NOW), now=NOW)
    return made.message.msgid


def test_a_state_is_the_present_one(app: Flask, sender: Sender) -> None:
    delivered, failed = (make_message(sender, now=NOW + n * HOUR) for n in range(2))
    make_message(sender)
    for state in (MessageState.QUEUED, MessageState.SENT, MessageState.DELIVERED):
        become(delivered, state)
    become(failed, MessageState.FAILED)
    assert listed(sender, state="delivered") == [delivered.message.msgid]
    assert listed(sender, state="failed") == listed(sender, state="failed", clicked="false") == [failed.message.msgid]
    assert listed(sender, state="sent") == listed(sender, state="failed", to=str(NOW + HOUR)) == []


def test_a_recipient_is_found_in_full_or_masked(app: Flask, sender: Sender) -> None:
    full = make_message(sender, recipient="+818012345678", now=NOW).message.msgid
    with db.write() as session:
        senders.configure(session, sender.name, {"recipient_storage": "masked"})
    masked = make_message(sender, recipient="+818012345678", now=NOW + HOUR).message.msgid
    other = make_message(sender, recipient="+818012345679", now=NOW + 2 * HOUR).message.msgid
    make_message(sender)
    assert listed(sender, recipient="+818012345678") == [masked, full]
    assert listed(sender, recipient="*********5679") == [other]
    assert listed(sender, recipient="5678") == []


def test_text_matches_the_start_of_tag_or_msgid(app: Flask, sender: Sender) -> None:
    made = make_message(sender, client_tag="order-1").message.msgid
    longer = make_message(sender, client_tag="order-11").message.msgid
    farthest = make_message(sender, client_tag="order-1" + "\U0010ffff" * 193).message.msgid
    make_message(sender, client_tag="Order-1")
    assert listed(sender, text="order-1") == [farthest, longer, made]
    assert listed(sender, text=made[:20]) == listed(sender, text=made) == [made]
    assert listed(sender, text=f"SM{made}") == [made]
    assert listed(sender, text=f"sm{made}") == listed(sender, text=f"SM{made[:20]}") == []
    assert listed(sender, text="rder") == listed(sender, text="order_1") == listed(sender, text="%") == []


@pytest.mark.parametrize(
    "around",
    ["https://s.example.com/{}", "s.example.com/{}", "http://old.example/{}", " {}. ", "https://a.example/{}/?x=1"],
)
def test_a_text_may_be_the_shortlink_of_a_message(
    client: FlaskClient, sender: Sender, other_sender: Sender, around: str
) -> None:
    made = make_message(sender, client_tag="parcel", tags=["a"], now=NOW)
    make_message(sender)
    shortlink = around.format(slug_of(made.link))
    assert listed(sender, text=shortlink) == listed(sender, text=shortlink, tag="a") == [made.message.msgid]
    assert listed(sender, text=shortlink, client_tag="parcel") == [made.message.msgid]
    assert listed(sender, text=shortlink, tag="b") == listed(sender, text=shortlink, to=str(NOW - DAY)) == []
    assert listed(other_sender, text=shortlink) == []
    client.post(f"/v1/messages/{made.message.msgid}/off", headers=sender.bearer)
    assert listed(sender, text=shortlink) == [made.message.msgid]


def test_an_unknown_slug_finds_nothing(app: Flask, sender: Sender) -> None:
    make_message(sender)
    assert listed(sender, text="https://s.example.com/" + services().slugs.encode(0)) == []


def test_what_begins_with_a_shortlink_is_found_as_well(app: Flask, sender: Sender) -> None:
    made = make_message(sender, now=NOW + DAY)
    slug = slug_of(made.link)
    tagged = make_message(sender, client_tag=f"{slug}-again", now=NOW).message.msgid
    linked = make_message(sender, client_tag=f"s.example.com/{slug}", now=NOW - DAY).message.msgid
    assert listed(sender, text=slug) == [made.message.msgid, tagged]
    assert listed(sender, text=f"s.example.com/{slug}") == [made.message.msgid, linked]
    assert pages(sender, text=slug, limit="1") == [[made.message.msgid], [tagged]]


def test_all_that_is_given_must_hold(client: FlaskClient, sender: Sender) -> None:
    wanted = click(client, sender, tags=["a"], client_tag="x-1", now=dt.datetime.now(dt.UTC))
    make_message(sender, tags=["a"], client_tag="x-2")
    click(client, sender, tags=["b"], client_tag="x-3")
    for more in ({}, {"text": "x"}, {"client_tag": "x-1"}, {"visitor": "person"}, {"from_": str(NOW - 400 * DAY)}):
        assert listed(sender, tag="a", clicked="true", **more) == [wanted]
    assert listed(sender, client_tag="x-1", text="y-") == listed(sender, client_tag="x-1", to=str(NOW - DAY)) == []


@pytest.mark.parametrize(
    "parameters",
    [
        *({}, {"text": "x"}, {"client_tag": "x"}, {"tag": "t"}, {"clicked": "false"}),
        *({"state": "sent"}, {"state": "sent", "client_tag": "x"}, {"recipient": "5678"}),
    ],
)
def test_another_accounts_messages_are_never_shown(
    app: Flask, sender: Sender, other_sender: Sender, parameters: dict[str, str]
) -> None:
    theirs = become(make_message(other_sender, client_tag="x", tags=["t"], recipient="5678"), MessageState.SENT)
    assert listed(sender, **parameters) == listed(sender, text=theirs) == []
    assert listed(other_sender, **parameters) == listed(other_sender, text=theirs) == [theirs]


class TestALotToLookAt:
    """Lower the limits of one look and one page, so that a handful of messages exceeds them."""

    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(message_lists, "LOOKED_AT", (2, 4))
        monkeypatch.setattr(message_lists, "FEW", 2)

    @pytest.fixture
    def made(self, sender: Sender) -> Sequence[str]:
        """Twenty messages, every seventh of them with a tag."""
        every = range(20)
        fields = [{"client_tag": f"x-{n}", "tags": ["t"] if n % 7 == 0 else []} for n in every]
        rows = [make_message(sender, now=NOW + n * HOUR, **fields[n]) for n in every]
        return [rows[n].message.msgid for n in (14, 7, 0)]

    @pytest.mark.parametrize("limit", ["1", "2", "100"])
    @pytest.mark.parametrize("text", [{}, {"text": "x"}, {"text": "x-"}])
    def test_pages_end_early_and_nothing_is_left_out(
        self, app: Flask, sender: Sender, made: Sequence[str], limit: str, text: dict[str, str]
    ) -> None:
        found = pages(sender, tag="t", limit=limit, **text)
        assert [msgid for page in found for msgid in page] == list(made)
        assert len(found) >= 20 // 6

    def test_an_empty_page_says_how_far_it_searched(self, app: Flask, sender: Sender, made: Sequence[str]) -> None:
        with db.read() as session:
            account = session.scalars(select(Account).where(Account.name == sender.name)).one()
            page = find(session, account, {"tag": "nobody has it"})
        assert page.rows == []
        assert page.next is not None
        assert page.looked_back_to == NOW + 14 * HOUR

    @pytest.mark.parametrize("limit", ["1", "2", "100"])
    def test_a_rare_state_is_found_at_once(self, app: Flask, sender: Sender, made: Sequence[str], limit: str) -> None:
        oldest = become(make_message(sender, now=NOW - DAY), MessageState.FAILED)
        assert pages(sender, state="failed", limit=limit) == [[oldest]]

    def test_rare_prefixes_are_found_at_any_age(self, app: Flask, sender: Sender, made: Sequence[str]) -> None:
        assert pages(sender, text="x-0") == [[made[-1]]]
        assert pages(sender, text=made[0][:12]) == [[made[0]]]

    def test_a_shortlink_is_found_at_once_however_old(self, app: Flask, sender: Sender) -> None:
        slug = slug_of(make_message(sender, client_tag="oldest", now=NOW - DAY).link)
        make(sender, 20)
        for text in (slug, f"https://s.example.com/{slug}"):
            assert [len(page) for page in pages(sender, text=text)] == [1]

    @pytest.mark.parametrize("limit", ["1", "2", "100"])
    def test_common_shortlink_prefixes_are_found_in_order(self, app: Flask, sender: Sender, limit: str) -> None:
        made = make_message(sender, now=NOW - DAY)
        slug = slug_of(made.link)
        rows = [made, *(make_message(sender, client_tag=f"{slug}-{n}", now=NOW + n * HOUR) for n in range(7))]
        assert listed(sender, text=slug, limit=limit) == [row.message.msgid for row in rows[::-1]]

    def test_the_number_of_queries_is_constant(self, app: Flask, sender: Sender, made: Sequence[str]) -> None:
        statements: list[str] = []
        event.listen(db.db.engine, "before_cursor_execute", lambda _c, _cu, statement, *_: statements.append(statement))
        with db.read() as session:
            account = session.scalars(select(Account).where(Account.name == sender.name)).one()
            del statements[:]
            find(session, account, {"tag": "nobody has it"})
        assert len(statements) == 4


def test_an_index_finds_an_old_recipient_at_once(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_lists, "LOOKED_AT", (1, 1))
    for recipient in ("+818012345678", "Ann@example.com", "a@b.example", "+819012345678"):
        make(sender, 1, recipient=recipient)
    for recipient in ("+818012345678", "Ann@example.com"):
        [page] = pages(sender, recipient=recipient)
        assert len(page) == 1
    assert pages(sender, recipient="ann@example.com") == [[]]  # exact, as documented
    monkeypatch.setattr(message_lists, "FEW", 0)
    assert len(pages(sender, recipient="+818012345678")) > 1
