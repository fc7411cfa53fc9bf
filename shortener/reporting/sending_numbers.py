"""How many messages of a period arrived and were clicked, and which sendings wait for a decision."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.reporting.message_counts import MessageCounts
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.storage.models import Message, Sending

NOT_SENT: Final = frozenset({MessageState.SCHEDULED, MessageState.QUEUED, MessageState.CANCELED})
UNDELIVERED: Final = (MessageState.FAILED, MessageState.REJECTED, MessageState.EXPIRED)


@dataclass(frozen=True, slots=True)
class SendingNumbers:
    """The messages received in a period by their present state, and those delivered by their links and clicks.

    Messages without a gateway and without a receipt have no state and are not counted.
    """

    states: Mapping[MessageState, int]
    with_link: int
    clicked: int

    @property
    def delivered(self) -> int:
        """The number of messages that arrived."""
        return self.states.get(MessageState.DELIVERED, 0)

    @property
    def sent(self) -> int:
        """The number of messages of which something became: all but those that wait or were taken back."""
        return sum(count for state, count in self.states.items() if state not in NOT_SENT)

    @property
    def delivered_rate(self) -> float | None:
        """The share of the sent messages that arrived; None if none was sent."""
        return self.delivered / self.sent if self.sent else None

    @property
    def click_rate(self) -> float | None:
        """The share of the delivered messages with a link that have a counted click; None if there are none."""
        return self.clicked / self.with_link if self.with_link else None

    @property
    def undelivered(self) -> dict[MessageState, int]:
        """The messages that did not arrive, by state."""
        return {state: self.states[state] for state in UNDELIVERED if self.states.get(state)}


@dataclass(frozen=True, slots=True)
class Held:
    """A message whose sending waits for a decision, since when, and at which gateway."""

    msgid: str
    client_tag: str | None
    gateway: str
    since: dt.datetime | None


def of(counts: MessageCounts) -> SendingNumbers:
    """Return what the counts of some messages say about their sending."""
    states = {MessageState(state): count for state, count in counts.states.items()}
    return SendingNumbers(states, counts.delivered_with_link, counts.delivered_clicked)


def held(session: Session, account: Sender, limit: int) -> tuple[int, Sequence[Held]]:
    """Return how many sendings of the account are held, and the oldest of them."""
    is_held = and_(Sending.state == JobState.HELD, Sending.account_id == account.id)
    number = session.scalars(select(func.count()).select_from(Sending).where(is_held)).one()
    columns = (Message.msgid, Message.client_tag, Sending.gateway, Sending.settled_on)
    query = select(*columns).join(Message, Message.id == Sending.message_id).where(is_held)
    oldest = query.order_by(Sending.created_on, Sending.id).limit(limit)
    return number, [Held(*row) for row in session.execute(oldest)] if number else []
