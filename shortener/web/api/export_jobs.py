"""The API for exports as jobs, which write a file to the operator's storage."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request

from shortener.accounts import audit
from shortener.accounts.audit import Actor
from shortener.accounts.senders import Sender
from shortener.errors import (
    ExportNameTakenError,
    ExportNotFoundError,
    ExportSettledError,
    ExportsNotConfiguredError,
    IdempotencyKeyReusedError,
    OpenExportsError,
)
from shortener.exports import asking, documents, lists
from shortener.exports.lists import ExportFilter
from shortener.exports.new_export import NewExport
from shortener.rules.deed import Deed
from shortener.running.services import services
from shortener.storage import db
from shortener.validation.models import Faults
from shortener.web import credentials, incoming
from shortener.web.access import Scope, for_senders
from shortener.web.description.operation import IDEMPOTENCY_KEY, Answer, Operation, described

blueprint = Blueprint("export_jobs", __name__, url_prefix="/v1/exports")


@blueprint.post("")
@described(
    Operation(
        "Exports",
        {202: Answer("The export is due now.")},
        body=NewExport,
        parameters=(IDEMPOTENCY_KEY,),
        refusals=(ExportsNotConfiguredError, ExportNameTakenError, IdempotencyKeyReusedError, OpenExportsError),
    )
)
@for_senders(Scope.READ)
def start_export(account: Sender) -> tuple[documents.ExportReport, int]:
    """Write the messages that a filter selects to a file in the operator's storage: 202 with the export's report."""
    return started(account, incoming.fields(), credentials.actor(), incoming.idempotency_key()), 202


def started(
    account: Sender,
    fields: Mapping[str, Any],
    by: Actor,
    idempotency_key: str | None = None,
    faults: Faults | None = None,
) -> documents.ExportReport:
    """Start an export, and return its report; InvalidFieldsError names all faults, including those found before."""
    asked = NewExport.check(fields, faults=faults)
    settings = services().settings
    with db.write() as session:
        now = db.now(session)
        found = asking.ask(session, account, asked, settings.export_places, idempotency_key=idempotency_key, now=now)
        [report] = lists.reports(session, [found.export], settings.base_url)
        audit.record(session, Deed.EXPORT_STARTED, by, now=now, account_id=account.id, about=report["id"])
    services().exports.wake()
    return report


@blueprint.get("")
@described(Operation("Exports", {200: Answer("A page of exports.")}, query=ExportFilter))
@for_senders(Scope.READ)
def list_exports(account: Sender) -> documents.ExportPage:
    """List exports, the newest first."""
    wanted = ExportFilter.check(request.args.to_dict(), faults=incoming.faults(*ExportFilter.names()))
    with db.read() as session:
        return lists.document(session, account, wanted, services().settings.base_url)


@blueprint.get("/<export_id>")
@described(Operation("Exports", {200: Answer("The report of the export.")}, refusals=(ExportNotFoundError,)))
@for_senders(Scope.READ)
def report_export(account: Sender, export_id: str) -> documents.ExportReport:
    """Get the report of an export: its state, and how much has been written."""
    with db.read() as session:
        export = asking.find(session, account, export_id)
        return lists.reports(session, [export], services().settings.base_url)[0]


@blueprint.post("/<export_id>/cancel")
@described(
    Operation(
        "Exports",
        {200: Answer("The export is canceled.")},
        refusals=(ExportNotFoundError, ExportSettledError),
    )
)
@for_senders(Scope.READ)
def cancel_export(account: Sender, export_id: str) -> documents.ExportReport:
    """Take an export back that is waiting or under way, and return its report."""
    return canceled(account, export_id, credentials.actor())


def canceled(account: Sender, export_id: str, by: Actor) -> documents.ExportReport:
    """Cancel an export, and return its report."""
    with db.write() as session:
        now = db.now(session)
        export = asking.cancel(session, account, export_id, now=now)
        audit.record(session, Deed.EXPORT_CANCELED, by, now=now, account_id=account.id, about=export_id)
        return lists.reports(session, [export], services().settings.base_url)[0]
