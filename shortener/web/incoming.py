"""Read requests: JSON or forms into fields, long bodies into files, and the names of parameters."""

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
from shortener.rules.wire.strict_json import DECODER, Object, nests_deeper
from shortener.validation.models import Faults
from shortener.validation.types import MOST_TAGS
from shortener.web.problems import RequestError

FORM = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS = 2 * MOST_TAGS  # each tag may be a field of its own
BLOCK = 64 * 1024  # bytes
IN_MEMORY = 1024 * 1024  # bytes; a longer body goes to a temporary file
Pairs = list[tuple[str, Any]]


def fields(longest: int | None = None) -> dict[str, Any]:
    """Return the fields of the request's body, of at most `longest` bytes; by default what most routes allow.

    RequestError if it is neither JSON nor a form; InvalidFieldsError if a field is given more than once.
    """
    refuse_encoded()
    if longest is not None:
        request.max_content_length = request.max_form_memory_size = longest
    if request.mimetype == FORM:
        return _without_repeats(_form_fields(form_pairs()))
    if request.mimetype == "multipart/form-data":
        body()
        return _without_repeats(_form_fields(_multipart()))
    return json_object()


def form_pairs(most: int = MAX_FORM_FIELDS) -> Pairs:
    """Return the fields of a form of at most `most` fields, also empty ones; RequestError if it is none."""
    data = body()
    if data.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"[")):  # `curl -d` sends JSON so
        raise RequestError(415, "unsupported_media_type", "This looks like JSON: send it as application/json.")
    return _urlencoded(data, most)


def json_object() -> Object:
    """Return the object that the body is as JSON; RequestError if it is none."""
    if request.mimetype == "application/json" or request.mimetype.endswith("+json"):
        return _json(body())
    raise RequestError(415, "unsupported_media_type", f"Send application/json or {FORM}.")


def refuse_encoded() -> None:
    """Raise RequestError for a compressed body: a small one could expand to a large one."""
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity"):
        sentence = "The body has a Content-Encoding; send it uncompressed."
        raise RequestError(415, "unsupported_media_type", sentence)


def body() -> bytes:
    """Return the whole body of the request; RequestError if it is incomplete, so that no part counts as a message.

    If the server handles chunked bodies, Werkzeug trusts it: it would cut a body that is too long, and would not notice
    one that is incomplete.
    """
    most = request.max_content_length or 0
    with _refusing_incomplete():
        data = request.get_data(cache=True)
        more = request.environ["wsgi.input"].read(1) if len(data) >= most else b""
    if more:
        raise RequestEntityTooLarge
    if request.content_length is not None and len(data) != request.content_length:
        raise RequestError(400, "bad_request", "The body is shorter than its Content-Length.")
    return data


def idempotency_key() -> str | None:
    """Return the request's `Idempotency-Key`; InvalidFieldsError if it is invalid."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and (fault := submission.key_fault(key)):
        raise InvalidFieldsError({"Idempotency-Key": [fault]})
    return key


@contextmanager
def spooled(longest: int) -> Iterator[IO[bytes]]:
    """Read the request's body of at most `longest` bytes into memory or a temporary file.

    All of it, before the answer begins: many clients read nothing until they have sent everything.
    """
    refuse_encoded()
    request.max_content_length = longest
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        size = 0
        while block := _next_block(longest):
            size += len(block)
            try:
                file.write(block)
            except OSError:
                sentence = "There is no space for a body of this size at the moment; try again later."
                raise RequestError(503, "unavailable", sentence) from None
        if request.content_length is not None and size != request.content_length:
            raise RequestError(400, "bad_request", "The body is shorter than its Content-Length.")
        file.seek(0)
        yield file


def _next_block(longest: int) -> bytes:
    try:
        with _refusing_incomplete():
            return request.stream.read(BLOCK)
    except RequestEntityTooLarge:
        sentence = f"The body is larger than {longest // 1024**2} MiB; send it in several requests."
        raise RequestError(413, "body_too_large", sentence) from None


@contextmanager
def _refusing_incomplete() -> Iterator[None]:
    try:
        yield
    except (HTTPException, RequestError):
        raise
    except Exception:  # each server has its own exceptions
        raise RequestError(400, "bad_request", "The body is incomplete, or not valid HTTP.") from None


def _without_repeats(pairs: Pairs) -> dict[str, Any]:
    _refuse_repeated(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return dict(pairs)


def _refuse_repeated(names: Iterable[str]) -> None:
    """Raise InvalidFieldsError for repeated fields: it is unclear which value is meant."""
    if faults := {name: ["must be given once"] for name in names}:
        raise InvalidFieldsError(faults)


def _form_fields(pairs: Pairs) -> Pairs:
    """Interpret a form: an empty field was not filled in, and a repeated `tags` is a list."""
    given = [(name, value) for name, value in pairs if value != ""]
    tags = [value for name, value in given if name == "tags"]
    rest = [(name, value) for name, value in given if name != "tags"]
    return [*rest, ("tags", ",".join(tags))] if tags else rest


def _json(data: bytes) -> Object:
    try:
        document = DECODER.decode(data.removeprefix(codecs.BOM_UTF8).decode("utf-8"))
        if nests_deeper(document):
            raise ValueError("too deep")
    except UnicodeDecodeError:
        raise RequestError(400, "invalid_utf8", "The body is not valid UTF-8.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise RequestError(400, "invalid_json", f"The body is not valid JSON: {error.msg}, {place}.") from None
    except (ValueError, RecursionError):
        sentence = "The body is not strict JSON: it has NaN, Infinity, a number that is too large, or too deep nesting."
        raise RequestError(400, "invalid_json", sentence) from None
    if not isinstance(document, Object):
        raise RequestError(400, "invalid_json", "The body must be one JSON object.")
    _refuse_repeated(document.repeated)
    return document


def _urlencoded(data: bytes, most: int) -> Pairs:
    """Decode a form; text that is not UTF-8 is refused, not replaced."""
    try:
        text = data.decode("ascii")
        return list(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=most))
    except UnicodeDecodeError:
        raise RequestError(400, "invalid_utf8", "The form is not percent-encoded UTF-8.") from None
    except ValueError:
        raise RequestError(400, "bad_request", f"The form has more than {most} fields.") from None


def query_pairs(most: int = MAX_FORM_FIELDS) -> Pairs:
    """Return the parameters of the URL, also empty and repeated ones; RequestError if they are not UTF-8.

    Werkzeug would leave the escapes of bytes that are not UTF-8 in the text.
    """
    try:
        text = request.query_string.decode("utf-8")
        return list(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=most))
    except UnicodeDecodeError:
        raise RequestError(400, "invalid_utf8", "The query is not percent-encoded UTF-8.") from None
    except ValueError:
        raise RequestError(400, "bad_request", f"The query has more than {most} fields.") from None


def _multipart() -> Pairs:
    """Return the fields of a multipart form; InvalidFieldsError if it has files."""
    if request.files:
        raise InvalidFieldsError({str(name): ["must be a field, not a file"] for name in request.files})
    return multipart_pairs()


def multipart_pairs() -> Pairs:
    """Return the fields of a multipart form, also empty and repeated ones, without its files.

    RequestError if Werkzeug replaced bytes that are not UTF-8.
    """
    with _refusing_incomplete():
        pairs = [(str(name), value) for name, values in request.form.lists() for value in values]
    if any("\N{REPLACEMENT CHARACTER}" in name + value for name, value in pairs):
        raise RequestError(400, "invalid_utf8", "The form is not UTF-8.")
    return pairs


def parameters() -> dict[str, str]:
    """Return the parameters of any name; InvalidFieldsError if one is given more than once."""
    return _without_repeats([*request.args.items(multi=True)])


def no_parameters() -> None:
    """Raise InvalidFieldsError if there are parameters."""
    if found := faults():
        raise InvalidFieldsError(found)


def faults(*names: str) -> Faults:
    """Return the faults of unknown and repeated parameters: a filter that was ignored would list everything."""
    unknown = {name: ["is not a parameter of this call"] for name in request.args if name not in names}
    return unknown | {name: ["must be given once"] for name in names if len(request.args.getlist(name)) > 1}
