"""A held message is sent again or given up, and one that waits is canceled, by one click of an owner."""

import pytest
from sqlalchemy import select, update

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from shortener.storage.models import Message, Sending
from tests.support.browsing import Browser, Page
from tests.support.factories import NOW, Made, Sender, make_message
from tests.support.sending_rows import put_sending, put_state

ACTIONS = ("repeat", "give-up", "cancel")


@pytest.fixture
def held(sender: Sender) -> Made:
    """A message that the gateway may have taken."""
    done = make_message(sender, now=NOW)
    put_sending(done.message, JobState.HELD, (AttemptOutcome.UNSURE,))
    put_state(done.message, MessageState.UNKNOWN)
    return done


@pytest.fixture
def waiting(sender: Sender) -> Made:
    """A message that waits for its time."""
    done = make_message(sender, now=NOW)
    put_sending(done.message, JobState.PENDING, ())
    put_state(done.message, MessageState.SCHEDULED)
    return done


def opened(browser: Browser, done: Made) -> Page:
    return browser.open(f"/dashboard/messages/{done.message.msgid}")


def state(done: Made) -> tuple[JobState, MessageState | None]:
    with db.read() as session:
        joined = select(Sending.state, Message.state).join(Message, Message.id == Sending.message_id)
        sending, message = session.execute(joined.where(Message.id == done.message.id)).one()
        return sending, message


def offered(page: Page) -> set[str]:
    return {action for action in ACTIONS if [form for form in page.forms if form.action.endswith(f"/{action}")]}


def test_held_message_is_sent_again(owner: Browser, held: Made) -> None:
    page = opened(owner, held)
    assert "This message needs a decision." in page.text
    assert offered(page) == {"repeat", "give-up"}
    page = owner.send(page.form("/repeat"))
    assert "The message is handed to the gateway again." in page.text
    assert state(held)[0] == JobState.PENDING
    assert "Needs attention" not in owner.open("/dashboard").text


def test_held_message_is_given_up(owner: Browser, held: Made) -> None:
    page = owner.send(opened(owner, held).form("/give-up"))
    assert "The message has been given up." in page.text
    assert "Given up by person olive" in page.text
    assert state(held) == (JobState.EXHAUSTED, MessageState.UNKNOWN)
    assert offered(page) == set()


def test_recipient_that_is_erased_gets_nothing_again(owner: Browser, held: Made) -> None:
    with db.write() as session:
        session.execute(update(Sending).values(recipient=None))
    page = opened(owner, held)
    assert offered(page) == {"give-up"}
    assert "It cannot be sent again" in page.text


def test_waiting_message_is_canceled(owner: Browser, waiting: Made) -> None:
    page = opened(owner, waiting)
    assert offered(page) == {"cancel"}
    page = owner.send(page.form("/cancel"))
    assert "The message has been canceled. It will not be sent." in page.text
    assert state(waiting) == (JobState.CANCELED, MessageState.CANCELED)


def test_message_under_way_cannot_be_canceled(owner: Browser, waiting: Made) -> None:
    form = opened(owner, waiting).form("/cancel")
    with db.write() as session:
        session.execute(update(Sending).values(state=JobState.ATTEMPTING))
    page = owner.send(form)
    assert "Nothing was changed: it is too late to cancel the message." in page.text
    assert offered(page) == set()


def test_decision_that_came_before_stays(owner: Browser, held: Made) -> None:
    page = opened(owner, held)
    owner.send(page.form("/give-up"))
    assert "Nothing was changed: the message no longer waits" in owner.send(page.form("/repeat")).text
    assert state(held)[0] == JobState.EXHAUSTED


def test_sent_message_offers_nothing(owner: Browser, sender: Sender) -> None:
    done = make_message(sender, now=NOW)
    put_sending(done.message)
    put_state(done.message, MessageState.SENT)
    assert offered(opened(owner, done)) == set()


@pytest.mark.parametrize("action", ACTIONS)
def test_viewer_decides_nothing(viewer: Browser, held: Made, action: str) -> None:
    page = opened(viewer, held)
    assert offered(page) == set()
    fields = page.forms[0].fields
    assert viewer.client.post(f"/dashboard/messages/{held.message.msgid}/{action}", data=fields).status_code == 403
    assert state(held)[0] == JobState.HELD


@pytest.mark.parametrize("action", ACTIONS)
def test_other_account_decides_nothing(stranger: Browser, held: Made, action: str) -> None:
    fields = stranger.open("/dashboard").forms[0].fields
    fields = {"form_token": stranger.open("/dashboard/account").form("/account/sending").fields["form_token"]} | fields
    assert stranger.client.post(f"/dashboard/messages/{held.message.msgid}/{action}", data=fields).status_code == 404
    assert state(held)[0] == JobState.HELD
