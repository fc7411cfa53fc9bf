"""The database's tables."""

import click

from shortener import db, migrations
from shortener.cli.base import Group
from shortener.services import services

group = Group("db", help="The database's tables.\n\nExample: flask --app wsgi db upgrade")


@group.command()
def upgrade() -> None:
    """Create the tables, or bring them up to this version.

    \b
    Safe to repeat, and on several nodes at once.
    Example: flask --app wsgi db upgrade
    """
    services().settings.make_ready()
    applied = migrations.upgrade(db.db.engine)
    click.echo(f"applied {', '.join(applied)}" if applied else "nothing to do")
