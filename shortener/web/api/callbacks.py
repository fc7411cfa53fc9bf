"""The API for callbacks: lists, reports, replays and tests of receivers."""

from typing import Any

from flask import Blueprint, request

from shortener.accounts import audit
from shortener.accounts.audit import Actor
from shortener.accounts.senders import Sender
from shortener.callbacks import replay, sample_event
from shortener.errors import CallbackNotFoundError, CallbackOpenError
from shortener.reporting import callback_documents as documents
from shortener.reporting import callback_lists, callback_report
from shortener.reporting.callback_lists import StateFilter
from shortener.rules.deed import Deed
from shortener.running.services import services
from shortener.storage import db
from shortener.web import credentials, incoming
from shortener.web.access import Scope, for_senders
from shortener.web.description.operation import Answer, Operation, described
from shortener.web.problems import RequestError

blueprint = Blueprint("callbacks", __name__, url_prefix="/v1/callbacks")


@blueprint.get("")
@described(
    Operation(
        "Callbacks",
        {200: Answer("A page of callbacks.")},
        query=StateFilter,
    )
)
@for_senders(Scope.READ)
def list_callbacks(account: Sender) -> documents.CallbackPage:
    """List callbacks, the newest first, by state and by the time of the click."""
    wanted = StateFilter.check(request.args.to_dict(), faults=incoming.faults(*StateFilter.names()))
    with db.read() as session:
        return callback_lists.document(session, account, wanted, services().settings.base_url)


@blueprint.get("/<name('replay', 'test'):event_id>")
@described(
    Operation(
        "Callbacks",
        {200: Answer("The report of the callback.")},
        refusals=(CallbackNotFoundError,),
    )
)
@for_senders(Scope.READ)
def report_callback(account: Sender, event_id: str) -> documents.CallbackReport:
    """Get the report of a callback."""
    with db.read() as session:
        callback = replay.find(session, account, event_id)
        return callback_report.full(session, callback, services().settings.base_url)


@blueprint.post("/<name('replay', 'test'):event_id>/replay")
@described(
    Operation(
        "Callbacks",
        {202: Answer("The callback is due now.")},
        refusals=(CallbackNotFoundError, CallbackOpenError),
    )
)
@for_senders(Scope.MANAGE)
def replay_callback(account: Sender, event_id: str) -> tuple[documents.CallbackReport, int]:
    """Replay a settled callback: 202 with its report."""
    with db.write() as session:
        callback = replay.find(session, account, event_id)
        now, waits = db.now(session), services().settings.callback_waits
        replay.ask(session, callback, asked_by=_asker(account), now=now, waits=waits)
        audit.record(session, Deed.REPLAYED, credentials.actor(), now=now, account_id=account.id, about=event_id)
        document = callback_report.full(session, callback, services().settings.base_url)
    services().deliverer.wake()
    return document, 202


@blueprint.post("/replay")
@described(
    Operation(
        "Callbacks",
        {
            200: Answer("A dry run: the number of callbacks that would be replayed."),
            202: Answer("The callbacks are due now, at most 1,000 per request."),
        },
        body=replay.Selection,
    )
)
@for_senders(Scope.MANAGE)
def replay_callbacks(account: Sender) -> tuple[documents.ReplayResult, int]:
    """Replay the callbacks of a period by state and receiver: 202 with their number.

    The status of a dry run is 200.
    """
    selection = replay.Selection.check(incoming.fields())
    with db.read() as session:
        selected = replay.select_all(session, account, selection)
    replayed = 0 if selection.dry_run else replay_selected(account, selected, _asker(account), credentials.actor())
    document: documents.ReplayResult = {"selected": len(selected.ids), "replayed": replayed, "cursor": selected.rest}
    return document, 200 if selection.dry_run else 202


def replay_selected(account: Sender, selected: replay.Selected, asked_by: str, by: Actor) -> int:
    """Make the selected callbacks due now; return how many are attempted."""
    with db.write() as session:
        now = db.now(session)
        count = replay.ask_all(session, selected, asked_by=asked_by, now=now)
        audit.record(session, Deed.REPLAYED, by, now=now, account_id=account.id, callbacks=count)
    services().deliverer.wake()
    return count


@blueprint.post("/test")
@described(
    Operation(
        "Callbacks",
        {200: Answer("The attempt, successful or not.")},
        body=sample_event.Trial,
        codes={429: ("too_many_tests",)},
    )
)
@for_senders(Scope.MANAGE)
def try_receiver(account: Sender) -> documents.CallbackTestResult:
    """Send a signed `callback.test` event to a URL and return the attempt. Nothing is stored."""
    return tried(account, incoming.fields())


def tried(account: Sender, fields: dict[str, Any]) -> documents.CallbackTestResult:
    """Send a test event and return the attempt; RequestError if other tests are running."""
    trial = sample_event.Trial.check(fields, services().policy)
    with db.read() as session:
        secret_keys = services().settings.secret_keys
        prepared = sample_event.prepare(session, account, secret_keys=secret_keys, now=db.now(session))
    call = services().long_calls.begin(account.id)
    if call is None:
        raise RequestError(429, "too_many_tests", "Other receivers are being tried; try again in a few seconds.")
    try:
        attempt = sample_event.send(services().client, trial.url, prepared)
    finally:
        call.end()
    return {
        "id": prepared.event_id,
        "url": trial.url,
        "event": prepared.body.decode(),
        "attempt": callback_report.attempt(attempt),
    }


def _asker(account: Sender) -> str:
    return f"account {account.name}"
