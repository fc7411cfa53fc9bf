"""How a command of the product is typed on this machine, for messages that name one."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

HOME: Final = Path(__file__).parents[1]  # the product's folder, with wsgi.py in it
NAME: Final = "shortener"


def typed(words: str) -> str:
    """Return the command line that runs `shortener WORDS` from the working folder.

    If the command `shortener` of this folder is not installed, because nobody ran make, return it as Flask's command.
    """
    if (program := _program(NAME)) is not None and (program == Path(sys.argv[0]) or _leads_here(program)):
        return f"{_shown(program)} {words}"
    app = "wsgi" if Path.cwd() == HOME else shlex.quote(str(HOME / "wsgi"))
    flask = _program("flask")
    return f"{'flask' if flask is None else _shown(flask)} --app {app} {words}"


def _program(name: str) -> Path | None:
    """Return the path of the program: as it was called, or beside Python."""
    called, beside = Path(sys.argv[0]), Path(sys.executable).with_name(name)
    if called.name == name:
        return called
    return beside if beside.exists() else None


def _leads_here(program: Path) -> bool:
    """Whether the program works on this folder: Python may be shared with another copy of the product."""
    try:
        return program.parent.parent.parent == HOME or f'"{HOME}"' in program.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False


def _shown(program: Path) -> str:
    """Return its name if PATH leads to it, or else its path."""
    if shutil.which(program.name) == str(program.absolute()):
        return program.name
    return shlex.quote(str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program))
