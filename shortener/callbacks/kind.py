"""Callbacks as a kind of jobs: a POST of a signed event, which is delivered if the answer is exactly 200.

A callback in a vendor's form has that vendor's headers and rule of success instead.
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from shortener.accounts import callback_headers, signing_secrets
from shortener.callbacks import in_form, receivers
from shortener.callbacks.forms import Forms, Load
from shortener.callbacks.in_form import InForm
from shortener.config.settings import Settings
from shortener.delivery.job import Attempt, Claimed, JobTables, Result
from shortener.delivery.judgements import Hooks
from shortener.delivery.kind import Kind
from shortener.delivery.queue import Queue
from shortener.errors import SecretKeyError
from shortener.outbound.client import Answer, Client
from shortener.rules.delivery import event
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.retry import parse_retry_after
from shortener.storage.models import Base
from shortener.telemetry import metrics

log = logging.getLogger(__name__)

CALLBACKS = Queue(
    JobTables(
        job=Base.metadata.tables["callback"],
        attempt=Base.metadata.tables["attempt"],
        job_column="callback_id",
        label="event_id",
        loaded=("event_id", "url", "body", "face", "message_id", "about", "created_on"),
        claim_lock=5_203_418_668,
    )
)
SLOTS = 64  # attempts in flight per loop; an account that is alone gets two thirds of them (rules/delivery/fair_share)


@dataclass(frozen=True, slots=True)
class Signature:
    """What an account adds to its callbacks: the keys that sign them, and a header for its receivers."""

    keys: Sequence[bytes] = ()
    header: tuple[tuple[str, str], ...] = ()

    @property
    def secrets(self) -> list[str]:
        """The keys as their account stores them."""
        return [event.show_secret(key) for key in self.keys]

    def headers(self, event_id: str, sent_on: dt.datetime, body: bytes) -> dict[str, str]:
        """All headers of one attempt."""
        return event.headers(event_id, sent_on, body, self.keys) | dict(self.header)


def _no_messages(_session: Session, _ids: object) -> Mapping[int, FaceMessage]:
    return {}


def kind(settings: Settings, client: Client, forms: Forms | None = None, load: Load = _no_messages) -> Kind:
    """Callbacks with the limits of these settings, sent by this client.

    Vendors may add their forms later; `load` reads the messages that callbacks in such forms are about.
    """
    return Kind(
        queue=CALLBACKS,
        prepare=partial(prepare, client, settings, {} if forms is None else forms, load),
        slots=SLOTS,
        per_destination=settings.callback_per_destination,
        timeout=settings.callback_timeout,
        waits=settings.callback_waits,
        hooks=Hooks(on_settled=receivers.on_settled),
        count=lambda _, result: metrics.callback_attempts.add(result.outcome),
    )


def prepare(
    client: Client,
    settings: Settings,
    forms: Forms,
    load: Load,
    session: Session,
    claimed: Sequence[Claimed],
    now: dt.datetime,
) -> list[Attempt]:
    """An attempt for each claimed callback; SecretKeyError, and so no claim, if the secret keys decrypt nothing."""
    # The keys are read only here: to read them may make one, which a command such as `db restore` must not do.
    signatures = _signatures(session, {one.account_id for one in claimed}, settings.secret_keys, now)
    requests = in_form.requests(session, claimed, forms, load, {id_: one.secrets for id_, one in signatures.items()})
    return [_prepared(client, one, signatures[one.account_id], requests, now) for one in claimed]


def _prepared(
    client: Client, claimed: Claimed, signature: Signature, requests: Mapping[int, InForm | Result], now: dt.datetime
) -> Attempt:
    request = requests.get(claimed.job_id)
    if request is None:
        return partial(attempt, client, claimed, signature, now)
    return partial(attempt_in_form, client, claimed, signature, request)


def attempt(client: Client, claimed: Claimed, signature: Signature, sent_on: dt.datetime) -> Result:
    """POST the event of a callback once, as if sent at that time."""
    if not signature.keys:
        return in_form.UNSIGNED
    callback = claimed.loaded
    headers = signature.headers(callback.event_id, sent_on, callback.body)
    return judge(client.request("POST", callback.url, headers, callback.body))


def attempt_in_form(client: Client, claimed: Claimed, signature: Signature, request: InForm | Result) -> Result:
    """Send a callback once as its vendor does, unless that is impossible."""
    if isinstance(request, Result):
        return request
    made = request.made
    headers, url = {**made.headers, **dict(signature.header)}, made.url or claimed.loaded.url
    return judge(client.request(made.method, url, headers, made.body), request.form.accepts)


def _is_200(status: int) -> bool:
    return status == 200


def judge(answer: Answer, accepts: Callable[[int], bool] = _is_200) -> Result:
    """The result of an attempt with this answer: of our events, only status 200 counts as delivered."""
    is_delivered = answer.status is not None and accepts(answer.status)
    rule = "only 200 counts as delivered" if accepts is _is_200 else "the vendor does not count this as delivered"
    rule = "" if answer.status is None or is_delivered else f"; {rule}"
    columns = {
        "status": answer.status,
        "answer": answer.body or None,
        "lookup_us": answer.lookup_us,
        "connect_us": answer.connect_us,
        "first_byte_us": answer.first_byte_us,
        "total_us": answer.total_us,
    }
    return Result(
        AttemptOutcome.DELIVERED if is_delivered else answer.outcome,
        answer.detail + rule,
        summary=str(answer.status or answer.outcome),
        retry_after=parse_retry_after(answer.retry_after),
        columns=columns,
    )


def signature(session: Session, account_id: int, *, secret_keys: tuple[str, ...], now: dt.datetime) -> Signature:
    """The account's signature; SecretKeyError if it has no key, or one of its secrets cannot be decrypted."""
    keys = signing_secrets.signing_keys(session, account_id, secret_keys=secret_keys, now=now)
    return _signature(keys, callback_headers.encrypted(session, [account_id]).get(account_id), secret_keys)


def _signatures(
    session: Session, account_ids: AbstractSet[int], secret_keys: tuple[str, ...], now: dt.datetime
) -> dict[int, Signature]:
    """Each account's signature, without keys if one of its secrets cannot be decrypted, so as not to delay the others.

    SecretKeyError if our own secret keys are to blame.
    """
    keys = signing_secrets.sealed_keys(session, account_ids, now=now)
    headers = callback_headers.encrypted(session, account_ids)
    found = dict.fromkeys(account_ids, Signature())
    for account_id in account_ids:
        try:
            decrypted = signing_secrets.decrypted(keys.get(account_id, ()), secret_keys)
            found[account_id] = _signature(decrypted, headers.get(account_id), secret_keys)
        except SecretKeyError:
            signing_secrets.check_secret_keys(session, secret_keys)
            log.error(
                "account %d: its signing secret or callback header cannot be decrypted; its callbacks are not sent",
                account_id,
            )
    return found


def _signature(keys: Sequence[bytes], encrypted_header: bytes | None, secret_keys: tuple[str, ...]) -> Signature:
    return Signature(keys, tuple(callback_headers.decrypted(encrypted_header, secret_keys).items()))
