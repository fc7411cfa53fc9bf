"""The operator's commands, `flask --app wsgi …`: one file for each noun."""

from flask import Flask

from shortener.cli import (
    accounts,
    campaigns,
    credentials,
    database,
    export,
    first_start,
    messages,
    people,
    receipts,
    retention,
    secret_keys,
    signing_secrets,
    worker,
)
from shortener.cli.doctor.command import doctor


def register(app: Flask) -> None:
    """Add the commands to the application."""
    accounts.group.add_command(signing_secrets.group)
    accounts.group.add_command(receipts.receipts_url)
    app.cli.add_command(accounts.group)
    app.cli.add_command(credentials.group)
    app.cli.add_command(messages.group)
    app.cli.add_command(receipts.group)
    app.cli.add_command(people.group)
    app.cli.add_command(database.group)
    app.cli.add_command(export.export)
    app.cli.add_command(worker.worker)
    app.cli.add_command(first_start.first_start)
    app.cli.add_command(campaigns.preprocess)
    app.cli.add_command(retention.prune)
    app.cli.add_command(secret_keys.group)
    app.cli.add_command(doctor)
