"""What the server prints as soon as all its processes are ready: where to open it, and how to sign in.

The main process puts one byte for each process into a pipe, and each process takes one when it is ready. Whichever gets
the last one prints. A process that replaces another one later finds the pipe empty.
"""

import contextlib
import os
from typing import Final

from shortener.config.settings import Settings
from shortener.typed_command import typed

FIRST_START: Final = "first-start.txt"  # in the data folder; says how to sign in, if the first start had no terminal
MORE: Final = b"."
LAST: Final = b"!"
_pipe: list[int] = []  # its reading and its writing end


def prepare(processes: int) -> None:
    """Expect this many processes; call it in the main process, before it forks."""
    if not _pipe:
        _pipe.extend(os.pipe())
        os.set_blocking(_pipe[0], False)
        os.write(_pipe[1], MORE * (processes - 1) + LAST)


def ready(settings: Settings) -> None:
    """Print the announcement if all other processes are ready, too; call it in each process."""
    if _pipe:
        # The pipe is empty, or standard output is closed or cannot show a character of a path.
        with contextlib.suppress(OSError, ValueError):
            if os.read(_pipe[0], 1) == LAST:
                print(f"\n{text(settings)}\n", flush=True)


def text(settings: Settings) -> str:
    """Return the lines to print."""
    file = settings.data / FIRST_START
    known = f"are in {file}" if file.is_file() else "are those that the first start printed"
    return "\n".join(
        [
            f"Open {settings.base_url}/dashboard in a browser. Name and password {known}.",
            f"  new password:  {typed('person password NAME --generate')}  (names: {typed('person list')})",
            f"  new API token: {typed('account rotate NAME')}  (names: {typed('account list')})",
            f"  database:      {settings.shown_database}",
            "Ctrl-C stops the server.",
        ]
    )
