"""The callbacks page: filters by state, time and destination; replay of many; test events."""

import datetime as dt
import re

import pytest
from flask import Flask
from sqlalchemy import select, update

from shortener.callbacks import replay
from shortener.reporting import callback_lists
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Attempt, Callback
from tests.support import due_callbacks
from tests.support.browsing import Browser, Form, Page
from tests.support.databases import listening
from tests.support.delivering import states
from tests.support.factories import BROWSER, Sender, make_message, slug_of
from tests.support.servers import OK, receiving

PAGE = "/dashboard/callbacks"
DEAD, OTHER = "http://127.0.0.1:9/cb", "http://127.0.0.1:10/cb?<script>"
NOW = dt.datetime(2025, 11, 22, 9, 0, tzinfo=dt.UTC)  # when the clicks came: long ago


def put(sender: Sender, counts: dict[str, int], since: dt.datetime = NOW) -> None:
    with db.write() as session:
        due_callbacks.add(session, sender.name, counts, since=since)


def settle(state: str, url: str = DEAD) -> None:
    with db.write() as session:
        session.execute(update(Callback).where(Callback.url == url).values(state=state, settled_on=NOW))


def asked(browser: Browser, listed: Page) -> Page:
    """The page that says how many callbacks would be replayed, and asks."""
    return browser.open(listed.links["Replay all that match the filter"])


def replaying(page: Page) -> Form:
    [form] = [form for form in page.forms if form.action.split("?")[0] == "/dashboard/callbacks/replay"]
    return form


def shown(page: Page) -> int:
    assert page.status == 200
    return page.html.count('<td class="long" data-label="Receiver">')


def test_every_state_and_every_number_leads_to_its_callbacks(viewer: Browser, sender: Sender) -> None:
    put(sender, {DEAD: 2, OTHER: 3})
    settle("exhausted")
    page = viewer.open(PAGE)
    assert shown(page) == 5
    assert shown(viewer.open(page.links["2"])) == 2  # exhausted at one receiver
    assert shown(viewer.open(page.links["3"])) == 3  # waiting for the other
    for state, count in (("waiting", 3), ("failing", 0), ("delivered", 0), ("exhausted", 2)):
        assert shown(viewer.send(page.forms[1], state=state)) == count


def test_a_callback_between_retries_is_failing(viewer: Browser, sender: Sender, services: Services) -> None:
    put(sender, {DEAD: 1})
    assert shown(viewer.open(PAGE + "?state=failing")) == 0
    services.deliverer.deliver_due()
    page = viewer.open(PAGE + "?state=failing")
    assert shown(page) == 1
    assert "no connection" in page.text and "attempt 1" in page.text
    settle("exhausted")
    assert shown(viewer.open(PAGE + "?state=failing")) == 0


@pytest.mark.parametrize(("language", "label"), [("en", "not signed"), ("ja", "署名できず未送信")])
def test_an_attempt_without_a_signature_has_a_label(viewer: Browser, sender: Sender, language: str, label: str) -> None:
    put(sender, {DEAD: 1})
    with db.write() as session:
        callback_id = session.scalars(select(Callback.id)).one()
        session.add(Attempt(callback_id=callback_id, number=1, started_on=NOW, ended_on=NOW, outcome="unsigned"))
    assert label in viewer.open(f"{PAGE}?language={language}").text


def test_the_time_of_the_click_selects(viewer: Browser, sender: Sender) -> None:
    put(sender, {DEAD: 1})
    put(sender, {DEAD: 1}, NOW + dt.timedelta(hours=2))
    form = viewer.open(PAGE).forms[1]
    assert shown(viewer.send(form, **{"from": "2025-11-22T09:00", "to": "2025-11-22T10:00"})) == 1
    assert shown(viewer.send(form, **{"from": "2025-11-22T09:30"})) == 1
    assert shown(viewer.open(PAGE + "?to=2025-11-22T09:30:00Z")) == 1


def test_the_next_page_has_the_same_filter(viewer: Browser, sender: Sender) -> None:
    put(sender, {DEAD: 27})
    settle("exhausted")
    put(sender, {OTHER: 5})
    first = viewer.open(PAGE + "?state=exhausted")
    rest = viewer.open(first.links["Show older"])
    assert (shown(first), shown(rest)) == (25, 2)
    assert "Show older" not in rest.links


@pytest.mark.parametrize(
    "query",
    [
        "state=lost",
        "from=yesterday",
        "to=2025-13-99T99:99",
        "cursor=x",
        "cursor=%00",
        "surprise=1",
        "destination=http://127.0.0.1:9",
        "state=delivered&destination=http://127.0.0.1:9",
        "state=exhausted&destination=" + "x" * 5000,
        "state=exhausted&destination=a%00b",
        "from=" + "9" * 10_000,
    ],
)
def test_an_unusable_filter_is_refused_on_a_page(viewer: Browser, sender: Sender, query: str) -> None:
    page = viewer.open(f"{PAGE}?{query}")
    assert (page.status, page.title) == (422, "Invalid value")


def test_an_unknown_parameter_hides_no_other_fault(viewer: Browser) -> None:
    page = viewer.open(f"{PAGE}?surprise=1&destination=http://127.0.0.1:9&from=x&cursor=x")
    assert all(f"<code>{name}</code>" in page.html for name in ("surprise", "destination", "from", "cursor"))


def test_callbacks_about_receipts_are_listed_alone(owner: Browser, sender: Sender) -> None:
    put(sender, {DEAD: 2, OTHER: 1})
    with db.write() as session:
        session.execute(update(Callback).where(Callback.url == OTHER).values(about="failed"))
    settle("exhausted")
    settle("exhausted", OTHER)
    page = owner.open(PAGE)
    assert "first click" in page.text and "failed" in page.text
    page = owner.send(page.forms[1], state="exhausted", about="receipt")
    assert shown(page) == 1
    asking = asked(owner, page)
    assert asking.title == "Replay callbacks" and "The filter selects 1 callback State" in asking.text
    page = owner.send(replaying(asking))
    assert "1 callback will be replayed." in page.text
    assert page.forms[1].fields["about"] == "receipt"
    assert sorted(states()) == ["exhausted", "exhausted", "pending"]


def test_search_goes_on_after_an_empty_page(viewer: Browser, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callback_lists, "LOOKED_AT", 2)
    put(sender, {DEAD: 3})
    page = viewer.open(PAGE + "?about=receipt")
    assert shown(page) == 0
    page = viewer.open(page.links["Search further back"])
    assert "No callbacks match the filter." in page.text


def test_an_empty_page_says_what_to_do(viewer: Browser, owner: Browser) -> None:
    assert "No callbacks yet." in viewer.open(PAGE).text
    assert "Test a receiver" in owner.open(PAGE).links
    page = owner.open(PAGE + "?state=exhausted")
    assert "No callbacks match the filter." in page.text and "Show all" in page.links


def test_script_in_a_receivers_address_stays_text(owner: Browser, sender: Sender) -> None:
    put(sender, {OTHER: 1})
    page = owner.open(PAGE)
    assert OTHER in page.text
    assert "script" not in [tag for tag, _ in page.tags]


def test_another_accounts_callbacks_are_not_there(stranger: Browser, sender: Sender) -> None:
    put(sender, {DEAD: 3})
    settle("exhausted")
    page = stranger.open(PAGE)
    assert "No callbacks yet." in page.text
    assert shown(stranger.open(PAGE + "?state=exhausted&destination=http://127.0.0.1:9")) == 0
    token = page.form("/sign-out").fields
    span = {"from": "2025-11-22T00:00", "to": "2025-11-23T00:00"}
    assert stranger.client.post(PAGE + "/replay", data=token | span).status_code == 303
    assert states() == ["exhausted"] * 3


# Once more


def test_a_replay_of_a_period_touches_no_other(owner: Browser, sender: Sender) -> None:
    put(sender, {DEAD: 2})
    put(sender, {DEAD: 1}, NOW + dt.timedelta(hours=2))
    settle("exhausted")
    listed = owner.open(PAGE + "?state=exhausted&from=2025-11-22T09:00&to=2025-11-22T10:00")
    page = owner.send(replaying(asked(owner, listed)))
    assert "2 callbacks will be replayed." in page.text
    assert page.forms[1].fields["from"] == "2025-11-22T09:00" and page.forms[1].fields["to"] == "2025-11-22T10:00"
    assert states() == ["pending", "pending", "exhausted"]


def test_a_replay_of_one_receiver_touches_no_other(owner: Browser, sender: Sender) -> None:
    put(sender, {DEAD: 30, OTHER: 12})
    settle("exhausted")
    settle("exhausted", OTHER)
    listed = owner.open(PAGE + "?state=exhausted&destination=http://127.0.0.1:9")
    asking = asked(owner, listed)
    assert "The filter selects 30 callbacks" in asking.text and "http://127.0.0.1:9" in asking.text
    assert states() == ["exhausted"] * 42
    page = owner.send(replaying(asking))
    assert "30 callbacks will be replayed." in page.text
    assert "Only callbacks to http://127.0.0.1:9 are shown." in page.text
    assert shown(owner.open(page.links["Show those that are waiting"])) == 25  # a page of those of this receiver
    assert states() == ["pending"] * 30 + ["exhausted"] * 12


@pytest.mark.parametrize("state", ["exhausted", "delivered"])
def test_a_replay_takes_all_pages_of_its_list(owner: Browser, sender: Sender, state: str) -> None:
    put(sender, {DEAD: 27})
    settle(state)
    rest = owner.open(owner.open(f"{PAGE}?state={state}").links["Show older"])
    asking = asked(owner, rest)
    assert "Replay 27 callbacks" in asking.text
    owner.send(replaying(asking))
    assert states() == ["pending"] * 27


def test_more_than_a_call_replays_are_announced(
    owner: Browser, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "AT_ONCE", 4)
    put(sender, {DEAD: 6})
    settle("exhausted")
    page = asked(owner, owner.open(PAGE + "?state=exhausted"))
    assert "selects more than 4 callbacks" in page.text and "The oldest 4 will be replayed" in page.text
    owner.send(replaying(page))
    assert states() == ["pending"] * 4 + ["exhausted"] * 2


@pytest.mark.parametrize("query", ["", "?state=waiting", "?state=failing", "?destination=", "?state="])
def test_a_list_of_several_states_offers_no_replay(owner: Browser, sender: Sender, query: str) -> None:
    put(sender, {DEAD: 1})
    page = owner.open(PAGE + query)
    assert "Replay all that match the filter" not in page.links
    assert owner.open(f"{PAGE}/replay{query}").status == 422
    if query != "?state=failing":  # where nothing is shown, nothing is offered
        assert {"exhausted callbacks", "delivered callbacks"} <= set(page.links)


def test_a_callback_can_be_attempted_again(owner: Browser, sender: Sender) -> None:
    put(sender, {DEAD: 2})
    settle("delivered")
    page = owner.open(PAGE)
    [first, _] = [form for form in page.forms if re.search(r"/evt_\w+/replay$", form.action)]
    assert owner.send(first).title.startswith("Message")
    assert sorted(states()) == ["delivered", "pending"]


@pytest.mark.parametrize("span", [{}, {"from": "x", "to": "y"}, {"from": "2025-11-22T10:00", "to": "2025-11-22T09:00"}])
def test_a_range_that_is_none_replays_nothing(owner: Browser, sender: Sender, span: dict[str, str]) -> None:
    put(sender, {DEAD: 1})
    settle("exhausted")
    token = owner.open(PAGE).form("/sign-out").fields
    assert owner.client.post(PAGE + "/replay", data=token | span).status_code == 422
    assert states() == ["exhausted"]


def test_a_viewer_is_offered_no_change_and_gets_none(viewer: Browser, sender: Sender) -> None:
    put(sender, {DEAD: 1})
    settle("exhausted")
    page = viewer.open(PAGE + "?state=exhausted")
    assert [form.method for form in page.forms] == ["post", "get"]  # sign-out and filter
    fields = page.forms[0].fields | {"from": "2025-11-22T00:00", "to": "2025-11-23T00:00"}
    assert viewer.client.post(PAGE + "/replay", data=fields).status_code == 403
    assert viewer.client.post(PAGE + "/test", data=fields | {"url": DEAD}).status_code == 403
    assert viewer.open(PAGE + "/test").status == 403
    assert states() == ["exhausted"]


# A test


def test_a_receivers_answer_is_shown_as_text(owner: Browser) -> None:
    answer = b"HTTP/1.1 418 No\r\nContent-Length: 26\r\n\r\n<script>alert(1)</script>\n"
    with receiving(answer) as receiver:
        page = owner.send(owner.open(PAGE + "/test").form("/test"), url=receiver.url())
        assert b'"type":"callback.test"' in receiver.requests[0].replace(b": ", b":")
    assert "not 200 (418)" in page.text
    assert "<script>alert(1)</script>" in page.text
    assert "script" not in [tag for tag, _ in page.tags]
    with receiving(OK) as receiver:
        page = owner.send(owner.open(PAGE + "/test").form("/test"), url=receiver.url())
    assert "delivered (200)" in page.text
    assert states() == []


@pytest.mark.parametrize(
    "url", ["", "x", "http://10.0.0.1/", "http://169.254.169.254/latest", "https://s.example.com/"]
)
def test_a_forbidden_address_is_reported_at_its_field(owner: Browser, url: str) -> None:
    page = owner.send(owner.open(PAGE + "/test").form("/test"), url=url)
    assert page.status == 422
    [field] = [named for tag, named in page.tags if tag == "input" and named.get("name") == "url"]
    assert (field["value"], field["aria-describedby"]) == (url, "url-fault")


@pytest.mark.parametrize("query", ["state=waiting", "state=failing", "state=exhausted&destination=http://127.0.0.1:9"])
def test_rare_callbacks_are_found_by_an_index(viewer: Browser, sender: Sender, database_kind: str, query: str) -> None:
    """Not by the index of all the account's callbacks: there may be millions between two failing ones."""
    if database_kind != "sqlite":
        pytest.skip("SQLite's plans do not depend on how many rows there are")
    with listening() as asked:
        viewer.open(f"{PAGE}?{query}")
    [(statement, values)] = [one for one in asked if "ORDER BY callback.created_on DESC" in one[0]]
    with db.db.engine.connect() as connection:
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())  # type: ignore[arg-type]
    assert "ix_callback_destination" in plan or "ix_callback_exhausted_destination" in plan
    assert "ix_callback_account_id" not in plan


def test_a_list_names_messages_as_other_lists_do(app: Flask, owner: Browser, sender: Sender) -> None:
    """By the client tag, else by the beginning of the msgid."""
    named = make_message(sender, client_tag="order-7", lt_callbackurl=DEAD)
    other = make_message(sender, lt_callbackurl=DEAD)
    for done in (named, other):
        assert app.test_client().get(f"/{slug_of(done.link)}", headers={"User-Agent": BROWSER}).status_code == 302
    page = owner.open("/dashboard/callbacks")
    assert page.links["order-7"] == f"/dashboard/messages/{named.message.msgid}"
    assert page.links[f"{other.message.msgid[:12]}…"] == f"/dashboard/messages/{other.message.msgid}"
