"""The operator's commands, `shortener …`: one file for each noun."""

from typing import Final

import click
from flask import Flask

from shortener.cli import (
    accounts,
    audit,
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
from shortener.cli.program import Program

# What `shortener` alone lists, in this order.
RUN: Final = "Run the product"
SECTIONS: Final[dict[str, tuple[click.Command, ...]]] = {
    RUN: (first_start.first_start, worker.worker),
    "Senders and people": (accounts.group, credentials.group, people.group),
    "Messages": (messages.group, campaigns.preprocess, export.export, receipts.group),
    "Maintenance": (doctor, audit.group, database.group, retention.prune, secret_keys.group),
}
accounts.group.add_command(signing_secrets.group)
accounts.group.add_command(receipts.receipts_url)


def register(app: Flask) -> None:
    """Add the commands to the application, for `flask --app wsgi …`."""
    for commands in SECTIONS.values():
        for command in commands:
            app.cli.add_command(command)


def program(serve: click.Command) -> Program:
    """Return the program `shortener`. The command that starts the server lies above this package, so it is given."""
    return Program(SECTIONS | {RUN: (first_start.first_start, serve, worker.worker)})
