"""Receipts that come while their messages are being handed over, known only by the gateway's reference."""

from concurrent.futures import Future, ThreadPoolExecutor

from flask import Flask
from sqlalchemy import select, update

from shortener.config.settings import Settings
from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.message_state import MessageState
from shortener.sending.gateway import HandOver, Outgoing
from shortener.storage import db
from shortener.storage.models import Account, Callback, Message, Receipt, Sending
from tests.receipts.test_take_in import URL, WITHIN, take
from tests.support import hand_overs
from tests.support.factories import Sender

MESSAGES = 60
STATES = (MessageState.ACCEPTED, MessageState.DELIVERED)


def test_no_receipt_falls_between_two_transactions(app: Flask, settings: Settings, sender: Sender) -> None:
    """The gateway reports before it answers, and again about others: some receipts are early, some are not."""
    with db.write() as session:
        session.execute(update(Account).values(receipts_url=URL))
    ids = [hand_overs.put(sender, f"+8180{number:08}") for number in range(MESSAGES)]
    reports: list[Future[int]] = []

    with ThreadPoolExecutor(6) as pool:

        def report(references: list[str]) -> int:
            with app.app_context():
                return take(sender, *(receipt(state, one) for one in references for state in STATES))

        def receipt(state: MessageState, reference: str) -> IncomingReceipt:
            return IncomingReceipt(gateway=GatewayName.KANNEL, state=state, gateway_ref=reference)

        def taken(outgoing: Outgoing) -> HandOver:
            known = [f"ref-{each.msgid}" for each in gateway.given[-3:]]
            reports.append(pool.submit(report, [f"ref-{outgoing.msgid}", *known]))
            return hand_overs.taken(outgoing)

        gateway = hand_overs.Gateway()
        gateway.answers = {f"+8180{number:08}": taken for number in range(MESSAGES)}
        loop = hand_overs.deliverer(app, settings, gateway)
        while loop.deliver_due():
            pass
        known = [each.result(WITHIN) for each in reports]

    assert len(gateway.given) == MESSAGES and all(count >= 2 for count in known)
    with db.read() as session:
        assert set(session.scalars(select(Message.state))) == {"delivered"}
        assert set(session.scalars(select(Sending.recipient))) == {None}
        receipts = session.execute(select(Receipt.message_id, Receipt.state)).all()
        told = session.execute(select(Callback.message_id, Callback.about)).all()
    assert sorted(receipts) == sorted((each, state) for each in ids for state in STATES)
    assert set(told) >= {(each, "delivered") for each in ids} and len(set(told)) == len(told)
