"""The URL of the database as operators write it, and as SQLAlchemy takes it."""

import re
from pathlib import Path

from sqlalchemy import URL, make_url

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:,@]*)(?::([0-9]{0,5}))?")


def checked(value: str) -> str:
    """Return a URL of PostgreSQL, with one or several hosts, or of SQLite; ValueError without the URL for others."""
    scheme, _, rest = value.partition("://")
    names_file = scheme == "sqlite" and rest[:1] == "/" and len(rest) > 1
    if names_file or (re.fullmatch(r"postgres(ql)?(\+psycopg)?", scheme) and rest and _hosts(rest)):
        return value
    raise ValueError(
        "must look like postgresql://user:password@host:5432/name, or host1:5432,host2:5432, special characters as %XX "
        "(or sqlite:////path/of/file)"
    )


def is_sqlite(value: str | None) -> bool:
    """Whether the database is SQLite, which is the default."""
    return value is None or value.startswith("sqlite:")


def sqlalchemy_url(value: str | None, default: Path, relative_to: Path) -> URL:
    """Return the URL as SQLAlchemy takes it; without one, SQLite in the file `default`."""
    if value is None:
        return URL.create("sqlite", database=str(default))
    if is_sqlite(value):
        url = make_url(value)
        return url.set(database=str(relative_to / (url.database or "")))
    return make_url(f"postgresql+psycopg://{_with_hosts_as_parameters(value.partition('://')[2])}")


def _hosts(rest: str) -> list[tuple[str, str]] | None:
    """Return the hosts and ports that follow `postgresql://`, in order; None if one is malformed."""
    named = [_HOST.fullmatch(each) for each in re.split("[/?]", rest)[0].rpartition("@")[2].split(",")]
    found = [(match[1].strip("[]"), match[2] or "") for match in named if match]
    ports = all(not port or 0 < int(port) < 65536 for _, port in found)
    return found if len(found) == len(named) and ports and "#" not in rest else None


def _with_hosts_as_parameters(rest: str) -> str:
    """Move several hosts to the query for SQLAlchemy: `u:p@h1:5432,h2/db` becomes `u:p@/db?host=h1,h2&port=5432,`."""
    hosts = _hosts(rest) or []
    if len(hosts) < 2:
        return rest
    authority, _, after = rest.partition("/")
    path, _, query = after.partition("?")
    names, ports = (",".join(each) for each in zip(*hosts, strict=True))
    user = "".join(authority.rpartition("@")[:2])
    return f"{user}/{path}?host={names}&port={ports}{'&' if query else ''}{query}"
