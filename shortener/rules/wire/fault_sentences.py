"""Describe validation faults in our own words, for readers who do not know the library that found them."""

from collections.abc import Mapping
from typing import Any, Final

_KINDS: Final = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this call",
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), "must be a list"),
    **dict.fromkeys(
        ("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"), "must be a JSON object"
    ),
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
    "string_too_short": ("min_length", "must be at least {} characters"),
    "string_pattern_mismatch": ("pattern", "must match {}"),
    "too_long": ("max_length", "must have at most {} entries"),
    "too_short": ("min_length", "must have at least {} entries"),
    **dict.fromkeys(("literal_error", "enum"), ("expected", "must be {}")),
}


def sentence(kind: str, limits: Mapping[str, Any], said: str, given: object = None) -> str:
    """Describe a fault of the value `given` by pydantic's `kind` and `limits`, or by its text `said` if it is ours."""
    if kind in _KINDS:
        return _KINDS[kind]
    if limits.get("min_length") == 1:
        return "must not be empty"
    # A limit beside other checks counts a "Value", and does not say of what kind it is.
    if isinstance(given, str) and limits.get("field_type") == "Value":
        kind = f"string_{kind}"
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return words.format(_shown(limits[name]))
    return said.removeprefix("Value error, ") if kind == "value_error" else "is not valid"


def _shown(limit: Any) -> str:
    """Return a limit as people write it: 1 rather than 1.0."""
    return f"{limit:g}" if isinstance(limit, float) and limit < 1e6 else str(limit)
