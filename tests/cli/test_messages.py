"""`message`: what is shown of one message, and which are refused."""

import pytest

from shortener.receipts.advance import News, advance
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.storage import db
from shortener.storage.models import Receipt
from tests.cli.test_commands import Run, document, done, refused, run
from tests.support import sendings
from tests.support.factories import NOW, TARGET, Made, Sender, make_message, slug_of

__all__ = ["run"]  # the fixture


@pytest.fixture
def failed(sender: Sender) -> Made:
    """A message with a receipt."""
    made = make_message(sender, client_tag="order-1", recipient="+818012345678", now=NOW)
    with db.write() as session:
        place = {"account_id": made.message.account_id, "message_id": made.message.id}
        what = {"gateway": "kannel", "gateway_ref": "ref-1", "state": MessageState.FAILED, "code": "3"}
        session.add(Receipt(**place, **what, reason=Reason.ABSENT_PERMANENT, happened_on=NOW, received_on=NOW))
        session.flush()
        news = News(MessageState.FAILED, NOW, "3", Reason.ABSENT_PERMANENT)
        assert advance(session.connection(), made.message.id, news, now=NOW)
    return made


def test_people_see_what_became_of_a_message(run: Run, failed: Made) -> None:
    shown, receipts = done(run("message", "show", failed.message.msgid)).split("\n\n")
    fields = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert (fields["account"], fields["client_tag"], fields["recipient"]) == ("shop", "order-1", "+818012345678")
    assert f"https://s.example.com/{slug_of(failed.link)}" in fields["message"]
    assert (fields["link"], fields["clicked_on"], fields["callback"]) == (TARGET, "-", "-")
    assert (fields["state"], fields["state_on"]) == ("failed", "2026-11-22T09:00:00.000000Z")
    assert fields["reason"] == "The number is no longer in use. Take it off your lists."
    header, row = receipts.splitlines()
    assert header.split() == ["at", "state", "gateway", "gateway_ref", "code", "reason"]
    assert row.split() == ["2026-11-22T09:00:00.000000Z", "failed", "kannel", "ref-1", "3", "absent_permanent"]


def test_a_message_that_nobody_sends_has_no_state(run: Run, sender: Sender) -> None:
    made = make_message(sender, "see you at 5")
    shown = done(run("message", "show", made.message.msgid))
    fields = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert (fields["message"], fields["link"], fields["state"]) == ("see you at 5", "-", "-")


def test_programs_get_the_whole_report(run: Run, failed: Made) -> None:
    report = document(run("message", "show", failed.message.msgid, "--json"))
    assert (report["account"], report["msgid"], report["receipt"]["state"]) == ("shop", failed.message.msgid, "failed")
    assert len(report["receipts"]) == len(report["links"]) == 1


def test_a_waiting_message_is_canceled(run: Run, sender: Sender) -> None:
    message = make_message(sender).message
    with db.write() as session:
        sendings.add(session, message, lease_token=None)
        assert advance(session.connection(), message.id, News(MessageState.SCHEDULED, NOW), now=NOW)
    for _ in range(2):  # to cancel it again changes nothing
        canceled = document(run("message", "cancel", message.msgid, "--json"))
        assert canceled == {"msgid": message.msgid, "client_tag": None, "state": "canceled"}
    assert document(run("message", "show", message.msgid, "--json"))["sending"]["state"] == "canceled"


def test_a_message_that_nobody_sends_cannot_be_canceled(run: Run, sender: Sender) -> None:
    said = refused(run("message", "cancel", make_message(sender).message.msgid))
    assert "Only a message that waits for its hand-over can be canceled" in said


@pytest.mark.parametrize("command", ["show", "cancel"])
@pytest.mark.parametrize("msgid", ["x" * 32, "short", "é" * 32, "a\nb"])
def test_an_unknown_msgid_is_refused(run: Run, sender: Sender, command: str, msgid: str) -> None:
    assert refused(run("message", command, msgid)) == "Error: There is no message with that msgid.\n"
