"""Messages that wait for a gateway, and a gateway that answers as a test says."""

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from shortener.accounts import senders
from shortener.config.settings import Settings
from shortener.delivery.job import Claimed, Result
from shortener.delivery.judgements import Hooks
from shortener.delivery.loop import Deliverer
from shortener.receipts import take_in
from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.message_state import MessageState
from shortener.running.services import services
from shortener.sending import judgement, kind, settling
from shortener.sending.gateway import HandOver, Outgoing, Taken, Unsure
from shortener.sending.kind import SENDINGS, result
from shortener.storage import db
from shortener.storage.models import Account, Message, Sending, SendingAttempt
from tests.support import sendings
from tests.support.factories import NOW, TEXT, Sender, make_message

NUMBER = "+818012345678"
PERIOD = dt.timedelta(hours=72)
SECOND = dt.timedelta(seconds=1)
LEASE = dt.timedelta(seconds=45)
HOOKS = Hooks(judgement.judge, judgement.judge_due, settling.on_settled)
DOUBT = dt.timedelta(seconds=judgement.DOUBT)


@dataclass
class Gateway:
    """Takes every message, unless `answers` has something else for its recipient; remembers what it was given."""

    name: GatewayName = GatewayName.KANNEL
    timeout: float = 5.0
    answers: dict[str, Callable[[Outgoing], HandOver]] = field(default_factory=dict)
    given: list[Outgoing] = field(default_factory=list)
    closed: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hand_over(self, outgoing: Outgoing) -> HandOver:
        with self._lock:
            self.given.append(outgoing)
        return self.answers.get(outgoing.recipient, taken)(outgoing)

    def close_idle(self, longest: float) -> None:
        """Note it; there is no connection."""
        self.closed.append(longest)


def taken(outgoing: Outgoing) -> HandOver:
    return Taken(sentence="taken", status=202, answer=b"ok", total_us=1500, reference=f"ref-{outgoing.msgid}")


def deliverer(app: Flask, settings: Settings, gateway: Gateway) -> Deliverer:
    """A loop that hands messages over to this gateway alone."""
    return Deliverer(kind.kind(settings, {gateway.name: gateway}, lambda: services().site), app.app_context)


def put(
    sender: Sender,
    recipient: str = NUMBER,
    text: str = TEXT,
    *,
    gateway: GatewayName = GatewayName.KANNEL,
    now: dt.datetime | None = None,
    due_on: dt.datetime | None = None,
    period: dt.timedelta = PERIOD,
    **fields: Any,
) -> int:
    """A message that waits for its gateway; its id."""
    made = make_message(sender, text, now=now, recipient=recipient, **{"gateway": "none", **fields}).message
    with db.write() as session:
        now = now or db.now(session)
        state = MessageState.QUEUED if due_on is None else MessageState.SCHEDULED
        session.execute(update(Message).where(Message.id == made.id).values(state=state, state_on=now, gateway=gateway))
        sendings.add(
            session,
            made,
            gateway,
            channel=Channel.EMAIL if "@" in recipient else Channel.SMS,
            recipient=recipient,
            sender="Acme",
            created_on=now,
            due_on=due_on or now,
            expires_on=(due_on or now) + period,
            lease_token=None,
        )
    return made.id


def message(message_id: int) -> Message:
    with db.read() as session:
        return session.get_one(Message, message_id)


def sending(message_id: int) -> Sending:
    with db.read() as session:
        return session.scalars(select(Sending).where(Sending.message_id == message_id)).one()


def attempts(message_id: int) -> Sequence[SendingAttempt]:
    with db.read() as session:
        query = select(SendingAttempt).join(Sending).where(Sending.message_id == message_id)
        return session.scalars(query.order_by(SendingAttempt.number)).all()


def outcomes(message_id: int) -> list[str | None]:
    return [attempt.outcome for attempt in attempts(message_id)]


def set_on_unsure(sender: Sender, value: str) -> None:
    with db.write() as session:
        session.execute(update(Account).where(Account.name == sender.name).values(on_unsure=value))


def claim(now: dt.datetime = NOW) -> list[Claimed]:
    """Claim as the loop does, with what that settles without an attempt."""
    with db.write() as session:
        claimed = SENDINGS.claim(session, now=now, limit=9, lease=LEASE, per_destination=9, hooks=HOOKS)
        settling.end_doubts(session.connection(), [one for one in claimed if one.loaded.unsure_on])
        return claimed


def settle(claimed: Claimed, given: Result | HandOver, now: dt.datetime = NOW) -> Any:
    ended = [(claimed, given if isinstance(given, Result) else result(given))]
    with db.write() as session:
        [made] = SENDINGS.settle(session, ended, now=now, waits=(), chance=lambda: 0.5, hooks=HOOKS)
    return made


def receive(sender: Sender, message_id: int, state: MessageState, now: dt.datetime = NOW, ref: str = "") -> int:
    """Let a gateway's receipt come in."""
    msgid = None if ref else message(message_id).msgid
    receipt = IncomingReceipt(gateway=GatewayName.KANNEL, state=state, msgid=msgid, gateway_ref=ref)
    with db.write() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        return take_in.take_all(session, senders.Sender.of(account), [receipt], now=now)


def held(sender: Sender, **given: dt.timedelta) -> int:
    """A message that is held since NOW + DOUBT."""
    message_id = put(sender, now=NOW, **given)
    [claimed] = claim()
    settle(claimed, Unsure(sentence="no answer"))
    claim(NOW + DOUBT)
    assert sending(message_id).state == "held"
    return message_id
