"""Delivery status notifications in our states: Postfix's own, those of the standard, and hostile ones."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.receipts.incoming import Given, IncomingReceipt
from shortener.rules.delivery.message_state import MessageState as State
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import SMTP_PORTS, parse
from shortener.sending.gateway import Outgoing, Taken
from shortener.sending.mail import receipts as mail_receipts
from shortener.sending.mail.gateway import Smtp
from tests.support import postfix
from tests.support.smtp import mailbox
from tests.support.waiting import until

MSGID = "Zq3" * 10 + "ab"
MAIL = f"""\
From MAILER-DAEMON  Sun Nov 29 09:01:49 2026
Delivered-To: bounces+{MSGID}@acme.example
From: Mail Delivery System <MAILER-DAEMON@relay.test>
To: bounces+{MSGID}@acme.example
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="1E0E720C0FB.1795942909/relay.test"
Message-Id: <20261129090149.4129D20C5E0@relay.test>

--1E0E720C0FB.1795942909/relay.test
Content-Type: text/plain; charset=utf-8

I'm sorry to have to inform you that your message could not be delivered.

--1E0E720C0FB.1795942909/relay.test
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test
Original-Envelope-Id: {MSGID}
Arrival-Date: Sun, 29 Nov 2026 09:01:44 +0000 (UTC)

Final-Recipient: rfc822; anna@example.com
Original-Recipient: rfc822;anna@example.com
Action: ACTION
Status: STATUS (a comment)
Diagnostic-Code: smtp; 550 5.1.1 <anna@example.com>
    no such user

--1E0E720C0FB.1795942909/relay.test
Content-Type: text/rfc822-headers

Return-Path: <bounces+{MSGID}@acme.example>
Message-ID: <{MSGID}@links.example>
Subject: x

--1E0E720C0FB.1795942909/relay.test--
"""
FAILED = MAIL.replace("ACTION", "failed").replace("STATUS", "5.1.1")


def read(mail: str) -> IncomingReceipt:
    [receipt] = mail_receipts.read(Given({}, mail.encode()))
    return receipt


@pytest.mark.parametrize(
    ("action", "status", "state", "reason"),
    [
        ("failed", "5.1.1", State.FAILED, Reason.NO_SUCH_ADDRESS),
        ("Failed", "5.2.2", State.FAILED, Reason.MAILBOX_FULL),
        ("failed", "5.7.1", State.FAILED, Reason.MAIL_REFUSED),
        ("failed", "5.0.0", State.FAILED, Reason.GENERAL),
        ("failed", "4.4.7", State.EXPIRED, Reason.ABSENT_TEMPORARY),
        ("delayed", "4.4.1", State.BUFFERED, Reason.NETWORK),
        ("delivered", "2.0.0", State.DELIVERED, Reason.NONE),
        ("relayed", "2.0.0", State.ACCEPTED, Reason.NONE),
        ("expanded", "2.0.0", State.ACCEPTED, Reason.NONE),
        ("failed", "unknown", State.FAILED, Reason.UNKNOWN),
    ],
)
def test_every_action_has_a_state(action: str, status: str, state: State, reason: Reason) -> None:
    receipt = read(MAIL.replace("ACTION", action).replace("STATUS", status))
    assert (receipt.state, receipt.reason, receipt.gateway, receipt.msgid) == (state, reason, "smtp", MSGID)
    assert receipt.code == ("" if status == "unknown" else status)


def test_line_ends_do_not_matter() -> None:
    assert read(FAILED.replace("\n", "\r\n")) == read(FAILED)


def test_the_address_names_the_message_too() -> None:
    """Relays that know no envelope ids send bounces to the sender of the envelope."""
    without = FAILED.replace(f"Original-Envelope-Id: {MSGID}\n", "")
    assert read(without).msgid == MSGID
    assert read(without.replace(f"Message-ID: <{MSGID}", "Message-ID: <x")).msgid == MSGID


def test_the_returned_headers_name_the_message_too() -> None:
    mail = FAILED.replace(f"bounces+{MSGID}", "postmaster").replace(f"Original-Envelope-Id: {MSGID}\n", "")
    assert read(mail).msgid == MSGID


def test_several_recipients_give_several_receipts() -> None:
    another = "    no such user\n\nFinal-Recipient: rfc822; ben@example.com\nAction: delivered\nStatus: 2.1.5\n"
    receipts = mail_receipts.read(Given({}, FAILED.replace("    no such user\n", another).encode()))
    assert [receipt.state for receipt in receipts] == [State.FAILED, State.DELIVERED]


def test_what_is_kept_names_no_recipient() -> None:
    raw = read(FAILED).raw
    assert raw and "Action: failed" in raw and "anna" not in raw


@pytest.mark.parametrize(
    "mail",
    [
        "",
        "Hello",
        "Subject: out of office\n\nI am away.\n",
        MAIL,
        FAILED.replace("message/delivery-status", "text/plain"),
        FAILED.replace(MSGID, "none"),
        FAILED.replace("Action: failed\n", ""),
        FAILED[: FAILED.index("Reporting-MTA")],
        FAILED[: FAILED.index("Final-Recipient")],
        "Content-Type: message/delivery-status",
    ],
)
def test_another_mail_is_refused(mail: str) -> None:
    with pytest.raises(InvalidFieldsError):
        read(mail)


PIECES = ["\n", "\n\n", ": ", "--", " ", "\t", "\0", "Content-Type: message/delivery-status\n\n", "Action: failed\n"]
PIECES += [
    "Original-Envelope-Id: ",
    MSGID,
    f"To: bounces+{MSGID}@x\n",
    "Message-ID: <",
    ">",
    "@",
    "Status: 5.1.1\n",
    "é",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=10), max_size=30))
def test_any_mail_is_read_or_refused(pieces: list[str]) -> None:
    try:
        receipts = mail_receipts.read(Given({}, "".join(pieces).encode("utf-8", "replace")))
    except InvalidFieldsError:
        return
    assert all(receipt.msgid and len((receipt.raw or "").encode()) <= 2048 for receipt in receipts)


@pytest.mark.parametrize(
    "filler", ["a", " ", "\n", "\n ", ":", "a: b\n", "--\n", "@", "a@", "To: bounces+", "<", "\t\n", "\0"]
)
def test_a_hostile_mail_costs_no_more_than_its_length(filler: str) -> None:
    start = "Content-Type: message/delivery-status\n\nx: y\n\n"
    many = filler * (500_000 // len(filler))
    began = time.process_time()
    for mail in (many + FAILED, start + many, FAILED.replace("Status", many + "\nStatus"), many):
        try:
            mail_receipts.read(Given({}, mail.encode()))
        except InvalidFieldsError:
            continue
    assert time.process_time() - began < 5  # seconds of work, ten times what it takes


def test_a_real_postfix_reports_every_state() -> None:
    """Delivered here, handed on, refused by the next relay, delayed by it, and given up."""
    recipients = {
        "anna@here.example": {State.DELIVERED},
        "anna@next.example": {State.ACCEPTED},
        "nobody@next.example": {State.FAILED},
        "full@next.example": {State.FAILED},
        "later@next.example": {State.BUFFERED, State.EXPIRED},
    }
    refused = {
        "nobody@next.example": "550 5.1.1 no such user",
        "full@next.example": "552 5.2.2 mailbox full",
        "later@next.example": "450 4.2.0 try later",
    }
    with mailbox(refused=refused) as box:
        transports = {"here.example": "discard:", "next.example": f"smtp:[127.0.0.1]:{box.port}"}
        with postfix.running(transports, delayed="1s", lifetime="4s") as relay:
            gateway = Smtp(parse(relay.url, SMTP_PORTS), "links.example", State.SENT)
            ids = {recipient: f"{number}" * 32 for number, recipient in enumerate(recipients)}
            for recipient, msgid in ids.items():
                outgoing = Outgoing(msgid=msgid, sender="news@acme.example", recipient=recipient, text="Hello")
                assert isinstance(gateway.hand_over(outgoing), Taken)
            gateway.close_idle(0)
            expected = {ids[recipient]: states for recipient, states in recipients.items()}
            until(lambda: reported(relay.bounces()) == expected)


def reported(mails: list[bytes]) -> dict[str, set[State]]:
    """The states that notifications report, by the message."""
    found: dict[str, set[State]] = {}
    for receipt in (receipt for mail in mails for receipt in mail_receipts.read(Given({}, mail))):
        found.setdefault(receipt.msgid or "", set()).add(receipt.state)
    return found
