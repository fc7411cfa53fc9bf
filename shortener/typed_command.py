"""How a command of the product is typed on this machine, for messages that name one."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

HOME: Final = Path(__file__).parents[1]  # the product's folder, with wsgi.py in it


def typed(words: str) -> str:
    """Return the command line that runs `flask --app wsgi WORDS` from the working folder."""
    app = "wsgi" if Path.cwd() == HOME else shlex.quote(str(HOME / "wsgi"))
    return f"{_flask()} --app {app} {words}"


def _flask() -> str:
    """Return the name or the path of the `flask` of this Python: the name alone only if PATH leads to that one."""
    program = Path(sys.argv[0])
    if program.name != "flask":  # a server, or `python -m flask`
        program = Path(sys.executable).with_name("flask")
        if not program.exists():
            return "flask"
    if shutil.which("flask") == str(program.absolute()):
        return "flask"
    return shlex.quote(str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program))
