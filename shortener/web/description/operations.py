"""The operation objects of OpenAPI, made from the statements at a view and the errors that all routes have."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from werkzeug.routing import Rule

from shortener.errors import (
    AccountDisabledError,
    CredentialsError,
    InvalidFieldsError,
    ScopeError,
    ShortenerError,
    TokenExpiredError,
    WrongCredentialsLimitError,
)
from shortener.web.access import ACCESS, SCOPE
from shortener.web.description.operation import (
    BODIES,
    FORMS,
    JSON,
    OPERATION,
    Answer,
    Credentials,
    Operation,
    document_of,
)
from shortener.web.description.schemas import Schemas
from shortener.web.problems import STATUS, TITLES, Problem

PROBLEM: Final = "application/problem+json"
LINES: Final = ("application/x-ndjson", "application/jsonl")
READING: Final = {
    400: ("bad_request", "invalid_utf8", "invalid_json"),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
}
GUARDED: Final[tuple[type[ShortenerError], ...]] = (CredentialsError, AccountDisabledError, WrongCredentialsLimitError)
OF_VENDORS: Final = {422: 400}  # that most vendors have instead of ours
NAMES: Final = {
    "tag": ("The tag, as it was given.", "^.{1,200}$"),
    "msgid": ("The ID of the message.", "^[A-Za-z0-9]{32}$"),
    "sid": ("The SID of the account.", "^[A-Za-z0-9]{32}$"),
    "account_sid": ("`AC` and the SID of the account.", "^(AC)?[A-Za-z0-9]{32}$"),
    "message_sid": ("`SM` and the ID of the message.", "^SM[A-Za-z0-9]{32}$"),
    "domain_sid": ("The SID of the domain: whatever its client has.", "^[A-Za-z0-9]{1,100}$"),
    "event_id": ("The ID of the callback.", "^evt_[A-Za-z0-9]{1,60}$"),
    "export_id": ("The ID of the export.", "^exp_[A-Za-z0-9]{1,60}$"),
    "gateway": ("The name of the gateway that reports.", "^[a-z]{1,20}$"),
    "key": ("The key of the account.", "^[A-Za-z0-9]{32}-[A-Za-z0-9_-]{16}$"),
    "mac": ("The key of the message.", "^[A-Za-z0-9_-]{16}$"),
    "slug": ("The public short code of a link.", "^[A-Za-z0-9]{10}$"),
    "service": ("The name of the sender's service: whatever its client has.", "^[A-Za-z0-9:_-]{1,100}$"),
}
HEADERS: Final = {
    401: ("WWW-Authenticate", "The accepted authentication schemes."),
    429: ("Retry-After", "Seconds to wait before the next request."),
    503: ("Retry-After", "Seconds to wait before the next request."),
}


def codes(operation: Operation, *, guarded: bool) -> dict[int, list[str]]:
    """The codes of all errors that a route may answer with, by status."""
    found: dict[int, list[str]] = {status: [*given] for status, given in operation.codes.items()}
    refusals = [*operation.refusals, *(_refused_credentials(operation) if guarded else ())]
    if operation.body or operation.query or operation.parameters:
        refusals.append(InvalidFieldsError)
    for refusal in dict.fromkeys(refusals):
        found.setdefault(STATUS[refusal], []).append(refusal.code)
    for status, more in {**(READING if operation.body else {}), 500: ("internal",), 503: ("unavailable",)}.items():
        found.setdefault(status, []).extend(more)
    return dict(sorted(found.items()))


def _text_below(more: str, view: Callable[..., Any], needs_scope: bool) -> str:
    """Return the rest of a docstring as paragraphs, with the scope that a token needs."""
    paragraphs = [re.sub(r"(?<!\n)\n +", " ", more).strip()]
    if needs_scope:
        paragraphs.append(f"A token needs the scope `{getattr(view, SCOPE)}`.")
    return "\n\n".join(filter(None, paragraphs))


def _refused_credentials(operation: Operation) -> tuple[type[ShortenerError], ...]:
    """Return how credentials are refused; a key in the path has neither an end nor scopes."""
    return GUARDED if operation.key else (*GUARDED, TokenExpiredError, ScopeError)


def operation_object(view: Callable[..., Any], schemas: Schemas, credentials: Credentials) -> dict[str, Any]:
    """The operation object of a view, whose group of operations has these credentials."""
    operation: Operation = getattr(view, OPERATION)
    guarded = getattr(view, ACCESS, None) == "senders"
    summary, _, more = (operation.sentence or view.__doc__ or "").partition("\n")
    described: dict[str, Any] = {
        "operationId": operation.name or view.__name__,
        "tags": [operation.tag],
        "summary": summary.removesuffix("."),
        "description": _text_below(more, view, guarded and not operation.key),
        "security": credentials.security() if guarded and not operation.key else [],
    }
    if operation.key:
        described["x-key"] = operation.key
    if parameters := [*_query(operation, schemas), *operation.parameters]:
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = _request(operation, schemas)
    described["responses"] = {
        str(status): _answer(answer, document_of(view, answer), schemas) for status, answer in operation.answers.items()
    }
    statuses = operation.statuses or (OF_VENDORS if operation.refusal else {})
    for status, given in codes(operation, guarded=guarded).items():
        shown = statuses.get(status, status)
        if shown in operation.answers:
            _add_refusal(described["responses"][str(shown)], operation.refusal, schemas)
        elif operation.refusal is None:
            described["responses"][str(shown)] = _problem(shown, given, schemas)
        else:
            described["responses"][str(shown)] = _vendors(shown, schemas.answer(operation.refusal))
    described["responses"] = dict(sorted(described["responses"].items()))
    return described


def _add_refusal(answer: dict[str, Any], refusal: Any, schemas: Schemas) -> None:
    """Describe that an answer may also be a vendor's error, which has the same status."""
    for body in answer.get("content", {}).values() if refusal else ():
        known, error = body["schema"].get("anyOf", [body["schema"]]), schemas.answer(refusal)
        if error not in known:
            body["schema"] = {"anyOf": [*known, error]}


def names(rule: Rule) -> list[dict[str, Any]]:
    """The parameters of a path."""
    return [
        {"name": name, "in": "path", "required": True, "description": text, "schema": _text(pattern)}
        for name, (text, pattern) in NAMES.items()
        if name in rule.arguments
    ]


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern}


def _query(operation: Operation, schemas: Schemas) -> Iterator[dict[str, Any]]:
    """A parameter for each of a model's fields. Parameters are never null."""
    fields, needed, example = schemas.parameters(operation.query) if operation.query else ({}, (), {})
    for name, found in fields.items():
        if name not in operation.without:
            described = dict(found)
            text = described.pop("description", "")
            if "anyOf" in described:
                kinds = [one for one in described.pop("anyOf") if one != {"type": "null"}]
                described |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
            parameter = {"name": name, "in": "query", "description": text, "schema": described}
            required = {"required": True} if name in needed else {}
            yield parameter | required | ({"example": example[name]} if name in example else {})


def _request(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    """The body of a request. If it may be JSON, forms are only mentioned in the text.

    Generators of clients make one class of a schema and choose the way of sending by the class: with the same schema
    for JSON and for forms they send the fields in every way at once.
    """
    schema = schemas.request(operation.body)
    forms = [media for media in operation.media if media in FORMS and JSON[0] in operation.media]
    content = {media: _body(media, schema) for media in operation.media if media not in forms}
    described: dict[str, Any] = {"required": True, "content": content}
    if forms:
        named = " or ".join(f"`{media}`" for media in forms)
        described |= {"description": f"JSON, or a form with the same fields: {named}.", "x-forms": forms}
    return described


def _body(media: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A body of this media type; OpenAPI 3.1 cannot describe lines of documents."""
    if media in LINES:
        each = schema.get("items", schema)
        return {"schema": {"type": "string", "description": "One JSON object per line."}, "x-each-line": each}
    return {"schema": schema if media in BODIES else {"type": "string"}}


def _answer(answer: Answer, document: Any, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.sentence}
    if document is not None:
        schema = schemas.answer(document)
        described["content"] = {media: _body(media, schema) for media in answer.media}
    elif answer.media != JSON:
        described["content"] = {media: _body(media, {}) for media in answer.media}
    always = {name: _header(text, required=True) for name, text in answer.headers.items()}
    if headers := always | {name: _header(text, required=False) for name, text in answer.sometimes.items()}:
        described["headers"] = headers
    return described


def _problem(status: int, given: Iterable[str], schemas: Schemas) -> dict[str, Any]:
    """One document for every error, so that a generated client has one class, with the possible codes."""
    codes = sorted(given)
    described = {"description": f"{TITLES[status]}: {', '.join(f'`{code}`' for code in codes)}", "x-codes": codes}
    return described | {"content": {PROBLEM: {"schema": schemas.answer(Problem)}}} | _headers_of(status)


def _vendors(status: int, schema: Mapping[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"description": TITLES[status], "content": content} | _headers_of(status)


def _headers_of(status: int) -> dict[str, Any]:
    if status not in HEADERS:
        return {}
    name, text = HEADERS[status]
    return {"headers": {name: _header(text, required=True)}}


def _header(text: str, *, required: bool) -> dict[str, Any]:
    return {"description": text, "required": required, "schema": {"type": "string"}}
