"""Read what came in: JSON or form, into plain fields; what it means is `orders.py`'s to judge."""

import json
import math
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

from flask import request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from shortener.errors import InvalidOrderError
from shortener.web.problems import RequestError

FORM = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS = 100
Pairs = list[tuple[str, Any]]


def fields() -> dict[str, Any]:
    """The fields of the request's body.

    RequestError where it is neither JSON nor a form; InvalidOrderError where a field came twice: which one is meant?
    """
    if request.mimetype == FORM:
        return _once(_as_form(_urlencoded(body())))
    if request.mimetype == "application/json" or request.mimetype.endswith("+json"):
        return _once(_json(body()))
    if request.mimetype == "multipart/form-data":
        body()
        return _once(_as_form(_multipart()))
    raise RequestError(415, "unsupported_media_type", f"Send application/json or {FORM}.")


def body() -> bytes:
    """The request's body, whole: half a message must never be taken for one.

    A server that ends chunked bodies by itself makes Werkzeug trust it: then a body that is too long is cut, and one
    that broke off is not noticed.
    """
    most = request.max_content_length or 0
    try:
        data = request.get_data(cache=True)
        more = request.environ["wsgi.input"].read(1) if len(data) >= most else b""
    except HTTPException:
        raise
    except Exception:  # each server has exceptions of its own for what it cannot read
        raise RequestError(400, "bad_request", "The body broke off, or is not framed as HTTP asks.") from None
    if more:
        raise RequestEntityTooLarge
    if request.content_length is not None and len(data) != request.content_length:
        raise RequestError(400, "bad_request", "The body broke off before its Content-Length.")
    return data


def _once(pairs: Pairs) -> dict[str, Any]:
    repeated = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
    if repeated:
        raise InvalidOrderError({name: ["must be given once"] for name in repeated})
    return dict(pairs)


def _as_form(pairs: Pairs) -> Pairs:
    """As forms mean it: an empty field was left empty, and a list is a field that comes again."""
    given = [(name, value) for name, value in pairs if value != ""]
    tags = [value for name, value in given if name == "tags"]
    rest = [(name, value) for name, value in given if name != "tags"]
    return [*rest, ("tags", ",".join(tags))] if tags else rest


def _json(data: bytes) -> Pairs:
    try:
        text = data.decode("utf-8")
        document = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        # Once more, for the fields that came twice: the hook would turn every nested object into a list as well.
        pairs = json.loads(text, object_pairs_hook=list)
    except UnicodeDecodeError:
        raise RequestError(400, "invalid_utf8", "The body is not valid UTF-8.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise RequestError(400, "invalid_json", f"The body is not valid JSON: {error.msg}, {place}.") from None
    except (ValueError, RecursionError):
        raise RequestError(400, "invalid_json", "The body holds a number or a nest that cannot be read.") from None
    if not isinstance(document, dict):
        raise RequestError(400, "invalid_json", "The body must be one JSON object.")
    return [(name, document[name]) for name, _ in pairs]


def _urlencoded(data: bytes) -> Pairs:
    """Read strictly: what is not UTF-8 is refused, not replaced."""
    try:
        text = data.decode("ascii")
        return list(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS))
    except UnicodeDecodeError:
        raise RequestError(400, "invalid_utf8", "The form is not percent-encoded UTF-8.") from None
    except ValueError:
        raise RequestError(400, "bad_request", f"The form has more than {MAX_FORM_FIELDS} fields.") from None


def _multipart() -> Pairs:
    """Werkzeug has put U+FFFD where the text was not UTF-8; no message is worth guessing what stood there."""
    if request.files:
        raise InvalidOrderError({str(name): ["must be a field, not a file"] for name in request.files})
    pairs = [(str(name), value) for name, values in request.form.lists() for value in values]
    if any("\N{REPLACEMENT CHARACTER}" in name + value for name, value in pairs):
        raise RequestError(400, "invalid_utf8", "The form is not UTF-8.")
    return pairs


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value
