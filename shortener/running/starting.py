"""What must hold before a web server starts. Where it does not, the start ends with a sentence that says what to do."""

import argparse
import contextlib
import errno
import os
import shlex
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shortener.accounts import signing_secrets
from shortener.config.settings import Settings
from shortener.errors import DatabaseVersionError, SecretKeyError, SettingsError
from shortener.files import usable_folders
from shortener.storage import migrations, postgresql

UNFIT = (SecretKeyError, DatabaseVersionError)  # what is stored does not fit the key, or this version
UNUSABLE = 4  # exit code; the commands end with the same one
# A server that takes over the sockets of another one, or of the service manager, finds them in use.
INHERITED = ("GUNICORN_FD", "LISTEN_FDS")


def configured() -> Settings:
    """Give the settings, or end the process where they cannot be used here."""
    try:
        settings = Settings.from_env()
        settings.make_ready()
        check(settings)
    except (SettingsError, *UNFIT) as error:
        refuse(error)
    return settings


@contextlib.contextmanager
def gunicorns_folder() -> Iterator[None]:
    """Work in the folder that gunicorn's option --chdir names: it goes there after it has read its configuration."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--chdir")
    words = [*shlex.split(os.environ.get("GUNICORN_CMD_ARGS", "")), *sys.argv[1:]]
    folder = parser.parse_known_args(words)[0].chdir
    with contextlib.chdir(folder) if folder else contextlib.nullcontext():
        yield


def refuse(error: Exception) -> None:
    """End the process with a sentence."""
    sys.stderr.write(f"{error}\n")
    sys.exit(UNUSABLE)


def check(settings: Settings) -> None:
    """SettingsError where files, folders or the address cannot be used, one of UNFIT for what is stored."""
    finders = (_temporary, _database_file, _database, _spool, _new_address)
    faults = [fault for find in finders for fault in find(settings)]
    if faults:
        raise SettingsError(faults)
    _check_stored(settings)


def address(settings: Settings) -> Iterator[str]:
    """Say why nobody can listen where the settings say."""
    host, _, port = settings.bind.rpartition(":")
    is_port = not host.startswith("unix") and port.isdigit()
    if not is_port or _binds_elsewhere(settings) or any(name in os.environ for name in INHERITED):
        return
    try:
        family, kind, _, _, where = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: what has ended is no obstacle
            probe.bind(where)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            yield f"SHORTENER_BIND: {settings.bind} is in use already; end what listens there, or set another address"
        else:
            yield f"SHORTENER_BIND: cannot listen on {settings.bind}: {error.strerror}; set another address"


def _new_address(settings: Settings) -> Iterator[str]:
    """Check the address unless this process listens there: on SIGHUP gunicorn loads its configuration again."""
    port = settings.bind.rpartition(":")[2]
    if not any(str(bound[1]) == port for bound in _listening()):
        yield from address(settings)


def _listening() -> Iterator[tuple[str, int]]:
    """Host and port of each listening socket of this process."""
    for descriptor in [int(path.name) for path in Path("/dev/fd").iterdir()]:
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                with socket.socket(fileno=os.dup(descriptor)) as held:
                    if held.family != socket.AF_UNIX and held.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                        yield held.getsockname()[:2]


def _binds_elsewhere(settings: Settings) -> bool:
    """Whether gunicorn's own arguments name the address, which then wins over ours."""
    arguments = shlex.split(os.environ.get("GUNICORN_CMD_ARGS", "")) if settings.server == "gunicorn" else ()
    return any(argument.startswith(("-b", "--bind")) for argument in arguments)


def _temporary(_: Settings) -> Iterator[str]:
    try:
        tempfile.gettempdir()
    except OSError:
        yield "TMPDIR: no temporary folder can be written; mount one (docker run --tmpfs /tmp), or name one by TMPDIR"


def _database_file(settings: Settings) -> Iterator[str]:
    file = settings.database_file
    if file is None:
        return
    for path in (file.parent, file):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            error = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            yield f"SHORTENER_DATA: {usable_folders.reason(error, path)}"


def _database(settings: Settings) -> Iterator[str]:
    """What is wrong with a PostgreSQL that answers; one that does not may come later."""
    why = None if settings.embedded else postgresql.why_unusable(settings.sqlalchemy_url)
    if why:
        yield why


def _spool(settings: Settings) -> Iterator[str]:
    if why := usable_folders.why_unusable(settings.spool_folder):
        yield f"SHORTENER_SPOOL: clicks cannot be kept there while the database is away: {why}"


def _check_stored(settings: Settings) -> None:
    """Compare version and key with the database. Where it does not answer yet, each web process does so later."""
    if settings.database_file is not None and not settings.database_file.exists():
        return  # to look would make one
    waits = {} if settings.embedded else {"connect_timeout": 5}
    engine = create_engine(settings.sqlalchemy_url, connect_args=waits)
    try:
        with contextlib.suppress(SQLAlchemyError), Session(engine) as session:
            migrations.refuse_older(engine)
            signing_secrets.check_secret_keys(session, settings.secret_keys)
    finally:
        engine.dispose()
