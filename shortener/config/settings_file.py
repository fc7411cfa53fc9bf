"""The settings file, which the server and every command read alike, and where the paths in settings lead."""

import io
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values, find_dotenv
from dotenv.parser import Binding, parse_stream

from shortener.errors import SettingsError

HOME: Final = Path(__file__).parents[2]  # the product's folder, with wsgi.py in it
PREFIX: Final = "SHORTENER_"
NAME: Final = "SHORTENER_ENV_FILE"
DATABASE: Final = "shortener.sqlite3"
SWALLOWED: Final = re.compile(rf"\n\s*(?:export\s+)?{PREFIX}\w+\s*[=:]")  # a setting within another one's quotes
Values = dict[str, str]


def environment(environ: Mapping[str, str] = os.environ) -> Values:
    """The environment, and below it what the settings file says; SettingsError where that cannot be read."""
    path = path_of(environ)
    if environ.get(NAME) and not path.exists():
        raise SettingsError([f"{NAME}: there is no file {path}"])
    _refuse_another(path, environ)
    in_file = _read(path)
    # `flask` has put the file's values into the environment before we are asked; those are not the environment's own.
    own = {name: value for name, value in environ.items() if value and in_file.get(name) != value}
    decided = {name.removesuffix("_FILE") for name in own}
    return own | {name: value for name, value in in_file.items() if name.removesuffix("_FILE") not in decided}


def path_of(environ: Mapping[str, str] = os.environ) -> Path:
    """The settings file, whether it is there or not."""
    return HOME / (environ.get(NAME) or ".env")


def located(path: Path) -> Path:
    """Where a path leads: a relative one from the product's folder.

    Earlier versions took the working folder: where only that one has it, it is meant.
    """
    there, here = HOME / path, working_folder() / path
    return here if os.access(here, os.F_OK) and not there.exists() else there


def working_folder() -> Path:
    """The working folder; the product's own where it is gone."""
    try:
        return Path.cwd()
    except OSError:
        return HOME


def _read(path: Path) -> Values:
    """What the file gives our settings. SettingsError where it cannot be read, or one of its lines cannot."""
    text = _text(path)
    if faults := list(_faults(path, text)):
        raise SettingsError(faults)
    return _values(text)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise SettingsError([f"{NAME}: cannot read the file {path}: {reason}"]) from None


def _values(text: str) -> Values:
    values = dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in values.items() if value and name.startswith(PREFIX)}


def _faults(path: Path, text: str) -> Iterator[str]:
    """Say which lines cannot be read, and which setting comes twice. A fault repeats no value: it may be secret."""
    lines: dict[str, int] = {}
    for binding in parse_stream(io.StringIO(text)):
        line, name = _line(binding), binding.key or ""
        if _is_unreadable(binding):
            yield f"{path}, line {line}: cannot be read; it must look like NAME=value"
        elif name.startswith(PREFIX) and name in lines:
            yield f"{path}: {name} is given in line {lines[name]} and again in line {line}; keep one of them"
        elif name:
            lines[name] = line


def _is_unreadable(binding: Binding) -> bool:
    """Whether the parser refuses it, it has no value at all, or a missing quote makes the next setting part of it."""
    written = binding.original.string.strip()
    return binding.error or bool(binding.key and binding.value is None) or bool(SWALLOWED.search(written))


def _line(binding: Binding) -> int:
    """The line that it begins on; empty lines before it belong to it for the parser."""
    string = binding.original.string
    return binding.original.line + len(re.findall(r"\r\n|\n|\r", string[: len(string) - len(string.lstrip())]))


def _refuse_another(path: Path, environ: Mapping[str, str]) -> None:
    """Refuse what `flask` has read on its own out of a file in, or above, the working folder: no server reads that."""
    if not environ.get("FLASK_RUN_FROM_CLI") or environ.get("FLASK_SKIP_DOTENV"):
        return
    for name in (".flaskenv", ".env"):
        found = find_dotenv(name, usecwd=True)
        if found and Path(found).resolve() != path.resolve():
            taken = [key for key, value in _values(_text(Path(found))).items() if environ.get(key) == value]
            if taken:
                raise SettingsError(
                    [
                        f"{taken[0]} comes from {found}, which the server does not read: its settings file is {path}. "
                        f"Change to another folder, or set {NAME}={found} for the server and for commands"
                    ]
                )
