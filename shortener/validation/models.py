"""The parents of the models that check fields and parameters."""

import datetime as dt
from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from shortener.errors import MOST_NAMED, InvalidFieldsError
from shortener.rules.delivery import receiver
from shortener.rules.wire.fault_sentences import sentence
from shortener.rules.wire.moments import rfc3339

Faults = dict[str, list[str]]  # what is wrong, by the field's name
MOST_ENTRIES: Final = 10_000  # of all lists of a vendor's request together: each may have faults, which are made first


class _Checked(BaseModel):
    """A model that refuses unknown names: a misspelt filter that was ignored would list everything."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def _check(cls, fields: Mapping[str, Any], faults: Faults | None, context: Any = None) -> Self:
        try:
            checked = cls.model_validate(cls._bounded(fields), context=context)
        except ValidationError as error:
            earlier = faults or {}  # first: an answer names only the first fifty
            raise InvalidFieldsError(earlier | _by_field(error) | earlier) from None
        if faults:
            raise InvalidFieldsError(faults)
        return checked

    @classmethod
    def _bounded(cls, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields without most of the unknown ones: each costs a fault, and errors name only the first."""
        known = _known(cls)
        if len(fields) <= len(known) + MOST_NAMED:
            return dict(fields)
        unknown = islice((name for name in fields if name not in known), MOST_NAMED + 1)
        return {name: fields[name] for name in [*(known & fields.keys()), *unknown]}


@cache
def _known(model: type[_Checked]) -> frozenset[str]:
    """Return the names that a body or URL may have; once for each model, because batches check many bodies."""
    return frozenset(field.alias or name for name, field in model.model_fields.items())


class Fields(_Checked):
    """The fields of a body."""

    @classmethod
    def check(cls, fields: Mapping[str, Any], *, faults: Faults | None = None) -> Self:
        """Return a checked model; InvalidFieldsError has every invalid field and the earlier `faults`."""
        return cls._check(fields, faults)


class FieldsToCall(_Checked):
    """The fields of a body that may name a URL to be called."""

    @classmethod
    def check(cls, fields: Mapping[str, Any], policy: receiver.Policy, *, faults: Faults | None = None) -> Self:
        """Return a checked model, as `Fields.check` does; `policy` says which URLs may be called."""
        return cls._check(fields, faults, {"policy": policy})


class Parameters(Fields):
    """The parameters of a URL."""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the parameters in a URL."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    def parameters(self) -> dict[str, str]:
        """Return the values that are not defaults as parameters of a URL, without the cursor."""
        given = self.model_dump(exclude_defaults=True, exclude={"cursor"}, by_alias=True)
        return {name: _written(value) for name, value in given.items()}


class VendorFields(BaseModel):
    """The fields of a vendor's request, of which those that we do not know are passed over. Faults are by path."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def check(
        cls, fields: Mapping[str, Any], policy: receiver.Policy | None = None, *, faults: Faults | None = None
    ) -> Self:
        """Return a checked model; InvalidFieldsError has every fault by its path: `messages[0].destinations[1].to`.

        `policy` says which URLs may be called, where a field names one. The entries of all lists are counted first:
        lists in lists may have very many, though each list is short.
        """
        if _has_more_entries(fields, MOST_ENTRIES):
            raise InvalidFieldsError({"body": [f"must have at most {MOST_ENTRIES:,} entries in all of its lists"]})
        try:
            checked = cls.model_validate(dict(fields), context={"policy": policy})
        except ValidationError as error:
            earlier = faults or {}
            raise InvalidFieldsError(earlier | _by_path(error) | earlier) from None
        if faults:
            raise InvalidFieldsError(faults)
        return checked


def _has_more_entries(fields: Mapping[str, Any], most: int) -> bool:
    """Return whether the lists in these fields have more entries together, at any depth."""
    left: list[Any] = [fields]
    count = 0
    while left:
        value = left.pop()
        if isinstance(value, list):
            count += len(value)
            if count > most:
                return True
            left += value
        elif isinstance(value, Mapping):
            left += value.values()
    return False


def _by_path(error: ValidationError) -> Faults:
    """Return the faults of nested fields by their paths."""
    fields: Faults = {}
    for fault in error.errors(include_url=False)[:MOST_NAMED]:
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]).lstrip(".")
        fields.setdefault(path or "body", []).append(_said(fault))
    return fields


def _said(fault: ErrorDetails) -> str:
    return sentence(fault["type"], fault.get("ctx", {}), fault["msg"], fault["input"])


def _written(value: object) -> str:
    if isinstance(value, dt.datetime):
        return rfc3339(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _at(loc: tuple[int | str, ...]) -> str:
    """Return where in a list of objects a fault is, such as `attachments[1].name: `; empty for a plain field."""
    if len(loc) < 3 or not isinstance(loc[1], int):
        return ""
    return f"{loc[0]}[{loc[1]}].{loc[2]}: "


def _by_field(error: ValidationError) -> Faults:
    """Return the faults by field, in our own sentences."""
    fields: Faults = {}
    for fault in error.errors(include_url=False):
        # A fault of the model as a whole has no field.
        field = str(fault["loc"][0]) if fault["loc"] else "body"
        fields.setdefault(field, []).append(_at(fault["loc"]) + _said(fault))
    return {field: list(dict.fromkeys(sentences)) for field, sentences in fields.items()}
