"""The operator's commands: `flask --app wsgi …`, one file for each noun."""

from flask import Flask

from shortener.cli import accounts, campaigns, database, export, people, retention, running, secret_keys


def register(app: Flask) -> None:
    """Add the commands to the application."""
    app.cli.add_command(accounts.group)
    app.cli.add_command(people.group)
    app.cli.add_command(database.group)
    app.cli.add_command(export.export)
    app.cli.add_command(running.worker)
    app.cli.add_command(running.first_start)
    app.cli.add_command(campaigns.preprocess)
    app.cli.add_command(retention.prune)
    app.cli.add_command(secret_keys.group)
