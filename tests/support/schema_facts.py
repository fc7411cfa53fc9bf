"""What a database itself says about its tables."""

import re

from sqlalchemy import Engine, text

Facts = set[tuple[object, ...]]
SQLITE_FACTS = (
    "SELECT 'table', name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'",
    "SELECT 'column', t.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk "
    "FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'",
    'SELECT \'key\', t.name, k."from", k."table", k."to", k.on_update, k.on_delete '
    "FROM sqlite_master t, pragma_foreign_key_list(t.name) k WHERE t.type = 'table'",
    # The origin of an index: c by CREATE INDEX, u by UNIQUE, pk by PRIMARY KEY. Those of constraints have no SQL.
    "SELECT 'index', t.name, i.origin, i.\"unique\", i.partial, m.sql, "
    "(SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) "
    "FROM sqlite_master t, pragma_index_list(t.name) i LEFT JOIN sqlite_master m ON m.name = i.name "
    "WHERE t.type = 'table'",
)
POSTGRESQL_FACTS = (
    "SELECT 'column', table_name, column_name, data_type, is_nullable, column_default, collation_name, is_identity "
    "FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
    "FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    "SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
)


def facts(engine: Engine) -> Facts:
    """The database's own description of its tables: types, nullability, collations, keys, indexes."""
    queries = SQLITE_FACTS if engine.dialect.name == "sqlite" else POSTGRESQL_FACTS
    with engine.connect() as connection:
        rows = {tuple(row) for query in queries for row in connection.execute(text(query))}
        if engine.dialect.name == "sqlite":
            rows |= {
                ("constraint", table, name)
                for table, sql in connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
                for name in re.findall(r"CONSTRAINT (\S+)", sql or "")
            }
    return {row for row in rows if not str(row[1]).startswith(("alembic_version", "sqlite_"))}
