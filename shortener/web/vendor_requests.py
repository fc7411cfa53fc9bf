"""Read the requests of vendors' clients: tolerant in how names are spelled, whatever kind of body they have.

`to`, `to[]`, `to[0]` and `to['0']` are one name, and so is a field that is given several times. Unknown fields are the
business of the vendor's own model, which passes them over.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from flask import request
from werkzeug.datastructures import FileStorage

from shortener.web import incoming

T = TypeVar("T")
MOST_FIELDS: Final = 2_000
# Bounded: names come before credentials are checked, and a run of blanks must not be tried from each of its places.
_INDEX: Final = re.compile(r"\[\s{0,3}['\"]?[0-9]{0,9}['\"]?\s{0,3}\]\Z")
_FORMS: Final = (incoming.FORM, "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Given:
    """The fields of a request, and its files by their names, in their order.

    A field that came once is a single value, one that came several times or with an index is a list; JSON is as it
    came.
    """

    fields: Mapping[str, Any]
    files: Sequence[tuple[str, FileStorage]] = field(default=())


def read(longest: int | None = None, *, any_case: bool = False) -> Given:
    """Return what a request gives: the fields of its query if it is a GET, otherwise of its body.

    A body may be JSON, a form or multipart with at most `longest` bytes; by default what most routes allow. With
    `any_case`, names are in lower case. RequestError if the body cannot be read.
    """
    if request.method in ("GET", "HEAD", "DELETE"):
        return Given(query(any_case=any_case))
    incoming.refuse_encoded()
    if longest is not None:
        request.max_content_length = request.max_form_memory_size = longest
    request.max_form_parts = MOST_FIELDS
    if request.mimetype == "multipart/form-data":
        return _multipart(any_case)
    if not request.mimetype and not incoming.body():
        return Given({})
    if request.mimetype == incoming.FORM:
        return Given(listed(incoming.form_pairs(MOST_FIELDS), any_case=any_case))
    document = incoming.json_object()
    return Given({name.lower() if any_case else name: value for name, value in document.items()})


def query(*, any_case: bool = False) -> dict[str, Any]:
    """Return the fields of the request's query; RequestError if it is not UTF-8."""
    return listed(incoming.query_pairs(MOST_FIELDS), any_case=any_case)


def _multipart(any_case: bool) -> Given:
    """Read a form with files; what is not UTF-8 in its fields is refused."""
    fields = listed(incoming.multipart_pairs(), any_case=any_case)
    return Given(fields, [(_plain(name, any_case), file) for name, file in request.files.items(multi=True)])


def listed(pairs: Iterable[tuple[str, Any]], *, any_case: bool = False) -> dict[str, Any]:
    """Return fields by their plain names: a list where a name came several times, or with an index."""
    found: dict[str, Any] = {}
    lists: set[str] = set()
    for name, value in pairs:
        plain = _plain(name, any_case)
        if plain not in found and plain == (name.lower() if any_case else name):
            found[plain] = value
            continue
        if plain not in lists:
            lists.add(plain)
            found[plain] = [found[plain]] if plain in found else []
        found[plain].append(value)
    return found


def _plain(name: str, any_case: bool) -> str:
    plain = _INDEX.sub("", name)
    return plain.lower() if any_case else plain


def many(value: Any) -> list[Any]:
    """Return a value as a list: as it is, of one, or empty for None and an empty text."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]


def one(value: T | list[T] | None) -> T | None:
    """Return the single value of a list, or the value itself; the last one of several."""
    if isinstance(value, list):
        return value[-1] if value else None
    return value


def comma_separated(value: Any) -> list[str]:
    """Return the texts of a list whose entries may each be several, separated by commas."""
    return [text for entry in many(value) if isinstance(entry, str) for text in entry.split(",") if text]
