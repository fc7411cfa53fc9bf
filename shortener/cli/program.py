"""The program `shortener`: its commands in sections, and its version."""

import platform
from collections.abc import Mapping, Sequence
from typing import Final

import click

from shortener.config.settings import VERSION, Settings
from shortener.config.settings_file import path_of
from shortener.errors import SettingsError

HELP: Final = "A link shortener and click tracker for messages."
EPILOG: Final = """`shortener COMMAND --help` explains a command, with examples. The settings are SHORTENER_* in the
environment and in {}."""
Sections = Mapping[str, Sequence[click.Command]]


class Program(click.Group):
    """A group that lists its commands in sections."""

    def __init__(self, sections: Sections) -> None:
        super().__init__(help=HELP, callback=_list_if_alone, invoke_without_command=True, options_metavar="")
        self.sections = sections
        for commands in sections.values():
            for command in commands:
                self.add_command(command)
        shown = {"is_flag": True, "is_eager": True, "expose_value": False}
        self.params.append(click.Option(["--version"], callback=_version, help="Show the version and exit.", **shown))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list for each section, all with the same columns."""
        width = max(map(len, self.commands))
        for title, commands in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(f"{one.name:{width}}", one.get_short_help_str(limit=200)) for one in commands])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write where to read on, and which settings file is read."""
        formatter.write_paragraph()
        formatter.write_text(EPILOG.format(path_of()))


@click.pass_context
def _list_if_alone(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _version(ctx: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if is_wanted and not ctx.resilient_parsing:
        click.echo(f"Shortener {VERSION}, Python {platform.python_version()}, {_database()}")
        ctx.exit()


def _database() -> str:
    try:
        return "SQLite" if Settings.from_env().database_file else "PostgreSQL"
    except SettingsError:  # whoever asks for the version may be looking for the cause
        return "unusable settings"
