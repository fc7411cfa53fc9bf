"""Describe validation faults in our own words, for readers who do not know the library that found them."""

from collections.abc import Mapping
from typing import Any, Final

_KINDS: Final = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this call",
    "list_type": "must be a list",
    "dict_type": "must be a JSON object",
    "string_type": "must be text",
    "string_unicode": "must be text in valid Unicode",
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float", "int_parsing_size"), "must be a whole number"),
    **dict.fromkeys(("float_parsing", "float_type", "finite_number"), "must be a number"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "must be true or false"),
    "ip_any_network": "must be an address or a network like 10.0.0.0/8, without host bits",
}
_LIMITS: Final = {
    "greater_than_equal": ("ge", "must be at least {}"),
    "greater_than": ("gt", "must be more than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "string_too_long": ("max_length", "must be at most {} characters"),
    "too_long": ("max_length", "must have at most {} entries"),
    **dict.fromkeys(("literal_error", "enum"), ("expected", "must be {}")),
}


def sentence(kind: str, limits: Mapping[str, Any], said: str) -> str:
    """Describe a fault by pydantic's `kind` and `limits`; use pydantic's text `said` if we have none."""
    if kind in _KINDS:
        return _KINDS[kind]
    if kind == "string_too_short":
        least = limits["min_length"]
        return "must not be empty" if least == 1 else f"must be at least {least} characters"
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return words.format(_shown(limits[name]))
    return said.removeprefix("Value error, ")


def _shown(limit: Any) -> str:
    """Return a limit as people write it: 1 rather than 1.0."""
    return f"{limit:g}" if isinstance(limit, float) and limit < 1e6 else str(limit)
