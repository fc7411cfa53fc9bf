"""Compile each route once per test run.

Each test has an application of its own, and Werkzeug compiles two functions for each of its hundred routes. That took
more than half of the time of a test.
"""

from collections.abc import Callable, Hashable
from typing import Any

from werkzeug.routing import Rule

_compile: Callable[[Rule, bool], Any] = Rule._compile_builder
_compiled: dict[Hashable, Any] = {}


def remember() -> None:
    """Let equal routes of later applications use the functions that were compiled for the first one."""
    Rule._compile_builder = _once  # type: ignore[method-assign]


def _once(rule: Rule, append_unknown: bool = True) -> Any:
    # The function depends on nothing else: it gets the rule, with its converters, as an argument.
    key = (rule.rule, tuple(rule._trace), repr(sorted((rule.defaults or {}).items())), append_unknown)
    if key not in _compiled:
        _compiled[key] = _compile(rule, append_unknown)
    return _compiled[key]
