"""Sendings as a kind of job: what a gateway is given, what follows its answer, and what a crash does."""

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from shortener.config.settings import Settings
from shortener.delivery import stranded
from shortener.messages import rewriting
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.sending import judgement, kind
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken, Unsure
from shortener.sending.kind import SENDINGS, result
from shortener.storage import db
from shortener.storage.models import Account as AccountRow
from shortener.storage.models import Attachment, Callback, Part, PartKind, Receipt, Sending
from tests.support.factories import DAY, NOW, TARGET, TEXT, Sender
from tests.support.hand_overs import (
    DOUBT,
    LEASE,
    NUMBER,
    SECOND,
    Gateway,
    attempts,
    claim,
    deliverer,
    message,
    outcomes,
    put,
    receive,
    sending,
    set_on_unsure,
    settle,
    taken,
)

UNSURE, BUSY = result(Unsure(sentence="no answer in time")), result(NotNow(sentence="connection refused"))


# What a gateway is given


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def test_the_gateway_gets_the_rewritten_text(app: Flask, settings: Settings, sender: Sender, gateway: Gateway) -> None:
    message_id = put(sender)
    assert deliverer(app, settings, gateway).deliver_due() == 1
    [given] = gateway.given
    assert (given.sender, given.recipient, given.number) == ("Acme", NUMBER, 1)
    before, after = TEXT.split(TARGET)
    assert given.text is not None
    assert given.text.startswith(f"{before}https://s.example.com/")
    assert given.text.endswith(after)
    assert message(message_id).msgid in given.receipt_url
    assert 259_100 < given.seconds_left <= 259_200


def test_a_taken_message_is_sent_and_open(app: Flask, settings: Settings, sender: Sender, gateway: Gateway) -> None:
    message_id = put(sender)
    deliverer(app, settings, gateway).deliver_due()
    row = sending(message_id)
    assert (row.state, row.gateway_ref) == ("delivered", f"ref-{message(message_id).msgid}")
    assert row.sent_on is not None
    assert row.closes_on == row.sent_on + dt.timedelta(hours=72)
    assert row.recipient == NUMBER
    assert message(message_id).state == "sent"
    [attempt] = attempts(message_id)
    assert (attempt.outcome, attempt.status, attempt.answer, attempt.total_us) == ("taken", 202, b"ok", 1500)
    assert deliverer(app, settings, gateway).deliver_due() == 0


def test_the_log_names_the_message(
    app: Flask, settings: Settings, sender: Sender, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    busy, well = "+818000000001", "+818000000002"
    gateway.answers[busy] = lambda _: NotNow(sentence="slow down", retry_after=8)
    ids = [put(sender, busy), put(sender, well)]
    with caplog.at_level(logging.INFO, "shortener.delivery"):
        deliverer(app, settings, gateway).deliver_due()
    [first, second] = [f"sending {sending(one).id}" for one in ids]
    [busy_msgid, msgid] = [message(one).msgid for one in ids]
    assert caplog.messages == [
        f"{first}: message {busy_msgid}: busy; next attempt in 8 s",
        f"{second}: handed over (message {msgid}: taken 202)",
    ]


def test_mail_has_both_parts_subject_and_files(
    app: Flask, settings: Settings, sender: Sender, gateway: Gateway
) -> None:
    message_id = put(sender, "ann@example.com")
    file = {"name": "a.pdf", "content_type": "application/pdf", "size": 3, "sha256": bytes(32), "content": b"pdf"}
    with db.write() as session:
        session.execute(insert(Part), [{"message_id": message_id, "kind": PartKind.HTML, "text": "<p>hello</p>"}])
        session.execute(insert(Attachment), [{"message_id": message_id, "position": 1, **file}])
    read: list[Any] = []
    gateway.answers["ann@example.com"] = lambda outgoing: (read.extend(outgoing.attachments()), taken(outgoing))[1]
    deliverer(app, settings, gateway).deliver_due()
    assert (gateway.given[0].html, gateway.given[0].attached_bytes) == ("<p>hello</p>", 3)
    assert gateway.given[0].begun is not None
    assert [(one.name, one.content_type, one.content) for one in read] == [("a.pdf", "application/pdf", b"pdf")]
    with db.read() as session:  # it is not needed any more
        assert session.scalars(select(Attachment.content)).one() is None


def test_a_missing_gateway_keeps_the_message_waiting(
    app: Flask, settings: Settings, sender: Sender, gateway: Gateway
) -> None:
    message_id = put(sender, gateway=GatewayName.SMTP)
    deliverer(app, settings, gateway).deliver_due()
    assert (sending(message_id).state, outcomes(message_id)) == ("pending", ["busy"])


def test_a_scheduled_message_waits_for_its_time(sender: Sender) -> None:
    put(sender, now=NOW, due_on=NOW + 3600 * SECOND)
    assert claim(NOW + 3599 * SECOND) == []
    assert len(claim(NOW + 3600 * SECOND)) == 1


def free() -> int:
    longest = kind.LONGEST_SCHEDULE + stranded.SLACK
    with db.write() as session:
        found = SENDINGS.stranded.find(session, now=NOW, longest=longest, lease=LEASE)
        return SENDINGS.stranded.free(session, found, now=NOW, lease=LEASE)


@pytest.mark.parametrize("days", [1, 30, 400])
def test_a_message_stored_by_a_wrong_clock_is_found(sender: Sender, days: int) -> None:
    put(sender, now=NOW + days * DAY)
    assert claim() == []
    assert free() == 1
    [claimed] = claim()
    settle(claimed, BUSY)
    assert free() == 0  # its retry waits as others do


def test_a_schedule_outlives_a_wrong_clock(sender: Sender) -> None:
    put(sender, now=NOW + 30 * DAY, due_on=NOW + 40 * DAY)
    put(sender, now=NOW, due_on=NOW + 30 * DAY)
    assert free() == 0


def test_a_message_that_cannot_be_made_ready_waits(
    app: Flask, settings: Settings, sender: Sender, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was handed over, so there is no doubt; and no other message is delayed."""
    broken, other = put(sender, "+818000000001"), put(sender, "+818000000002", "No link")

    def breaks(text: str, *_: object) -> str:
        if text == TEXT:
            raise ZeroDivisionError
        return text

    monkeypatch.setattr(rewriting, "text", breaks)
    assert deliverer(app, settings, gateway).deliver_due() == 2
    assert (sending(broken).state, outcomes(broken)) == ("pending", ["busy"])
    assert message(other).state == "sent"


def test_a_gateway_of_another_version_delays_nobody(
    app: Flask, settings: Settings, sender: Sender, gateway: Gateway
) -> None:
    stranger, other = put(sender, "+818000000001"), put(sender, "+818000000002")
    with db.write() as session:
        session.execute(update(Sending).where(Sending.message_id == stranger).values(gateway="pigeon"))
    deliverer(app, settings, gateway).deliver_due()
    assert (outcomes(stranger), outcomes(other)) == (["busy"], ["taken"])


# What follows an answer


def test_a_refused_message_is_rejected(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    settle(claimed, Refused(sentence="no such number", code="13", reason=Reason.UNREACHABLE))
    found = message(message_id)
    assert (found.state, found.code, found.reason) == ("rejected", "13", "unreachable")
    assert (sending(message_id).state, sending(message_id).recipient) == ("exhausted", None)
    assert claim(NOW + DOUBT) == []


def test_a_busy_gateway_is_asked_again_until_the_end(sender: Sender) -> None:
    message_id = put(sender, now=NOW, period=dt.timedelta(minutes=15))
    now, waits = NOW, []
    while sending(message_id).settled_on is None:
        [claimed] = claim(now) or [None]
        if claimed is None:
            continue
        settle(claimed, BUSY, now)
        waits.append((sending(message_id).due_on - now).total_seconds())
        now = sending(message_id).due_on
    assert waits == [5, 30, 120, 600, 145]
    found = message(message_id)
    assert (found.state, found.reason, sending(message_id).exhausted_because) == (
        *("expired", None),
        "the period of validity ended before the gateway took the message",
    )
    assert outcomes(message_id) == ["busy"] * 5


def test_a_gateway_may_ask_for_a_longer_wait(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    settle(claimed, NotNow(sentence="slow down", retry_after=8))
    assert sending(message_id).due_on == NOW + 8 * SECOND


def test_an_overdue_message_is_not_handed_over(sender: Sender) -> None:
    message_id = put(sender, now=NOW, period=SECOND)
    assert claim(NOW + SECOND) == []
    assert (message(message_id).state, outcomes(message_id)) == ("expired", [])


def test_a_receipt_before_the_hand_over_is_kept(sender: Sender) -> None:
    """Nobody can know yet what became of the message: it is handed over, and the receipt proves nothing later."""
    message_id = put(sender, now=NOW)
    assert receive(sender, message_id, MessageState.FAILED) == 1
    assert (message(message_id).state, sending(message_id).state) == ("queued", "pending")
    with db.read() as session:
        assert session.scalars(select(Receipt.state)).all() == ["failed"]
    [claimed] = claim(NOW + SECOND)
    settle(claimed, BUSY, NOW + SECOND)
    [claimed] = claim(NOW + 9 * SECOND)
    settle(claimed, Taken(reference="r"), NOW + 9 * SECOND)
    assert message(message_id).state == "sent"


def test_a_repeated_early_receipt_proves_nothing(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    receive(sender, message_id, MessageState.FAILED)
    [claimed] = claim(NOW + SECOND)
    settle(claimed, UNSURE, NOW + SECOND)
    receive(sender, message_id, MessageState.FAILED, NOW + 2 * SECOND)
    assert (sending(message_id).state, message(message_id).state) == ("pending", "queued")
    receive(sender, message_id, MessageState.ACCEPTED, NOW + 3 * SECOND)
    assert (sending(message_id).state, message(message_id).state) == ("delivered", "accepted")


# Quiet hours


def keep_quiet(sender: Sender, mode: str = "refuse") -> None:
    """From two seconds after NOW until an hour later."""
    hours = f"{NOW:%H:%M}-{NOW + 3600 * SECOND:%H:%M}"
    with db.write() as session:
        changes = {"quiet_hours": hours, "quiet_mode": mode, "time_zone": "UTC"}
        session.execute(update(AccountRow).where(AccountRow.name == sender.name).values(changes))


def quiet_end() -> dt.datetime:
    return NOW.replace(second=0, microsecond=0) + 3600 * SECOND


@pytest.mark.parametrize("mode", ["refuse", "hold"])
def test_a_retry_waits_for_quiet_hours_to_end(sender: Sender, other_sender: Sender, mode: str) -> None:
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    settle(claimed, BUSY)
    keep_quiet(sender, mode)
    other = put(other_sender, now=NOW)
    assert [one.loaded.message_id for one in claim(NOW + 5 * SECOND)] == [other]
    row = sending(message_id)
    assert (row.state, row.due_on, row.unsure_on) == ("pending", quiet_end(), None)
    assert len(claim(quiet_end())) == 1


def test_a_message_expires_in_quiet_hours(sender: Sender) -> None:
    message_id = put(sender, now=NOW, period=60 * SECOND)
    keep_quiet(sender)
    assert claim(NOW) == []
    assert sending(message_id).due_on == NOW + 60 * SECOND
    assert claim(NOW + 60 * SECOND) == []
    assert message(message_id).state == "expired"


def test_quiet_hours_keep_a_doubt_as_it_is(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    set_on_unsure(sender, "repeat")
    since = unsure(sender)
    keep_quiet(sender)
    assert claim(since + DOUBT) == []
    assert (sending(message_id).unsure_on, sending(message_id).due_on) == (since, quiet_end())
    assert len(claim(quiet_end())) == 1


def test_where_no_receipt_follows_taken_is_delivered(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    settle(claimed, Taken(is_delivered=True))
    assert (message(message_id).state, sending(message_id).closes_on) == ("delivered", None)


def test_each_state_tells_the_sender_once(sender: Sender) -> None:
    put(sender, now=NOW)
    with db.write() as session:
        session.execute(update(AccountRow).values(receipts_url="https://example.com/receipts"))
    [claimed] = claim()
    settle(claimed, BUSY)
    [claimed] = claim(NOW + 5 * SECOND)
    settle(claimed, Taken(is_delivered=True))
    with db.read() as session:
        assert sorted(session.scalars(select(Callback.about))) == ["delivered", "sent"]


def test_a_receipt_that_was_faster_is_kept(sender: Sender) -> None:
    """A gateway can tell that a message arrived before we have stored that it was taken."""
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    assert receive(sender, message_id, MessageState.DELIVERED) == 1
    settle(claimed, Taken(reference="r"))
    assert message(message_id).state == "delivered"
    row = sending(message_id)
    assert (row.state, row.recipient, row.closes_on, row.gateway_ref) == ("delivered", None, None, "r")


def test_a_receipt_by_reference_is_matched_when_settled(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    assert receive(sender, message_id, MessageState.ACCEPTED, ref="theirs") == 1
    assert message(message_id).state == "queued"
    settle(claimed, Taken(reference="theirs"))
    assert message(message_id).state == "accepted"


def test_an_answer_that_cannot_be_stored_still_settles(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    settle(claimed, result(Taken(reference="\0", answer=b"x")).without_content())
    assert (message(message_id).state, sending(message_id).gateway_ref) == ("sent", None)


# Where doubt remains


def crash(_sender: Sender) -> dt.datetime:
    """Start an attempt whose process ends, and let its lease run out; when the loop has seen that."""
    claim()
    assert claim(NOW + LEASE) == []
    return NOW + LEASE


def unsure(_sender: Sender) -> dt.datetime:
    [claimed] = claim()
    settle(claimed, UNSURE)
    return NOW


def stopped(_sender: Sender) -> dt.datetime:
    """Start an attempt that is given back by a process that stops."""
    [claimed] = claim()
    with db.write() as session:
        SENDINGS.give_back(session, claimed, now=NOW)
    assert claim(NOW) == []
    return NOW


Doubt = Callable[[Sender], dt.datetime]
doubts = pytest.mark.parametrize("doubt", [crash, unsure, stopped])


@doubts
def test_a_doubtful_message_waits_two_minutes(sender: Sender, doubt: Doubt) -> None:
    message_id = put(sender, now=NOW)
    since = doubt(sender)
    row = sending(message_id)
    assert (row.state, row.due_on, row.unsure_on) == ("pending", since + DOUBT, since)
    assert claim(since + DOUBT - SECOND) == []
    assert message(message_id).state == "queued"


@doubts
def test_then_it_is_held_and_shown(sender: Sender, doubt: Doubt) -> None:
    message_id = put(sender, now=NOW)
    since = doubt(sender)
    assert claim(since + DOUBT) == []
    row = sending(message_id)
    assert (row.state, row.exhausted_because) == ("held", judgement.UNKNOWN)
    assert (row.recipient, row.closes_on) == (NUMBER, since + DOUBT + dt.timedelta(hours=72))
    assert (message(message_id).state, message(message_id).reason) == ("unknown", None)
    assert len(outcomes(message_id)) == 1


@doubts
@pytest.mark.parametrize("state", [MessageState.BUFFERED, MessageState.UNKNOWN, MessageState.DELIVERED])
def test_a_receipt_proves_that_it_was_taken(sender: Sender, doubt: Doubt, state: MessageState) -> None:
    message_id = put(sender, now=NOW)
    since = doubt(sender)
    receive(sender, message_id, state)
    assert claim(since + DOUBT) == []
    assert (sending(message_id).state, message(message_id).state) == ("delivered", state)
    assert len(outcomes(message_id)) == 1


@doubts
def test_an_account_may_want_it_repeated(sender: Sender, doubt: Doubt) -> None:
    message_id = put(sender, now=NOW)
    set_on_unsure(sender, "repeat")
    [claimed] = claim(doubt(sender) + DOUBT)
    assert (claimed.number, sending(message_id).unsure_on) == (2, None)
    settle(claimed, Taken(reference="again"), NOW + DOUBT)
    assert (sending(message_id).state, message(message_id).state) == ("delivered", "sent")


def test_a_repeated_message_is_held_at_last(sender: Sender) -> None:
    """Otherwise a gateway that takes messages and never answers would send hundreds to one recipient."""
    message_id = put(sender, now=NOW)
    set_on_unsure(sender, "repeat")
    now = NOW
    while claimed := claim(now):
        settle(claimed[0], UNSURE, now)
        now += DOUBT
    assert (sending(message_id).state, outcomes(message_id)) == ("held", ["unsure"] * 4)


def test_a_repeated_attempt_may_be_interrupted_too(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    set_on_unsure(sender, "repeat")
    later = crash(sender) + DOUBT
    assert len(claim(later)) == 1
    assert claim(later + LEASE) == []
    assert sending(message_id).due_on == later + LEASE + DOUBT


def test_a_doubtful_message_is_not_repeated_after_its_period(sender: Sender) -> None:
    message_id = put(sender, now=NOW, period=SECOND)
    set_on_unsure(sender, "repeat")
    assert claim(unsure(sender) + DOUBT) == []
    assert (sending(message_id).state, message(message_id).state) == ("held", "unknown")


def test_a_raising_gateway_leaves_a_doubt(app: Flask, settings: Settings, sender: Sender, gateway: Gateway) -> None:
    def breaks(_: Outgoing) -> HandOver:
        raise ZeroDivisionError

    message_id = put(sender)
    gateway.answers[NUMBER] = breaks
    loop = deliverer(app, settings, gateway)
    with pytest.raises(ZeroDivisionError):
        loop.deliver_due()
    with db.write() as session:
        session.execute(update(Sending).values(due_on=db.now(session)))
    assert loop.deliver_due() == 0
    assert (sending(message_id).unsure_on is not None, outcomes(message_id)) == (True, ["interrupted"])


def test_the_limits_come_from_the_settings(settings: Settings) -> None:
    chosen = settings.model_copy(update={"gateway_in_flight": 3, "gateway_rate": 12.5})
    made = kind.kind(chosen, {GatewayName.KANNEL: Gateway(timeout=7)}, lambda: None)  # type: ignore[arg-type,return-value]
    assert (made.per_group, made.per_destination, made.timeout) == (3, 3, 7)
    assert made.rates is not None
    assert made.slots == kind.SLOTS
    full = settings.model_copy(update={"gateway_in_flight": 64})
    both = {GatewayName.KANNEL: Gateway(), GatewayName.SMTP: Gateway(name=GatewayName.SMTP)}
    assert kind.kind(full, both, lambda: None).slots == 128  # type: ignore[arg-type,return-value]
    assert kind.kind(settings, {}, lambda: None).rates is None  # type: ignore[arg-type,return-value]
