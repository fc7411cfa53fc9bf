"""Send a test event to a receiver on request, so that it can be tested before the first click."""

import datetime as dt
from dataclasses import dataclass

from pydantic import ConfigDict
from sqlalchemy.orm import Session

from shortener.accounts.random_text import random_text
from shortener.accounts.senders import Sender
from shortener.callbacks import kind
from shortener.callbacks.kind import CALLBACKS
from shortener.outbound.client import Client
from shortener.rules.delivery import event
from shortener.storage.models import Attempt
from shortener.validation.models import FieldsToCall
from shortener.validation.types import CallbackUrl

# The fields of a click's event, with values that no click has.
SAMPLE: event.EventData = {
    "msgid": "0" * 32,
    "client_tag": None,
    "recipient": None,
    "link": "https://example.com/",
    "shortlink": None,
    "accessed": False,
    "accessed_on": None,
    "visitor": None,
    "tags": [],
    "metadata": {},
}


class Trial(FieldsToCall):
    """A request to test a receiver."""

    model_config = ConfigDict(
        title="CallbackTest", json_schema_extra={"examples": [{"url": "https://crm.example.com/clicked"}]}
    )

    url: CallbackUrl


@dataclass(frozen=True, slots=True)
class Prepared:
    """A signed event that can be sent without a database."""

    event_id: str
    body: bytes
    headers: dict[str, str]
    sent_on: dt.datetime


def prepare(session: Session, account: Sender, *, secret_keys: tuple[str, ...], now: dt.datetime) -> Prepared:
    """Build an event of type `callback.test`, signed with the account's keys; nothing is stored."""
    event_id = f"evt_test{random_text(22)}"
    body = event.build(event.TEST, now, SAMPLE)
    signature = kind.signature(session, account.id, secret_keys=secret_keys, now=now)
    return Prepared(event_id, body, signature.headers(event_id, now, body), now)


def send(client: Client, url: str, prepared: Prepared) -> Attempt:
    """POST the event like a callback, and return the attempt with its result; the row is not stored."""
    result = kind.judge(client.request("POST", url, prepared.headers, prepared.body))
    total = result.columns["total_us"]
    ended_on = prepared.sent_on + dt.timedelta(microseconds=total if isinstance(total, int) else 0)
    return Attempt(number=1, started_on=prepared.sent_on, **CALLBACKS.attempt_values(result, ended_on))
