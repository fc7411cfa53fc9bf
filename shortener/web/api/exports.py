"""The API for exports: the messages of a list as a streamed file."""

from collections.abc import Iterator, Mapping
from typing import Final

from flask import Blueprint, Flask, Response, request

from shortener.accounts import audit
from shortener.accounts.audit import Actor
from shortener.accounts.senders import Sender
from shortener.reporting import message_exports
from shortener.reporting.documents import ExportedMessage
from shortener.reporting.message_exports import FORMATS, Format, csv_with
from shortener.reporting.message_filter import FILTERS, PARAMETERS, Filter
from shortener.rules.deed import Deed
from shortener.rules.wire.csv_cells import DELIMITERS
from shortener.running.long_calls import LongCall
from shortener.running.services import services
from shortener.storage import db
from shortener.validation.models import Faults
from shortener.web import credentials, incoming
from shortener.web.access import Scope, for_senders
from shortener.web.description.operation import Answer, Operation, described, query
from shortener.web.problems import RequestError

blueprint = Blueprint("exports", __name__, url_prefix="/v1")
OWN: Final = ("format", "delimiter")  # parameters besides the filters
MEDIA: Final = tuple(form.content_type.partition(";")[0] for form in FORMATS.values())
FILE: Final = {"Content-Disposition": "The file's name."}
PIECE: Final = 65_536  # bytes after which progress is noted


@blueprint.get("/messages/export")
@described(
    Operation(
        "Messages",
        {200: Answer("A file with all selected messages.", ExportedMessage, media=MEDIA, headers=FILE)},
        query=Filter,
        without=frozenset(PARAMETERS) - frozenset(FILTERS),
        parameters=(
            query("format", "The format of the file.", required=True, enum=[*FORMATS]),
            query(
                "delimiter",
                "The delimiter of CSV; default: comma.",
                enum=[*DELIMITERS],
            ),
        ),
        codes={429: ("too_many_exports",)},
    )
)
@for_senders(Scope.READ)
def export_messages(account: Sender) -> Response:
    """Export the messages that the filters select as CSV or JSON Lines."""
    return answer(account, request.args.to_dict(), credentials.actor(), incoming.faults(*OWN, *FILTERS))


def answer(account: Sender, given: Mapping[str, str], by: Actor, found: Faults | None = None) -> Response:
    """The account's messages as a file; InvalidFieldsError names all faults, including those found before."""
    filters = {name: value for name, value in given.items() if name not in OWN}
    wanted = Filter.check(filters, faults=_faults(given) | (found or {}))
    form = csv_with(DELIMITERS[given["delimiter"]]) if "delimiter" in given else FORMATS[given["format"]]
    call = services().long_calls.begin(account.id)
    if call is None:
        raise RequestError(429, "too_many_exports", "Other exports are under way; try again when they are done.")
    try:
        with db.write() as session:
            now = db.now(session)
            audit.record(session, Deed.MESSAGES_EXPORTED, by, now=now, account_id=account.id)
        blocks = message_exports.blocks(account, wanted, services().site, form, until=now)
        # Errors up to here are answered as usual, because no status has been sent yet.
        first = next(blocks, b"")
        response = Response(_whole(first, blocks, form, services().app, call), content_type=form.content_type)
    except BaseException:
        call.end()
        raise
    response.call_on_close(call.end)
    response.headers["Content-Disposition"] = f'attachment; filename="messages.{given["format"]}"'
    return response


def _faults(given: Mapping[str, str]) -> Faults:
    """The faults of `format` and `delimiter`."""
    kind, delimiter = given.get("format", ""), given.get("delimiter")
    faults = {} if kind in FORMATS else {"format": [f"must be {' or '.join(FORMATS)}"]}
    if delimiter is not None and delimiter not in DELIMITERS:
        return faults | {"delimiter": ["must be comma, semicolon or tab"]}
    if delimiter is not None and kind == "jsonl":
        return faults | {"delimiter": ["is only allowed with csv"]}
    return faults


def _whole(first: bytes, rest: Iterator[bytes], form: Format, app: Flask, call: LongCall) -> Iterator[bytes]:
    """The whole file; on an error, a last line that says so, and the answer breaks off."""
    block = first
    try:
        while block:
            for start in range(0, len(block), PIECE):
                yield block[start : start + PIECE]
                call.progress()
            with app.app_context():
                block = next(rest, b"")
    except Exception:
        yield form.broken_off.encode()
        raise
