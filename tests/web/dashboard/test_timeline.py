"""What became of a message that is sent: its state, the timeline, the rates, and what needs attention."""

import datetime as dt
import re
from html import unescape

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import MEANINGS, Reason
from shortener.storage import db
from shortener.storage.models import Callback
from shortener.web.dashboard.timeline import Entry, grouped, is_queued
from tests.support.browsing import Browser, Page
from tests.support.factories import NOW, Made, Sender, make_message
from tests.support.sending_rows import put_receipt, put_sending, put_state

SECOND = dt.timedelta(seconds=1)
HOOK = "https://hooks.example.com/receipts"


def opened(browser: Browser, done: Made, more: str = "") -> Page:
    page = browser.open(f"/dashboard/messages/{done.message.msgid}{more}")
    assert page.status == 200
    return page


def line(page: Page) -> list[str]:
    """The entries of the timeline, as texts."""
    entries = page.html.split('<ol class="line">')[1].split("</ol>")[0].split("<li class=")[1:]
    texts = [re.sub("<[^>]*>", " ", entry.partition(">")[2].partition("</time>")[2]) for entry in entries]
    return [" ".join(unescape(text).split()) for text in texts]


def put_callback(done: Made, about: str, url: str = HOOK) -> None:
    with db.write() as session:
        session.add(
            Callback(
                message_id=done.message.id,
                about=about,
                account_id=done.message.account_id,
                event_id=f"evt_{about:0>32}",
                url=url,
                destination=f"1 {url}",
                body=b"{}",
                state=JobState.EXHAUSTED,
                created_on=NOW,
                due_on=NOW + 30 * SECOND,
                settled_on=NOW + 30 * SECOND,
                exhausted_because="all 11 attempts failed",
            )
        )


def test_timeline_tells_of_sending_and_receipts(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, now=NOW)
    put_sending(done.message, outcomes=(AttemptOutcome.BUSY, AttemptOutcome.TAKEN), now=NOW + SECOND)
    put_receipt(done.message, MessageState.ACCEPTED, now=NOW + 20 * SECOND)
    put_receipt(done.message, MessageState.FAILED, "4", Reason.BARRED_BY_USER, now=NOW + 21 * SECOND)
    put_state(done.message, MessageState.FAILED, code="4", reason=Reason.BARRED_BY_USER, now=NOW + 21 * SECOND)
    put_callback(done, "failed")
    page = opened(viewer, done)
    told = line(page)
    assert told[0] == "Received from the sender"
    assert told[1].startswith("Sending, attempt 1: try later simulator detail of attempt 1")
    assert told[2].startswith("Sending, attempt 2: taken simulator")
    assert told[3].startswith("Receipt: accepted simulator · at the gateway")
    assert told[4].startswith("Receipt: failed simulator · code 4 · at the gateway")
    assert told[4].endswith(MEANINGS[Reason.BARRED_BY_USER].en)
    assert told[5] == "Callback exhausted (failed): all 11 attempts failed"
    assert ("h2", "Callback") in page.headings
    assert HOOK in page.text


def test_state_is_shown_with_its_meaning(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, now=NOW)
    put_sending(done.message, gateway_ref="ref-77")
    put_state(done.message, MessageState.SENT)
    page = opened(viewer, done)
    assert ("h2", "Delivery") in page.headings
    assert "The gateway took it. Nothing more is known yet." in page.text
    assert "ref-77" in page.text


def test_reason_explains_the_state(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, now=NOW)
    put_state(done.message, MessageState.REJECTED, code="6", reason=Reason.SPAM)
    assert MEANINGS[Reason.SPAM].en in opened(viewer, done).text
    page = opened(viewer, done, "?language=ja")
    assert MEANINGS[Reason.SPAM].ja in page.text and MEANINGS[Reason.SPAM].en not in page.text


def test_unknown_code_is_named(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, now=NOW)
    put_state(done.message, MessageState.FAILED, code="X-981")
    assert "The gateway says X-981, which is not in our table." in opened(viewer, done).text


def test_state_without_a_word_is_not_called_lost(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, now=NOW)
    put_sending(done.message)
    put_state(done.message, MessageState.UNKNOWN, reason=Reason.UNKNOWN)
    page = opened(viewer, done)
    assert "No receipt says what became of it." in page.text
    assert MEANINGS[Reason.UNKNOWN].en not in page.text


def test_message_without_gateway_has_no_delivery(viewer: Browser, sender: Sender) -> None:
    page = opened(viewer, make_message(sender, now=NOW))
    assert ("h2", "Delivery") not in page.headings


def test_own_states_have_their_entry(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, now=NOW)
    put_sending(done.message, JobState.CANCELED, ())
    put_state(done.message, MessageState.CANCELED, reason=Reason.CANCELED, now=NOW + SECOND)
    assert line(opened(viewer, done))[1] == f"Message: canceled {MEANINGS[Reason.CANCELED].en}"


def test_waiting_message_shows_when_it_is_sent(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, now=NOW)
    put_sending(done.message, JobState.PENDING, ())
    put_state(done.message, MessageState.SCHEDULED, send_on=NOW + SECOND)
    page = opened(viewer, done)
    assert "It waits for its time." in page.text
    assert "Will be sent" in line(page)


def test_gateway_that_was_down_for_hours_fills_no_page(viewer: Browser, sender: Sender) -> None:
    done = make_message(sender, now=NOW)
    put_sending(done.message, JobState.PENDING, (AttemptOutcome.BUSY,) * 50)
    put_state(done.message, MessageState.QUEUED)
    page = opened(viewer, done)
    assert "Only the newest of 50 attempts to send are shown here." in page.text
    assert len([entry for entry in line(page) if entry.startswith("Sending")]) == 20


def test_script_in_what_a_gateway_said_stays_text(viewer: Browser, sender: Sender) -> None:
    evil = "<script>alert(1)</script>"
    done = make_message(sender, now=NOW)
    put_sending(done.message, gateway_ref=evil)
    put_receipt(done.message, MessageState.FAILED, evil)
    put_state(done.message, MessageState.FAILED, code=evil)
    page = opened(viewer, done)
    assert evil in page.text
    assert not [tag for tag, _ in page.tags if tag == "script"]


def test_overview_gives_the_rates_of_deliveries(viewer: Browser, sender: Sender) -> None:
    assert "Delivery rate" not in viewer.open("/dashboard").text
    for state in (MessageState.DELIVERED, MessageState.DELIVERED, MessageState.SENT, MessageState.CANCELED):
        put_state(make_message(sender).message, state)
    text = viewer.open("/dashboard").text
    assert "Delivery rate 66.7% of those sent" in text
    assert "Click rate of delivered 0.0%" in text


def test_undelivered_messages_need_attention(viewer: Browser, sender: Sender) -> None:
    put_state(make_message(sender).message, MessageState.DELIVERED)
    assert "Needs attention" not in viewer.open("/dashboard").text
    put_state(make_message(sender).message, MessageState.FAILED)
    page = viewer.open("/dashboard")
    assert page.headings[1] == ("h2", "Needs attention")
    assert "state=failed" in page.links["1 failed"]


def test_held_messages_need_attention(viewer: Browser, sender: Sender, stranger: Browser) -> None:
    done = make_message(sender, client_tag="order-7")
    put_sending(done.message, JobState.HELD, (AttemptOutcome.UNSURE,))
    put_state(done.message, MessageState.UNKNOWN)
    page = viewer.open("/dashboard")
    assert "1 message needs a decision" in page.text
    assert page.links["order-7"] == f"/dashboard/messages/{done.message.msgid}"
    assert "order-7" not in stranger.open("/dashboard").text


def test_message_list_shows_states(viewer: Browser, sender: Sender) -> None:
    make_message(sender)
    assert 'data-label="State"' not in viewer.open("/dashboard/messages").html  # nothing is sent here
    put_state(make_message(sender).message, MessageState.DELIVERED)
    assert '<span class="state message delivered">delivered</span>' in viewer.open("/dashboard/messages").html


def test_message_list_is_filtered_by_state(viewer: Browser, sender: Sender) -> None:
    put_state(make_message(sender, client_tag="arrived").message, MessageState.DELIVERED)
    put_state(make_message(sender, client_tag="lost").message, MessageState.FAILED)
    [form] = [one for one in viewer.open("/dashboard/messages").forms if "state" in one.fields]
    page = viewer.send(form, state="failed")
    assert "lost" in page.links and "arrived" not in page.links


# Many clicks


def clicks(*visitors: str, first: bool = False) -> list[Entry]:
    return [
        Entry(f"2026-11-30T10:00:{second:02}Z", "click", {"visitor": one, "first": first})
        for second, one in enumerate(visitors)
    ]


def test_many_clicks_in_a_row_are_one_entry() -> None:
    first = clicks("person", first=True)
    attempt = Entry("2026-11-30T10:01:00Z", "attempt")
    few = clicks("bot", "bot", "bot")
    shown = [*grouped([*first, *clicks("person", "bot", "person", "person"), attempt, *few])]
    assert [entry.kind for entry in shown] == ["click", "clicks", "attempt", "click", "click", "click"]
    assert shown[1].about["counts"] == {"person": 3, "bot": 1}
    assert (shown[1].on, shown[1].about["until"]) == ("2026-11-30T10:00:00Z", "2026-11-30T10:00:03Z")


def test_a_callback_is_queued_when_long_due() -> None:
    now = "2026-11-30T10:00:30.000000Z"
    assert is_queued("2026-11-30T10:00:19Z", now)
    assert not is_queued("2026-11-30T10:00:21Z", now)
    assert not is_queued("2026-11-30T11:00:00Z", now)
