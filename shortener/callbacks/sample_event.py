"""Trials: a signed event sent to a receiver on request, so that it can be tried before the first click."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict
from sqlalchemy.orm import Session

from shortener.accounts import callback_headers, signing_secrets
from shortener.accounts.random_text import random_text
from shortener.accounts.senders import Sender
from shortener.delivery import queue
from shortener.outbound.client import Client
from shortener.rules.delivery import event
from shortener.storage.models import Attempt
from shortener.validation.models import FieldsToCall
from shortener.validation.types import CallbackUrl

TEST = "callback.test"
# The fields of the event of a click, with values that no click of ours has.
SAMPLE: dict[str, Any] = {
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
    """The receiver to be tried."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://crm.example.com/clicked"}]})

    url: CallbackUrl


@dataclass(frozen=True, slots=True)
class Prepared:
    """A signed event, ready to be sent without a database."""

    event_id: str
    body: bytes
    headers: dict[str, str]
    sent_on: dt.datetime


def prepare(session: Session, account: Sender, *, secret_keys: tuple[str, ...], now: dt.datetime) -> Prepared:
    """Make an event of type `callback.test`, signed with the account's keys; nothing is stored."""
    event_id = f"evt_test{random_text(22)}"
    body = event.build(TEST, now, SAMPLE)
    keys = signing_secrets.signing_keys(session, account.id, secret_keys=secret_keys, now=now)
    header = callback_headers.decrypted(callback_headers.encrypted(session, [account.id]).get(account.id), secret_keys)
    return Prepared(event_id, body, event.headers(event_id, now, body, keys) | header, now)


def send(client: Client, url: str, prepared: Prepared) -> Attempt:
    """POST it as a callback's attempt is made; what became of it."""
    answer = client.post(url, prepared.body, prepared.headers)
    ended_on = prepared.sent_on + dt.timedelta(microseconds=answer.total_us or 0)
    return Attempt(number=1, started_on=prepared.sent_on, **queue.outcome(answer, ended_on))
