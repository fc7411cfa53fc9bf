"""Read what came in: JSON or form, into plain fields; what it means is `orders.py`'s to judge."""

import codecs
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import parse_qsl

from flask import request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from shortener.errors import InvalidFieldsError
from shortener.messages import submission
from shortener.rules.wire.strict_json import DECODER, Object
from shortener.validation.models import Faults
from shortener.validation.types import MOST_TAGS
from shortener.web.problems import RequestError

FORM = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS = 2 * MOST_TAGS  # each tag may be a field of its own
PIECE = 64 * 1024  # bytes
IN_MEMORY = 1024 * 1024  # bytes of a long body; what is longer lies in a temporary file
Pairs = list[tuple[str, Any]]


def fields() -> dict[str, Any]:
    """The fields of the request's body.

    RequestError where it is neither JSON nor a form; InvalidOrderError where a field came twice: which one is meant?
    """
    refuse_coded()
    if request.mimetype == FORM:
        data = body()
        if (
            data.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"["))
        ):  # what `curl -d` says of whatever it sends
            raise RequestError(415, "unsupported_media_type", "This looks like JSON: send it as application/json.")
        return _once(_as_form(_urlencoded(data)))
    if request.mimetype == "application/json" or request.mimetype.endswith("+json"):
        return _json(body())
    if request.mimetype == "multipart/form-data":
        body()
        return _once(_as_form(_multipart()))
    raise RequestError(415, "unsupported_media_type", f"Send application/json or {FORM}.")


def refuse_coded() -> None:
    """RequestError for a compressed body: a small one could unfold into a large one."""
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity"):
        sentence = "The body has a Content-Encoding; send it as it is, without compression."
        raise RequestError(415, "unsupported_media_type", sentence)


def body() -> bytes:
    """The request's body, whole: half a message must never be taken for one.

    A server that ends chunked bodies by itself makes Werkzeug trust it: then a body that is too long is cut, and one
    that broke off is not noticed.
    """
    most = request.max_content_length or 0
    with _broken_off_as_refusal():
        data = request.get_data(cache=True)
        more = request.environ["wsgi.input"].read(1) if len(data) >= most else b""
    if more:
        raise RequestEntityTooLarge
    if request.content_length is not None and len(data) != request.content_length:
        raise RequestError(400, "bad_request", "The body broke off before its Content-Length.")
    return data


def idempotency_key() -> str | None:
    """The request's `Idempotency-Key`; InvalidOrderError where it cannot be used."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and (fault := submission.key_fault(key)):
        raise InvalidFieldsError({"Idempotency-Key": [fault]})
    return key


@contextmanager
def spooled(longest: int) -> Iterator[IO[bytes]]:
    """The request's body of at most that many bytes, in memory or in a temporary file.

    All of it, before anything is answered: many clients write all before they read, and we would wait for each other.
    """
    refuse_coded()
    request.max_content_length = longest
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        size = 0
        while piece := _next_piece(longest):
            size += len(piece)
            try:
                file.write(piece)
            except OSError:
                sentence = "There is no room for a body of this size at the moment; try again later."
                raise RequestError(503, "unavailable", sentence) from None
        if request.content_length is not None and size != request.content_length:
            raise RequestError(400, "bad_request", "The body broke off before its Content-Length.")
        file.seek(0)
        yield file


def _next_piece(longest: int) -> bytes:
    try:
        with _broken_off_as_refusal():
            return request.stream.read(PIECE)
    except RequestEntityTooLarge:
        sentence = f"The body is larger than {longest // 1024**2} MiB; send it in parts."
        raise RequestError(413, "body_too_large", sentence) from None


@contextmanager
def _broken_off_as_refusal() -> Iterator[None]:
    try:
        yield
    except (HTTPException, RequestError):
        raise
    except Exception:  # each server has exceptions of its own for what it cannot read
        raise RequestError(400, "bad_request", "The body broke off, or is not framed as HTTP asks.") from None


def _once(pairs: Pairs) -> dict[str, Any]:
    _refuse_repeated(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return dict(pairs)


def _refuse_repeated(names: Iterable[str]) -> None:
    """Which one is meant?"""
    if faults := {name: ["must be given once"] for name in names}:
        raise InvalidFieldsError(faults)


def _as_form(pairs: Pairs) -> Pairs:
    """As forms mean it: an empty field was left empty, and a list is a field that comes again."""
    given = [(name, value) for name, value in pairs if value != ""]
    tags = [value for name, value in given if name == "tags"]
    rest = [(name, value) for name, value in given if name != "tags"]
    return [*rest, ("tags", ",".join(tags))] if tags else rest


def _json(data: bytes) -> dict[str, Any]:
    try:
        document = DECODER.decode(data.removeprefix(codecs.BOM_UTF8).decode("utf-8"))
    except UnicodeDecodeError:
        raise RequestError(400, "invalid_utf8", "The body is not valid UTF-8.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise RequestError(400, "invalid_json", f"The body is not valid JSON: {error.msg}, {place}.") from None
    except (ValueError, RecursionError):
        raise RequestError(400, "invalid_json", "The body holds a number or a nest that cannot be read.") from None
    if not isinstance(document, Object):
        raise RequestError(400, "invalid_json", "The body must be one JSON object.")
    _refuse_repeated(document.repeated)
    return document


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
        raise InvalidFieldsError({str(name): ["must be a field, not a file"] for name in request.files})
    pairs = [(str(name), value) for name, values in request.form.lists() for value in values]
    if any("\N{REPLACEMENT CHARACTER}" in name + value for name, value in pairs):
        raise RequestError(400, "invalid_utf8", "The form is not UTF-8.")
    return pairs


def no_parameters() -> None:
    """Refuse every parameter, for a call that takes none."""
    if found := faults():
        raise InvalidFieldsError(found)


def faults(*names: str) -> Faults:
    """What is wrong with a parameter that is misspelt or comes twice: passed over, it would let everything through."""
    unknown = {name: ["is not a parameter of this call"] for name in request.args if name not in names}
    return unknown | {name: ["must be given once"] for name in names if len(request.args.getlist(name)) > 1}
