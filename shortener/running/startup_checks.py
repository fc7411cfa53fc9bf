"""Checks before a web server starts. If one fails, the process ends with a message that says what to do."""

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
from typing import NoReturn

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shortener.accounts import signing_secrets
from shortener.config.settings import Settings
from shortener.errors import DatabaseVersionError, SecretKeyError, SettingsError
from shortener.files import usable_folders
from shortener.outbound import object_store
from shortener.rules import export_place
from shortener.sending import choice
from shortener.sending.choice import VendorApis
from shortener.storage import migrations, postgresql

INCOMPATIBLE = (SecretKeyError, DatabaseVersionError)  # the stored data does not match the key or this version
UNUSABLE = 4  # exit code; commands use the same
# Set for a server that inherits its sockets from another one or from the service manager, so they are in use.
INHERITED = ("GUNICORN_FD", "LISTEN_FDS")


def read() -> Settings:
    """Return the settings, not checked against this machine; end the process if they are wrong."""
    try:
        return Settings.from_env()
    except SettingsError as error:
        refuse(error)


def configured(vendor_apis: VendorApis) -> Settings:
    """Return the settings; end the process if they cannot be used here, with the vendors that may be gateways."""
    settings = read()
    try:
        settings.make_ready()
        check(settings, vendor_apis)
    except (SettingsError, *INCOMPATIBLE) as error:
        refuse(error)
    return settings


@contextlib.contextmanager
def folder_of_gunicorn() -> Iterator[None]:
    """Work in the folder of gunicorn's option --chdir, which gunicorn enters only after reading its configuration."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--chdir")
    words = [*shlex.split(os.environ.get("GUNICORN_CMD_ARGS", "")), *sys.argv[1:]]
    folder = parser.parse_known_args(words)[0].chdir
    with contextlib.chdir(folder) if folder else contextlib.nullcontext():
        yield


def refuse(error: Exception) -> NoReturn:
    """Print an error and end the process."""
    sys.stderr.write(f"{error}\n")
    sys.exit(UNUSABLE)


def check(settings: Settings, vendor_apis: VendorApis) -> None:
    """Check all of it; SettingsError for files, folders and the address, an error of INCOMPATIBLE for stored data."""
    finders = (_temporary, _database_file, _database, _spool, exports, _new_address)
    faults = [fault for find in finders for fault in find(settings)]
    faults += choice.faults(settings, vendor_apis)
    if faults:
        raise SettingsError(faults)
    _check_stored(settings)


def address(settings: Settings) -> Iterator[str]:
    """Say why it is impossible to listen on the address of the settings."""
    host, _, port = settings.bind.rpartition(":")
    is_port = not host.startswith("unix") and port.isdigit()
    if not is_port or _binds_elsewhere(settings) or any(name in os.environ for name in INHERITED):
        return
    try:
        family, kind, _, _, where = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # as servers do: closed connections do not matter
            probe.bind(where)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = f"{host}:{int(port) % 65_535 + 1}"
            yield f"SHORTENER_BIND: {settings.bind} is already in use; stop that program, or set another: {other}"
        else:
            yield f"SHORTENER_BIND: cannot listen on {settings.bind}: {error.strerror}; set another address"


def _new_address(settings: Settings) -> Iterator[str]:
    """Check the address, unless this process listens on it: on SIGHUP gunicorn loads its configuration again."""
    port = settings.bind.rpartition(":")[2]
    if not any(str(bound[1]) == port for bound in _listening()):
        yield from address(settings)


def _listening() -> Iterator[tuple[str, int]]:
    """Yield host and port of each listening socket of this process."""
    for descriptor in [int(path.name) for path in Path("/dev/fd").iterdir()]:
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                with socket.socket(fileno=os.dup(descriptor)) as held:
                    if held.family != socket.AF_UNIX and held.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                        yield held.getsockname()[:2]


def _binds_elsewhere(settings: Settings) -> bool:
    """Whether gunicorn's own arguments set the address, which overrides ours."""
    arguments = shlex.split(os.environ.get("GUNICORN_CMD_ARGS", "")) if settings.server == "gunicorn" else ()
    return any(argument.startswith(("-b", "--bind")) for argument in arguments)


def _temporary(_: Settings) -> Iterator[str]:
    try:
        tempfile.gettempdir()
    except OSError:
        yield "TMPDIR: no temporary folder is writable; mount one (docker run --tmpfs /tmp), or set TMPDIR to one"


def _database_file(settings: Settings) -> Iterator[str]:
    file = settings.database_file
    if file is None:
        return
    for path in (file.parent, file):
        if path.exists() and (why := usable_folders.why_not_writable(path)):
            yield f"SHORTENER_DATA: {why}"


def _database(settings: Settings) -> Iterator[str]:
    """Say what is wrong with a PostgreSQL server that answers; one that does not may start later."""
    why = None if settings.embedded else postgresql.why_unusable(settings.sqlalchemy_url)
    if why:
        yield why


def _spool(settings: Settings) -> Iterator[str]:
    if why := usable_folders.why_unusable(settings.spool_folder):
        yield f"SHORTENER_SPOOL: clicks cannot be stored there while the database is unavailable: {why}"


def exports(settings: Settings) -> Iterator[str]:
    """Say what is wrong with the storage of exports, as far as that is known without connecting."""
    for place in list(settings.export_places.values())[:1]:
        if place.scheme == export_place.FOLDER:
            why = without = usable_folders.why_unusable(Path(place.path))
        else:
            why, without = (object_store.why_unusable(place, options) for options in (settings.storage_options, {}))
        if why:
            yield f"SHORTENER_EXPORT_{'URL' if why == without else 'OPTIONS'}: {why}"


def _check_stored(settings: Settings) -> None:
    """Compare version and key with the database. If it does not answer yet, each web process does this later."""
    if settings.database_file is not None and not settings.database_file.exists():
        raise DatabaseVersionError(is_empty=True)  # connecting would create it
    waits = {} if settings.embedded else {"connect_timeout": postgresql.CONNECT}
    engine = create_engine(settings.sqlalchemy_url, connect_args=waits)
    try:
        with contextlib.suppress(SQLAlchemyError), Session(engine) as session:
            migrations.refuse_other_version(engine)
            signing_secrets.check_secret_keys(session, settings.secret_keys)
    finally:
        engine.dispose()
