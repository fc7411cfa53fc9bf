"""The sending that is stored with a message, and what is stored if that fails."""

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from shortener.errors import ClientTagTakenError, InvalidFieldsError, QuietHoursError
from shortener.installation.site import Site
from shortener.messages import preprocess
from shortener.messages.analysis import analyze
from shortener.messages.from_face import FromFace
from shortener.messages.preprocess import Outcome, Preprocessed
from shortener.messages.submission import Submission
from shortener.reporting import message_report
from shortener.rules.delivery.gateway_choice import Gateways
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.receiver import Policy
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account, Attachment, Link, Message, Part, Sending
from tests.support.factories import DAY, NOW, TEXT, Sender, make_account

HOUR, SECOND = DAY / 24, dt.timedelta(seconds=1)
SMS: dict[str, Any] = {"message": TEXT, "sender": "SHOP", "recipient": "+818012345678"}
HTML = "<a href=https://shop.example.com/other>x</a> <a href='https://shop.example.com/track?id=1'>y</a>"
MAIL: dict[str, Any] = {"message": TEXT, "sender": "shop@example.com", "recipient": "ann@example.com"}


@pytest.fixture
def site(services: Services) -> Site:
    """A site with a gateway for every channel."""
    simulator = GatewayName.SIMULATOR
    return replace(services.site, gateways=Gateways(dict.fromkeys(Channel, simulator), frozenset({simulator})))


@pytest.fixture
def statements(services: Services) -> Iterator[list[str]]:
    """The statements of this test."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(db.db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.db.engine, "before_cursor_execute", note)


def submit(sender: Sender, site: Site, *submissions: dict[str, Any], **options: Any) -> Sequence[Outcome]:
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
    analyses = [analyze(Submission.check(each, Policy()), account, site, **options) for each in submissions]
    with db.writing() as connection:
        return preprocess.preprocess_all(connection, account, analyses, site, now=NOW)


def sending(outcome: Outcome) -> Sending:
    assert isinstance(outcome, Preprocessed)
    with db.read() as session:
        return session.scalars(select(Sending).where(Sending.message_id == outcome.message.id)).one()


def message(outcome: Outcome) -> Message:
    assert isinstance(outcome, Preprocessed)
    with db.read() as session:
        return session.get_one(Message, outcome.message.id)


def counts() -> list[int]:
    with db.read() as session:
        tables = (Message, Part, Link, Sending, Attachment)
        return [session.scalars(select(func.count()).select_from(table)).one() for table in tables]


def test_a_sending_is_stored_with_its_message(sender: Sender, site: Site) -> None:
    [outcome] = submit(sender, site, SMS)
    stored = sending(outcome)
    assert (stored.gateway, stored.channel, stored.sender) == ("simulator", "sms", "SHOP")
    assert (stored.recipient, stored.destination) == ("+818012345678", f"{stored.account_id} gateway://simulator:0")
    assert (stored.state, stored.due_on, stored.expires_on) == ("pending", NOW, NOW + 3 * DAY)
    assert (message(outcome).gateway, message(outcome).state, message(outcome).state_on) == ("simulator", "queued", NOW)


def test_without_a_gateway_nothing_is_sent(sender: Sender, services: Services) -> None:
    [outcome] = submit(sender, services.site, SMS)
    assert (message(outcome).gateway, message(outcome).state, counts()[3]) == (None, None, 0)


def test_a_message_may_ask_not_to_be_sent(sender: Sender, site: Site) -> None:
    submit(sender, site, {**SMS, "gateway": "none"})
    assert counts() == [1, 1, 1, 0, 0]


@pytest.mark.parametrize(("storage", "kept"), [("masked", "*********5678"), ("none", None)])
def test_the_number_is_kept_for_the_gateway(app: object, site: Site, storage: str, kept: str | None) -> None:
    [outcome] = submit(make_account("shop", recipient_storage=storage), site, SMS)
    assert (message(outcome).recipient, sending(outcome).recipient) == (kept, "+818012345678")


def test_a_scheduled_message_is_due_later(sender: Sender, site: Site) -> None:
    later = NOW + 2 * HOUR
    [outcome] = submit(sender, site, {**SMS, "send_on": later.isoformat(), "validity_period": 60})
    assert (sending(outcome).due_on, sending(outcome).expires_on) == (later, later + 60 * SECOND)
    assert (message(outcome).state, message(outcome).send_on) == ("scheduled", later)


def expiries(outcome: Outcome) -> list[dt.datetime]:
    assert isinstance(outcome, Preprocessed)
    return [link.expires_on for link in outcome.links]


def test_links_live_from_when_they_are_sent(sender: Sender, site: Site) -> None:
    later = NOW + 120 * DAY
    [now, scheduled] = submit(sender, site, SMS, {**SMS, "send_on": later.isoformat()})
    assert (expiries(now), expiries(scheduled)) == ([NOW + 90 * DAY], [later + 90 * DAY])
    [unsent] = submit(sender, site, {**SMS, "gateway": "none", "send_on": later.isoformat()})
    assert expiries(unsent) == [later + 90 * DAY]


def test_links_live_from_the_end_of_quiet_hours(app: object, site: Site) -> None:
    night = make_account("shop", quiet_hours="00:00-23:00", quiet_mode="hold")
    [held] = submit(night, site, SMS)
    assert sending(held).due_on > NOW
    assert expiries(held) == [sending(held).due_on + 90 * DAY]


@pytest.mark.parametrize("moment", [NOW, NOW - HOUR, NOW + 180 * DAY + SECOND])
def test_other_times_are_refused(sender: Sender, site: Site, moment: dt.datetime) -> None:
    refused, taken = submit(sender, site, {**SMS, "send_on": moment.isoformat()}, SMS)
    assert isinstance(refused, InvalidFieldsError) and set(refused.fields) == {"send_on"}
    assert (message(taken).state, counts()[0]) == ("queued", 1)


def test_a_repetition_has_its_first_answer(sender: Sender, site: Site) -> None:
    order = {**SMS, "send_on": (NOW + HOUR).isoformat()}
    [first] = submit(sender, site, order, idempotency_key="k")
    with db.write() as session:
        session.execute(Message.__table__.update().values(state="sent"))
    [again] = submit(sender, site, order, idempotency_key="k")
    assert isinstance(first, Preprocessed) and isinstance(again, Preprocessed)
    assert (again.message, again.links, again.replayed) == (first.message, first.links, True)
    assert counts() == [1, 1, 1, 1, 0]


@pytest.mark.parametrize("parts", [{"message": None, "html": HTML}, {"html": HTML}, {"html": HTML, "track": "all"}])
def test_a_repetition_has_the_same_parts(sender: Sender, site: Site, parts: dict[str, Any]) -> None:
    outcomes = [outcome for _ in range(2) for outcome in submit(sender, site, {**MAIL, **parts}, idempotency_key="k")]
    answers = [
        message_report.preprocessed(each.message, each.links, site)
        for each in outcomes
        if isinstance(each, Preprocessed)
    ]
    assert (len(answers), answers[0]) == (2, answers[1])
    assert answers[0]["html"] != HTML


def test_quiet_hours_hold_a_message(app: object, site: Site) -> None:
    held = make_account("held", quiet_hours="08:00-10:00", quiet_mode="hold")
    [outcome] = submit(held, site, SMS)
    assert (sending(outcome).due_on, message(outcome).state) == (NOW + HOUR, "scheduled")
    assert message(outcome).send_on == NOW + HOUR


def test_quiet_hours_look_at_the_time_of_sending(app: object, site: Site) -> None:
    refusing = make_account("refusing", quiet_hours="20:00-08:00")
    refused, taken = submit(refusing, site, {**SMS, "send_on": (NOW + 12 * HOUR).isoformat()}, SMS)
    assert isinstance(refused, QuietHoursError)
    assert isinstance(taken, Preprocessed)


def test_attachments_are_kept_until_handed_over(sender: Sender, site: Site) -> None:
    file = {"name": "a.pdf", "content_type": "application/pdf", "content": base64.b64encode(b"%PDF").decode()}
    sent, given_back = {**MAIL, "attachments": [file, file]}, {**MAIL, "gateway": "none", "attachments": [file]}
    submit(sender, site, sent, given_back)
    with db.read() as session:
        rows = session.scalars(select(Attachment).order_by(Attachment.message_id, Attachment.position)).all()
    assert [row.content for row in rows] == [b"%PDF", b"%PDF", None]
    assert {(row.name, row.content_type, row.size) for row in rows} == {("a.pdf", "application/pdf", 4)}
    assert {row.sha256 for row in rows} == {hashlib.sha256(b"%PDF").digest()}


def test_what_a_face_adds_is_stored(sender: Sender, site: Site) -> None:
    [outcome] = submit(
        sender, site, SMS, face=FromFace(name="acme", fields={"ref": "a"}, extras={"buttons": [1]}, bulk_id="b1")
    )
    assert (message(outcome).face, sending(outcome).extras) == ("acme", {"buttons": [1]})


def test_a_refused_message_has_no_sending(sender: Sender, site: Site) -> None:
    submit(sender, site, *[{**SMS, "client_tag": "t"}] * 3)
    assert counts() == [1, 1, 1, 1, 0]


def test_many_messages_take_few_statements(sender: Sender, site: Site, statements: list[str]) -> None:
    submit(sender, site, *[SMS] * 50)
    assert counts() == [50, 50, 50, 50, 0]
    assert len([each for each in statements if each.startswith("INSERT")]) == 4


def test_if_a_part_cannot_be_stored_nothing_is(sender: Sender, site: Site) -> None:
    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO link"):
            raise OperationalError(statement, None, Exception("database or disk is full"))

    event.listen(db.db.engine, "before_cursor_execute", fail)
    try:
        with pytest.raises(OperationalError):
            submit(sender, site, {**MAIL, "attachments": [{"name": "a", "content": "eA=="}]})
    finally:
        event.remove(db.db.engine, "before_cursor_execute", fail)
    assert counts() == [0, 0, 0, 0, 0]


def test_repetitions_have_their_outcome_with_a_new_gateway(sender: Sender, services: Services, site: Site) -> None:
    """The operator sets a gateway between the first call and its retry; without one nothing is required."""
    given = {"message": TEXT, "client_tag": "a"}
    [first] = submit(sender, services.site, given, idempotency_key="key-1")
    [again] = submit(sender, site, given, idempotency_key="key-1")
    assert isinstance(first, Preprocessed) and isinstance(again, Preprocessed)
    assert again.replayed and again.message.msgid == first.message.msgid
    [other, tagged, new] = submit(sender, site, {"message": "b"}, given, {"message": TEXT})
    assert isinstance(tagged, ClientTagTakenError) and tagged.msgid == first.message.msgid
    assert isinstance(other, InvalidFieldsError) and isinstance(new, InvalidFieldsError)
    assert counts() == [1, 1, 1, 0, 0]
