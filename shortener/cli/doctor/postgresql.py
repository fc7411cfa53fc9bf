"""Check a PostgreSQL database: the server, its limits, and a pooler in front of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from shortener.cli.doctor.finding import Finding, fault, ok, warning
from shortener.storage import functions, read_only
from shortener.typed_command import typed

CHECK: Final = "database"
LIMITS: Final = "connections"
FEW: Final = 5  # free connections; commands, psql and upgrades need some
FACTS: Final = """
SELECT current_setting('server_version') AS version, pg_backend_pid() AS pid,
    pg_is_in_recovery() AS is_standby, current_setting('default_transaction_read_only') = 'on' AS is_read_only,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0) AS most,
    (SELECT sum(numbackends)::int FROM pg_stat_database) AS used,
    (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role_limit,
    (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database_limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a server says about itself. A limit of -1 is none."""

    version: str = "18.4"
    is_standby: bool = False
    is_read_only: bool = False
    has_functions: bool = True
    has_pooler: bool = False
    most: int = 97  # connections that ordinary roles can have
    used: int = 1
    role_limit: int = -1
    database_limit: int = -1


def examine(connection: Connection, needed: int) -> Iterator[Finding]:
    """Check the server; `needed` is the number of connections that the processes of this node may open."""
    yield from judge(facts(connection), needed)


def facts(connection: Connection) -> Facts:
    """Ask the server about itself."""
    row = read_only.first_values(connection, FACTS)
    # A pooler tells each client a number of its own instead of the process that serves it.
    told = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    has_pooler = row.pop("pid") != told
    return Facts(**row, has_pooler=has_pooler, has_functions=not functions.are_missing(connection))


def judge(found: Facts, needed: int) -> Iterator[Finding]:
    """Judge what a server says about itself."""
    if found.is_standby or found.is_read_only:
        kind = "a standby" if found.is_standby else "set to read-only"
        yield fault(
            CHECK,
            f"The database is {kind}: visitors are redirected, but nothing can be stored.",
            "Let SHORTENER_DATABASE_URL name the primary, or all hosts; see docs/operate/postgresql.md.",
        )
    else:
        yield ok(CHECK, f"PostgreSQL {found.version} answers, takes writes, and its encoding is UTF8.")
    if not found.has_functions:
        yield fault(CHECK, "The product's functions are missing: no click can be stored.", f"Run {typed('db upgrade')}")
    yield from _judge_limits(found, needed)


def _judge_limits(found: Facts, needed: int) -> Iterator[Finding]:
    limits = [limit for limit in (found.role_limit, found.database_limit) if limit >= 0]
    most = min([found.most, *limits])
    node = f"The processes of this node may open {needed} connections"
    if found.most - found.used < FEW:
        yield warning(
            LIMITS,
            f"The server has {found.used} connections and takes {found.most}.",
            "End sessions that nobody needs, raise max_connections, or put a pooler in front.",
        )
    if found.has_pooler:
        yield ok(LIMITS, f"{node}, to a pooler; its max_client_conn must hold those of all nodes.")
    elif needed + FEW > most:
        yield warning(
            LIMITS,
            f"{node}, and the server takes {most}: under load, requests wait for one or are answered 503.",
            "Lower SHORTENER_PROCESSES or SHORTENER_CONNECTIONS, raise max_connections, or put a pooler in front; "
            "see docs/operate/postgresql.md.",
        )
    else:
        yield ok(LIMITS, f"{node}, and the server takes {most}; each further node needs as many.")
