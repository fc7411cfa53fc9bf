"""Groups of paths: each has its own credentials and its own form of errors, also for errors that no view raises."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import Flask, Request, Response, current_app, request

from shortener.accounts.senders import Sender
from shortener.web import credentials

EXTENSION: Final = "shortener.path_groups"
BASIC: Final = 'Basic realm="shortener", charset="UTF-8"'
BEARER: Final = 'Bearer realm="shortener"'


@dataclass(frozen=True, slots=True, kw_only=True)
class PathGroup:
    """The paths that begin with one of `prefixes`."""

    prefixes: tuple[str, ...]
    refuse: Callable[[Exception], Response]  # makes the answer to any error; problems.of says what it means
    authenticate: Callable[[Request], Sender] = credentials.authenticate  # or raises CredentialsError
    # What the clients may send as `Authorization`, as `WWW-Authenticate` says it with status 401.
    schemes: tuple[str, ...] = (BASIC, BEARER)
    is_vendors: bool = True  # or ours


def add(app: Flask, group: PathGroup) -> None:
    """Add a group to the application; ValueError if another group has one of its prefixes."""
    by_prefix: dict[str, PathGroup] = app.extensions.setdefault(EXTENSION, {})
    for prefix in group.prefixes:
        if prefix in by_prefix:
            raise ValueError(f"two groups of paths have the prefix {prefix}")
        by_prefix[prefix] = group


def prefixes_like(app: Flask, name: re.Pattern[str]) -> tuple[str, ...]:
    """Return the prefixes that begin with such a name and a slash."""
    by_prefix: dict[str, PathGroup] = app.extensions[EXTENSION]
    return tuple(prefix for prefix in by_prefix if name.fullmatch(prefix[1:].partition("/")[0]))


def is_vendors(app: Flask, path: str) -> bool:
    """Return whether a path belongs to a vendor's wire format."""
    by_prefix: dict[str, PathGroup] = app.extensions[EXTENSION]
    longest = max((prefix for prefix in by_prefix if path.startswith(prefix)), key=len, default="")
    return bool(longest) and by_prefix[longest].is_vendors


def current() -> PathGroup:
    """Return the group of the current request: the one whose prefix is the longest that its path begins with."""
    by_prefix: dict[str, PathGroup] = current_app.extensions[EXTENSION]
    path = request.path  # not once for each prefix: Flask finds the request anew each time
    longest = max((prefix for prefix in by_prefix if path.startswith(prefix)), key=len)
    return by_prefix[longest]
