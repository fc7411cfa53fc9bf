"""Alerts as a kind of jobs: a mail, or a POST of a signed event that is tried and judged like a callback's."""

import base64
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from shortener.alerts.mail import TIMEOUT, Mailer
from shortener.callbacks import kind as callbacks
from shortener.callbacks.kind import Signature
from shortener.config.settings import Settings
from shortener.delivery.job import Attempt, Claimed, JobTables, Result
from shortener.delivery.kind import Kind
from shortener.delivery.queue import Queue
from shortener.errors import SecretKeyError
from shortener.outbound.client import Client
from shortener.rules.alerts.incident_kind import INSTALLATION
from shortener.rules.delivery.event import SECRET_PREFIX
from shortener.rules.delivery.receiver import Policy
from shortener.storage.models import Base

ALERTS: Final = Queue(
    JobTables(
        job=Base.metadata.tables["alert"],
        attempt=Base.metadata.tables["alert_attempt"],
        job_column="alert_id",
        label="event_id",
        loaded=("event_id", "url", "mail_to", "title", "body"),
        claim_lock=5_203_418_671,
    )
)
SLOTS: Final = 8
PER_DESTINATION: Final = 2
WAITS: Final = (10.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 43200.0)  # seconds; 28 hours in all


def kind(settings: Settings, client: Client) -> Kind:
    """Alerts; `client` calls accounts' URLs, with the rules that callbacks have."""
    attempts = Attempts(settings, client)
    return Kind(
        queue=ALERTS,
        prepare=attempts.prepare,
        slots=SLOTS,
        per_destination=PER_DESTINATION,
        timeout=max(settings.callback_timeout, TIMEOUT),
        waits=WAITS,
        done="told",
    )


class Attempts:
    """Makes the attempts of alerts."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings, self._client = settings, client
        self._operators = _client_of_operator(settings)
        self._mailer = Mailer(settings)

    def prepare(self, session: Session, claimed: Sequence[Claimed], now: dt.datetime) -> list[Attempt]:
        """An attempt for each claimed alert."""
        called = {one.account_id for one in claimed if one.loaded.url}
        signatures = {account_id: self._signature(session, account_id, now) for account_id in called}
        return [self._attempt(one, signatures, now) for one in claimed]

    def _attempt(self, one: Claimed, signatures: Mapping[int, Signature], now: dt.datetime) -> Attempt:
        if not one.loaded.url:
            return partial(self._mailer.attempt, one)
        client = self._client if one.account_id != INSTALLATION else self._operators
        return partial(_called, client, one, signatures[one.account_id], now)

    def _signature(self, session: Session, account_id: int, now: dt.datetime) -> Signature:
        """The account's signature, or the operator's; without keys if they cannot be decrypted."""
        if account_id == INSTALLATION:
            secret = (self._settings.alert_secret or "").removeprefix(SECRET_PREFIX)
            return Signature([base64.b64decode(secret)] if secret else [])
        try:
            return callbacks.signature(session, account_id, secret_keys=self._settings.secret_keys, now=now)
        except SecretKeyError:
            return Signature()


def _called(client: Client, claimed: Claimed, signature: Signature, now: dt.datetime) -> Result:
    result = callbacks.attempt(client, claimed, signature, now)
    return replace(result, columns={"status": result.columns.get("status")})


def _client_of_operator(settings: Settings) -> Client:
    """A client for the operator's own URL, which may be at any address."""
    host = (urlsplit(settings.alert_url or "").hostname or "").lower().removesuffix(".")
    ca_bundle = str(settings.callback_ca_bundle) if settings.callback_ca_bundle else None
    policy = Policy(allow_hosts=(host,) if host else ())
    return Client(policy, timeout=settings.callback_timeout, ca_bundle=ca_bundle)
