"""Batches: an array or lines of messages, answered in the same form. Memory use is bounded."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from flask import Blueprint, Response, request, stream_with_context
from pydantic import Field

from shortener.accounts.senders import Sender
from shortener.errors import MessageRateError
from shortener.installation.site import Site
from shortener.messages import bulk
from shortener.messages.bulk import Outcome
from shortener.messages.preprocess import Preprocessed
from shortener.messages.submission import Submission
from shortener.reporting import message_report
from shortener.reporting.documents import BatchedMessage
from shortener.rules.wire import json_stream
from shortener.rules.wire.json_stream import Entry, Fault
from shortener.running.long_calls import LongCall
from shortener.running.services import services
from shortener.web import incoming, problems
from shortener.web.access import Scope, for_senders
from shortener.web.description.operation import IDEMPOTENCY_KEY, Answer, Operation, described
from shortener.web.problems import Problem, RequestError

log = logging.getLogger(__name__)
BatchEntry = BatchedMessage | Problem
blueprint = Blueprint("batches", __name__, url_prefix="/v1")
MOST: Final = 10_000  # messages
LONGEST: Final = 100 * 1024 * 1024  # bytes
PIECE: Final = 64 * 1024  # bytes
TOO_MANY: Final = Fault(
    "too_many_messages", f"A batch has at most {MOST:,} messages. These are done; send the rest in another.", ends=True
)
# No `maxItems`: of a longer batch the first messages are stored.
TAKEN: Final = (
    f"At most {MOST:,} entries are processed; a longer batch ends with a `too_many_messages` error. An entry has at "
    f"most {json_stream.LONGEST // 1024**2} MiB of JSON, and no `attachments`: they are answered with 422."
)
STATUS: Final = {"too_many_messages": 413, "body_too_large": 413}  # of faults; 400 for input that cannot be parsed
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Shape:
    """How entries are read, and what is written before, between and after the answers, or without any."""

    read: Callable[[Iterable[bytes]], Iterator[Entry]]
    before: str
    between: str
    behind: str
    none: str


ARRAY: Final = Shape(json_stream.of_array, "[", ",\n", "]\n", "[]\n")
LINES: Final = Shape(json_stream.of_lines, "", "\n", "\n", "")
SHAPES: Final = {"application/json": ARRAY, "application/x-ndjson": LINES, "application/jsonl": LINES}


@blueprint.post("/messages/batch")
@described(
    Operation(
        "Messages",
        {200: Answer("An answer for each message, in their order.", list[BatchEntry], media=tuple(SHAPES))},
        body=Annotated[list[Submission], Field(description=TAKEN)],
        media=tuple(SHAPES),
        parameters=(IDEMPOTENCY_KEY,),
        codes={429: ("too_many_batches",)},
        refusals=(MessageRateError,),
    )
)
@for_senders(Scope.SEND)
def preprocess_messages(account: Sender) -> Response:
    """Preprocess up to 10,000 messages: 200 with an answer for each, in their order."""
    shape = SHAPES.get(request.mimetype)
    if shape is None:
        raise RequestError(415, "unsupported_media_type", f"Send {' or '.join(SHAPES)}.")
    key = incoming.idempotency_key()
    services().message_rates.admit(account, 0)
    call = services().long_calls.begin(account.id)
    if call is None:
        raise RequestError(429, "too_many_batches", "Other batches are under way; send this one when they are done.")
    try:
        blocks = _blocks(shape, account, key, call)
        # Errors up to here are answered as usual, because no status has been sent yet.
        answer = stream_with_context(_beginning_with(next(blocks), blocks, call))
    except BaseException:
        call.end()
        raise
    response = Response(answer, content_type=request.mimetype)
    response.call_on_close(call.end)
    return response


def _beginning_with(first: bytes, rest: Iterator[bytes], call: LongCall) -> Iterator[bytes]:
    yield first
    yield from rest
    call.end()


def _blocks(shape: Shape, account: Sender, idempotency_key: str | None, call: LongCall) -> Iterator[bytes]:
    """The answer, one part per transaction. It breaks off if the database becomes unavailable."""
    lead = shape.before
    with incoming.spooled(LONGEST) as body:
        found = _at_most(MOST, shape.read(iter(partial(body.read, PIECE), b"")))
        for documents in _documents(found, account, idempotency_key, call):
            text = lead + shape.between.join(map(_encode, documents))
            yield text.encode("utf-8", "replace")  # a field's name may contain a lone surrogate
            lead = shape.between
    yield (shape.none if lead == shape.before else shape.behind).encode()


def _at_most(most: int, found: Iterator[Entry]) -> Iterator[Entry]:
    for place, entry in enumerate(found):
        if place == most:
            yield TOO_MANY
            return
        yield entry


def _documents(
    found: Iterator[Entry], account: Sender, idempotency_key: str | None, call: LongCall
) -> Iterator[list[BatchEntry]]:
    site, policy = services().site, services().policy
    done = 0
    for part in bulk.in_chunks(found):
        if not done and isinstance(part[0], Fault) and part[0].ends:
            raise RequestError(STATUS.get(part[0].code, 400), part[0].code, part[0].sentence)
        try:
            call.progress()
            services().message_rates.count(account, len(part))
            outcomes = bulk.preprocess_entries(
                part,
                account,
                site,
                policy,
                first=done,
                idempotency_key=idempotency_key,
                on_sendings=services().wake_sendings,
            )
        except Exception:
            if done:  # the status has been sent: report it in the last entry, and break off the answer
                yield [_broken_off(done)]
            raise
        done += len(part)
        yield [_document(outcome, site) for outcome in outcomes]


def _document(outcome: Outcome, site: Site) -> BatchEntry:
    if isinstance(outcome, Preprocessed):
        return {"status": 201, **message_report.preprocessed(outcome.message, outcome.links, site)}
    if isinstance(outcome, Fault):
        return problems.document(STATUS.get(outcome.code, 400), outcome.code, outcome.sentence)
    return problems.of(outcome)


def _broken_off(done: int) -> Problem:
    sentence = (
        f"The first {done:,} entries are answered, what became of the rest is not known; send the batch again, with "
        "the same Idempotency-Key if it had one."
    )
    return problems.document(503, "unavailable", sentence)
