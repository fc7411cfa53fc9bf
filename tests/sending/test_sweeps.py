"""Sweeps: sendings without word are closed, and the simulator's receipts come after its delay."""

import datetime as dt

import pytest
from sqlalchemy import func, select

from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.message_state import MessageState
from shortener.sending import sweeps
from shortener.sending.gateway import Taken
from shortener.sending.sweeps import Position
from shortener.storage import db
from shortener.storage.models import Receipt
from tests.support.factories import NOW, Sender
from tests.support.hand_overs import DOUBT, NUMBER, SECOND, claim, held, message, put, receive, sending, settle

HOURS = dt.timedelta(hours=72)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), 0


def close(now: dt.datetime) -> int:
    with db.write() as session:
        return sweeps.close(session, now=now)


def simulate(after: Position = EPOCH, now: dt.datetime = NOW, delay: float = 0.0) -> Position | None:
    with db.write() as session:
        return sweeps.simulate(session, after=after, delay=delay, now=now)


def receipts(message_id: int) -> list[str]:
    with db.read() as session:
        query = select(Receipt.state).where(Receipt.message_id == message_id).order_by(Receipt.id)
        return list(session.scalars(query))


def sent(sender: Sender, recipient: str = NUMBER, gateway: GatewayName = GatewayName.SIMULATOR) -> int:
    """A message that the gateway took at NOW."""
    message_id = put(sender, recipient, now=NOW, gateway=gateway)
    [claimed] = claim()
    settle(claimed, Taken(reference=f"simulated-{message_id}"))
    return message_id


# Without word


def test_a_silent_message_is_unknown_after_72_hours(sender: Sender) -> None:
    message_id = sent(sender)
    assert close(NOW + HOURS - SECOND) == 0
    assert close(NOW + HOURS) == 1
    row = sending(message_id)
    assert (message(message_id).state, row.recipient, row.closes_on) == ("unknown", None, None)
    assert row.state == "delivered"  # the hand-over itself succeeded
    assert close(NOW + 2 * HOURS) == 0


def test_a_late_final_word_still_counts(sender: Sender) -> None:
    message_id = sent(sender)
    close(NOW + HOURS)
    receive(sender, message_id, MessageState.DELIVERED, NOW + 2 * HOURS)
    assert message(message_id).state == "delivered"


def test_a_final_message_is_not_closed(sender: Sender) -> None:
    message_id = sent(sender)
    receive(sender, message_id, MessageState.DELIVERED)
    assert close(NOW + HOURS) == 0
    assert (message(message_id).state, sending(message_id).recipient) == ("delivered", None)


def test_a_held_message_is_given_up_at_last(sender: Sender) -> None:
    message_id = held(sender)
    assert close(NOW + DOUBT + HOURS) == 1
    row = sending(message_id)
    assert (row.state, row.exhausted_because, row.recipient) == ("exhausted", sweeps.UNDECIDED, None)


# The simulator


@pytest.mark.parametrize(
    ("ending", "expected", "state"),
    [
        ("1234", ["accepted", "delivered"], "delivered"),
        ("9901", ["expired"], "expired"),
        ("9902", ["failed"], "failed"),
        ("9903", ["rejected"], "rejected"),
        ("9904", ["buffered"], "buffered"),
        ("9905", ["accepted"], "accepted"),
        ("9906", ["unknown"], "unknown"),
        ("9908", [], "sent"),
        ("9909", ["delivered"], "delivered"),
        ("9910", ["delivered", "accepted"], "delivered"),
    ],
)
def test_the_end_of_the_number_chooses(sender: Sender, ending: str, expected: list[str], state: str) -> None:
    message_id = sent(sender, f"+81801234{ending}")
    simulate()
    assert (receipts(message_id), message(message_id).state) == (expected, state)


def test_receipts_come_after_the_delay(sender: Sender) -> None:
    message_id = sent(sender)
    assert simulate(now=NOW + SECOND, delay=1.5) is None
    assert simulate(now=NOW + 2 * SECOND, delay=1.5) is not None
    assert message(message_id).state == "delivered"


def test_receipts_are_given_once(sender: Sender) -> None:
    message_id = sent(sender, "+818012349905")
    simulate()
    simulate()
    assert receipts(message_id) == ["accepted"]


def test_other_gateways_are_left_alone(sender: Sender) -> None:
    message_id = sent(sender, gateway=GatewayName.KANNEL)
    assert simulate() is None
    assert receipts(message_id) == []


def test_a_look_begins_where_the_last_one_ended(sender: Sender) -> None:
    message_id = sent(sender, "+818012349908")
    last = simulate()
    assert last == (NOW + HOURS, sending(message_id).id)
    assert simulate(after=last) is None


def test_sendings_of_one_moment_are_all_seen(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst is settled in one transaction, so hundreds close at the same time; silent ones stay in the way."""
    silent = [put(sender, "+818012349908", now=NOW, gateway=GatewayName.SIMULATOR) for _ in range(3)]
    last = put(sender, now=NOW, gateway=GatewayName.SIMULATOR)
    for claimed in claim():
        settle(claimed, Taken())
    monkeypatch.setattr(sweeps, "_LOCK_SIMULATED", sweeps._LOCK_SIMULATED.limit(2))
    position = simulate()
    assert position == (NOW + HOURS, sending(silent[1]).id)
    simulate(after=position)
    assert message(last).state == "delivered"


def test_each_account_gets_its_own(sender: Sender, other_sender: Sender) -> None:
    ids = [sent(one, "+818012349905") for one in (sender, other_sender)]
    simulate()
    assert [receipts(message_id) for message_id in ids] == [["accepted"], ["accepted"]]
    with db.read() as session:
        assert session.scalar(select(func.count(Receipt.account_id.distinct()))) == 2
