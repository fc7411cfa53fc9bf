"""The API for tags: list them with their numbers, as JSON and as CSV, and report what became of one."""

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, Response, request

from shortener.accounts.senders import Sender
from shortener.reporting import message_totals, tag_documents, tag_report
from shortener.reporting.message_exports import BOM
from shortener.reporting.message_filter import FILTERS, PARAMETERS, Filter
from shortener.reporting.tag_documents import TagConditions, TagFilter, TagPeriod
from shortener.rules.wire import csv_cells
from shortener.rules.wire.csv_cells import DELIMITERS
from shortener.running.services import services
from shortener.storage import db
from shortener.validation.models import Faults
from shortener.web import incoming
from shortener.web.access import Scope, for_senders
from shortener.web.description.operation import Answer, Operation, described, query

blueprint = Blueprint("tags", __name__, url_prefix="/v1")
COLUMNS: Final = tuple(tag_documents.TagSummary.__annotations__)
FILE: Final = {"Content-Disposition": "The file's name."}


@blueprint.get("/messages/totals")
@described(
    Operation(
        "Messages",
        {200: Answer("The totals of the list.")},
        query=Filter,
        without=frozenset(PARAMETERS) - frozenset(FILTERS),
    )
)
@for_senders(Scope.READ)
def total_messages(account: Sender) -> tag_documents.ListTotals:
    """Count the messages that the filters select, and those of them that were clicked."""
    wanted = Filter.check(request.args.to_dict(), faults=incoming.faults(*FILTERS))
    with db.read() as session:
        db.allow_time(session)
        return message_totals.document(session, account, wanted, services().slugs)


@blueprint.get("/tags")
@described(Operation("Tags", {200: Answer("A page of tags.")}, query=TagFilter))
@for_senders(Scope.READ)
def list_tags(account: Sender) -> tag_documents.TagPage:
    """List the tags of a period with their numbers; by default of the last 30 days, the newest first."""
    wanted = TagFilter.check(request.args.to_dict(), faults=incoming.faults(*TagFilter.names()))
    with db.read() as session:
        db.allow_time(session)
        return tag_report.page_document(session, account, wanted, services().site.base_url)


@blueprint.get("/tags.csv")
@described(
    Operation(
        "Tags",
        {200: Answer("A file with all tags.", media=("text/csv",), headers=FILE)},
        query=TagConditions,
        parameters=(query("delimiter", "The delimiter; default: comma.", enum=[*DELIMITERS]),),
    )
)
@for_senders(Scope.READ)
def export_tags(account: Sender) -> Response:
    """Export the tags of a period with their numbers as CSV."""
    return csv(account, request.args.to_dict(), incoming.faults("delimiter", *TagConditions.names()))


@blueprint.get("/tags/<text:tag>", merge_slashes=False)
@described(Operation("Tags", {200: Answer("The report of the tag.")}, query=TagPeriod))
@for_senders(Scope.READ)
def report_tag(account: Sender, tag: str) -> tag_documents.TagReport:
    """Report what became of the messages with a tag; by default of up to 400 days."""
    wanted = TagPeriod.check(request.args.to_dict(), faults=incoming.faults(*TagPeriod.names()))
    with db.read() as session:
        db.allow_time(session)
        return tag_report.report_document(session, account, tag, wanted)


def csv(account: Sender, given: Mapping[str, str], found: Faults | None = None) -> Response:
    """The account's tags as a file; InvalidFieldsError names all faults, including those found before."""
    delimiter = given.get("delimiter", "comma")
    faults = {} if delimiter in DELIMITERS else {"delimiter": [f"must be one of {', '.join(DELIMITERS)}"]}
    filters = {name: value for name, value in given.items() if name != "delimiter"}
    wanted = TagConditions.check(filters, faults=faults | (found or {}))
    with db.read() as session:
        db.allow_time(session)
        tags, *_ = tag_report.listed(session, account, wanted)
    rows = ([row[name] for name in COLUMNS] for row in tag_report.documents(tags.rows, wanted.order, ""))  # type: ignore[literal-required]
    response = Response(
        BOM + csv_cells.lines([COLUMNS, *rows], DELIMITERS[delimiter]), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="tags.csv"'
    return response
