"""Read what came in: JSON or form, into plain fields; what it means is `orders.py`'s to judge."""

import json
import math
from typing import Any
from urllib.parse import parse_qsl

from flask import request

from shortener.web.problems import RequestError

FORM = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS = 100


def fields() -> dict[str, Any]:
    """The fields of the request's body; RequestError where it is neither JSON nor a form."""
    if request.mimetype == FORM:
        return _form(request.get_data())
    if request.mimetype == "application/json" or request.mimetype.endswith("+json"):
        return _json(request.get_data())
    if request.mimetype == "multipart/form-data":
        return {name: value for name, value in request.form.items() if value != ""}
    raise RequestError(415, "unsupported_media_type", f"Send application/json or {FORM}.")


def _json(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite)
    except UnicodeDecodeError:
        raise RequestError(400, "invalid_utf8", "The body is not valid UTF-8.") from None
    except json.JSONDecodeError as error:
        raise RequestError(
            400, "invalid_json", f"The body is not valid JSON: {error.msg}, line {error.lineno} column {error.colno}."
        ) from None
    except (ValueError, RecursionError):
        raise RequestError(400, "invalid_json", "The body holds a number or a nest that cannot be read.") from None
    if not isinstance(document, dict):
        raise RequestError(400, "invalid_json", "The body must be one JSON object.")
    return document


def _form(data: bytes) -> dict[str, Any]:
    """Read a form strictly: what is not UTF-8 is refused, not replaced. An empty field counts as not given."""
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS)
    except UnicodeDecodeError:
        raise RequestError(400, "invalid_utf8", "The form is not percent-encoded UTF-8.") from None
    except ValueError:
        raise RequestError(400, "bad_request", f"The form has more than {MAX_FORM_FIELDS} fields.") from None
    return {name: value for name, value in pairs if value != ""}


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value
