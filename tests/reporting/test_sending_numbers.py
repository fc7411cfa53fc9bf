"""How many messages arrived and were clicked, counted from rows."""

import datetime as dt

from sqlalchemy import select, update

from shortener.reporting import period_counts, sending_numbers
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from shortener.storage.models import Account, Link
from tests.support.factories import DAY, NOW, Made, Sender, make_message
from tests.support.sending_rows import put_sending, put_state


def counted(sender: Sender, start: dt.datetime = NOW - DAY) -> sending_numbers.SendingNumbers:
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        return sending_numbers.of(period_counts.counted(session, account.id, start, NOW + DAY))


def in_state(sender: Sender, state: MessageState, text: str | None = None) -> Made:
    done = make_message(sender, *([text] if text else []), now=NOW)
    put_state(done.message, state)
    return done


def click_first_link(done: Made) -> None:
    with db.write() as session:
        first = select(Link.id).where(Link.message_id == done.message.id).limit(1).scalar_subquery()
        session.execute(update(Link).where(Link.id == first).values(accessed_on=NOW))


def test_rates_are_of_messages_sent(sender: Sender, other_sender: Sender) -> None:
    for state in MessageState:
        in_state(sender, state)
        in_state(other_sender, state)
    make_message(sender, now=NOW)
    found = counted(sender)
    assert (found.delivered, found.sent) == (1, 8)
    assert found.delivered_rate == 1 / 8
    assert found.undelivered == {MessageState.FAILED: 1, MessageState.REJECTED: 1, MessageState.EXPIRED: 1}


def test_click_rate_counts_delivered_messages_with_links(sender: Sender) -> None:
    click_first_link(in_state(sender, MessageState.DELIVERED))
    in_state(sender, MessageState.DELIVERED)
    in_state(sender, MessageState.DELIVERED, "Hello!")
    click_first_link(in_state(sender, MessageState.SENT))
    found = counted(sender)
    assert (found.with_link, found.clicked, found.click_rate) == (2, 1, 0.5)


def test_nothing_sent_has_no_rates(sender: Sender) -> None:
    make_message(sender, now=NOW)
    found = counted(sender)
    assert (found.states, found.delivered_rate, found.click_rate) == ({}, None, None)


def test_other_periods_are_not_counted(sender: Sender) -> None:
    in_state(sender, MessageState.DELIVERED)
    assert counted(sender, NOW + dt.timedelta(seconds=1)).delivered == 0


def test_held_sendings_are_counted_and_listed(sender: Sender, other_sender: Sender) -> None:
    for owner in (sender, sender, sender, other_sender):
        put_sending(make_message(owner, now=NOW).message, JobState.HELD, (AttemptOutcome.UNSURE,))
    put_sending(make_message(sender, now=NOW).message)
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        number, oldest = sending_numbers.held(session, account, 2)  # type: ignore[arg-type]
    assert (number, len(oldest)) == (3, 2)
    assert oldest[0].gateway == "simulator"
