"""A strict JSON decoder: it refuses NaN and numbers beyond a float's range, and reports repeated fields.

How deep a document may be is for the caller to say: see `nests_deeper`.
"""

import json
import math
from collections import Counter
from typing import Any, Final

DEEPEST: Final = 100  # levels of a document: more than anybody needs, and few enough to write it as text again


class Object(dict[str, Any]):
    """A JSON object; `repeated` names the fields that occur more than once, of which the last counts.

    `size` is its length as JSON, where it was an entry of a long body.
    """

    __slots__ = ("repeated", "size")
    repeated: tuple[str, ...]
    size: int


def _object(pairs: list[tuple[str, Any]]) -> Object:
    found = Object(pairs)
    found.repeated = () if len(found) == len(pairs) else _repeated([name for name, _ in pairs])
    return found


def _repeated(names: list[str]) -> tuple[str, ...]:
    return tuple(name for name, times in Counter(names).items() if times > 1)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


# Raises JSONDecodeError for text that is not JSON, ValueError for a number that cannot be represented, and
# RecursionError for deep nesting.
DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite)
# Accepts every number; used to find where a value ends.
LENIENT: Final = json.JSONDecoder(parse_int=float)


def nests_deeper(value: Any, levels: int = DEEPEST) -> bool:
    """Return whether a JSON value has more levels than this; a value that holds no others has none."""
    containers = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        containers = [
            inner
            for outer in containers
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not containers:
            return False
    return bool(containers)
