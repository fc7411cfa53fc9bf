"""The part of a route's description that its path, docstring and types do not give; stated at its view."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from flask import Response
from pydantic import BaseModel

from shortener.errors import ShortenerError

OPERATION: Final = "__operation__"
JSON: Final = ("application/json",)
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
BODIES: Final = (*JSON, *FORMS)
View = TypeVar("View", bound=Callable[..., Any])
Parameter = Mapping[str, Any]  # in the form of OpenAPI


def query(name: str, description: str, *, required: bool = False, **schema: Any) -> Parameter:
    """A query parameter that no model has."""
    whole = {"type": "string", **schema}
    return {"name": name, "in": "query", "description": description, "required": required, "schema": whole}


CURSOR: Final = query("cursor", "Continue after this cursor, taken from the header `Link`.")
IDEMPOTENCY_KEY: Final[Parameter] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and body return the first response again. The same key with another body: 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}


BASIC: Final = {"basic": {"type": "http", "scheme": "basic", "description": "SID and TOKEN."}}
BEARER: Final = {"bearer": {"type": "http", "scheme": "bearer", "description": "TOKEN."}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How the senders of a group of operations say who they are."""

    schemes: Mapping[str, Mapping[str, Any]]  # of OpenAPI, by their names
    are_all_needed: bool = False  # or one of them
    sentence: str
    curl: tuple[str, ...] = ("-u", "SID:TOKEN")  # the words of a command that give them

    def security(self) -> list[dict[str, list[str]]]:
        """What an operation needs, as OpenAPI writes it."""
        each: list[dict[str, list[str]]] = [{name: []} for name in self.schemes]
        return [{name: [] for name in self.schemes}] if self.are_all_needed else each


OURS: Final = Credentials(
    schemes=BASIC | BEARER, sentence="Credentials are HTTP Basic `SID:TOKEN` or `Authorization: Bearer TOKEN`."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a route that succeeds."""

    sentence: str
    document: Any = None  # the type of the JSON or of each line; None for the view's return type
    media: tuple[str, ...] = JSON
    headers: Mapping[str, str] = field(default_factory=dict)  # each with its description
    sometimes: Mapping[str, str] = field(default_factory=dict)  # headers that may be missing


@dataclass(frozen=True, slots=True)
class Operation:
    """The description of a route. Besides `refusals` and `codes` it has the errors that all routes have."""

    tag: str
    answers: Mapping[int, Answer]
    body: Any = None  # a type, or a finished schema
    media: tuple[str, ...] = BODIES  # of the body
    query: type[BaseModel] | None = None
    without: frozenset[str] = frozenset()  # fields of `query` that this call does not take
    parameters: tuple[Parameter, ...] = ()
    refusals: tuple[type[ShortenerError], ...] = ()
    codes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # of other errors, by status
    name: str = ""  # in place of the view's own
    sentence: str = ""  # in place of the view's docstring
    key: str = ""  # a sentence that says where the key is that stands for credentials; empty without one
    refusal: type[BaseModel] | None = None  # a vendor's document for every error
    statuses: Mapping[int, int] = field(default_factory=dict)  # that a vendor has instead of ours


def described(operation: Operation) -> Callable[[View], View]:
    """Add a description to a view."""

    def say(view: View) -> View:
        setattr(view, OPERATION, operation)
        return view

    return say


def document_of(view: Callable[..., Any], answer: Answer) -> Any:
    """The type of the document in a view's answer; None if it is no JSON."""
    if answer.document is not None:
        return answer.document
    returned = get_type_hints(inspect.unwrap(view), include_extras=True)["return"]
    kind = get_args(returned)[0] if get_origin(returned) is tuple else returned
    return None if kind is Response else kind
