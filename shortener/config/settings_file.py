"""The settings file, which the server and all commands read, and how paths in settings are resolved."""

import io
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values, find_dotenv
from dotenv.parser import Binding, parse_stream

from shortener.errors import SettingsError
from shortener.typed_command import HOME as HOME

PREFIX: Final = "SHORTENER_"
NAME: Final = "SHORTENER_ENV_FILE"
DATABASE: Final = "shortener.sqlite3"
SWALLOWED: Final = re.compile(rf"\n\s*(?:export\s+)?{PREFIX}\w+\s*[=:]")  # a setting inside another one's quotes
Values = dict[str, str]


def environment(environ: Mapping[str, str] = os.environ) -> Values:
    """Return the environment, completed from the settings file; SettingsError if that cannot be read."""
    path = path_of(environ)
    if environ.get(NAME) and not path.exists():
        raise SettingsError([f"{NAME}: there is no file {path}"])
    _refuse_another(path, environ)
    in_file = _read(path)
    # `flask` has already copied the file's values into the environment; they do not count as set there.
    own = {name: value for name, value in environ.items() if value and in_file.get(name) != value}
    decided = {name.removesuffix("_FILE") for name in own}
    return own | {name: value for name, value in in_file.items() if name.removesuffix("_FILE") not in decided}


def path_of(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the settings file, which need not exist."""
    return HOME / (environ.get(NAME) or ".env")


def located(path: Path) -> Path:
    """Resolve a path: a relative one begins at the product's folder.

    In earlier versions it began at the working folder: if it exists only there, that is used.
    """
    there, here = HOME / path, working_folder() / path
    return here if os.access(here, os.F_OK) and not there.exists() else there


def working_folder() -> Path:
    """Return the working folder, or the product's folder if that has been deleted."""
    try:
        return Path.cwd()
    except OSError:
        return HOME


def _read(path: Path) -> Values:
    """Read our settings from the file; SettingsError if the file or one of its lines cannot be read."""
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
    """Name the lines that cannot be read and settings that occur twice. No fault repeats a value: it may be secret."""
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
    """Whether the parser refuses it, it has no value, or a missing quote makes the next setting part of it."""
    written = binding.original.string.strip()
    return binding.error or bool(binding.key and binding.value is None) or bool(SWALLOWED.search(written))


def _line(binding: Binding) -> int:
    """Return the line on which it begins; the parser counts empty lines before it as part of it."""
    string = binding.original.string
    return binding.original.line + len(re.findall(r"\r\n|\n|\r", string[: len(string) - len(string.lstrip())]))


def _refuse_another(path: Path, environ: Mapping[str, str]) -> None:
    """Refuse settings that `flask` has read from a file in or above the working folder: no server reads that file."""
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
