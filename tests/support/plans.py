"""The plans of statements, as they are with many rows."""

from typing import Any

from shortener.storage import db

# The tables that grow with every message.
GROWING = (
    *("message", "part", "link", "click", "callback", "attempt"),
    *("sending", "sending_attempt", "receipt", "attachment"),
    *("export", "export_attempt"),
)


def scans(statement: str, values: Any) -> list[str]:
    """The steps of a statement's plan that read a growing table from its beginning to its end."""
    return [step for step in steps(statement, values) if step.startswith(tuple(f"SCAN {table}" for table in GROWING))]


def steps(statement: str, values: Any) -> list[str]:
    """The steps of a statement's plan. SQLite's do not depend on the number of rows; PostgreSQL must be told."""
    with db.db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
        for way in ("seqscan", "bitmapscan", "sort"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        return [row[0].strip() for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)]
