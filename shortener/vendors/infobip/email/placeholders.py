"""Placeholders: `{{name}}` in the subject, the text and the HTML of a mail."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue

from shortener.rules.wire.strict_json import nests_deeper
from shortener.validation.types import HTML_LENGTH

_PLACEHOLDER: Final = re.compile(r"\{\{([^{}]+)\}\}")
LONGEST: Final = HTML_LENGTH  # characters of all values in a text
Values = Mapping[str, str]
NONE: Final[Values] = MappingProxyType({})


def values(given: object) -> dict[str, str]:
    """Return the values in an object or its JSON text; ValueError if it is neither.

    Texts stay as they are; other values are written as JSON, and null as nothing.
    """
    document = _loaded(given) if isinstance(given, str) else given
    if document is None:
        return {}
    if not isinstance(document, dict) or nests_deeper(document):
        raise ValueError("must be a JSON object of placeholders, at most 100 levels deep")
    return {str(name): _text(value) for name, value in document.items()}


def filled(text: str | None, values: Values, defaults: Values = NONE) -> str | None:
    """Return a text with the values of its placeholders, or their defaults; one without either stays as it is.

    ValueError if the values are longer together than any text may be.
    """
    if not text or not (values or defaults):
        return text
    left = LONGEST

    def value(found: re.Match[str]) -> str:
        nonlocal left
        name = found[1].strip()
        text = values.get(name, defaults.get(name, found[0]))
        left -= len(text)
        if left < 0:
            raise ValueError(f"must have values of at most {LONGEST:,} characters in a text")
        return text

    return _PLACEHOLDER.sub(value, text)


def _loaded(text: str) -> JsonValue:
    try:
        document: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("must be a JSON object of placeholders") from None
    return document


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
