"""Insert sendings of messages, without handing them over."""

import datetime as dt
from typing import Any

from sqlalchemy.orm import Session

from shortener.rules.delivery.gateway_choice import destination
from shortener.rules.delivery.gateway_rules import Channel
from shortener.storage.models import Message, Sending

HOUR = dt.timedelta(hours=1)


def add(session: Session, message: Message, gateway: str = "kannel", **changes: Any) -> Sending:
    """Add the sending of a message, which is being handed over unless the changes say otherwise."""
    now = message.received_on
    values: dict[str, Any] = {
        "message_id": message.id,
        "account_id": message.account_id,
        "gateway": gateway,
        "channel": Channel.SMS,
        "destination": destination(message.account_id, gateway),
        "recipient": "+819012345678",
        "extras": {"buttons": []},
        "created_on": now,
        "due_on": now + HOUR,
        "expires_on": now + 72 * HOUR,
        "lease_token": "a lease",
        **changes,
    }
    sending = Sending(**values)
    session.add(sending)
    session.flush()
    return sending
