"""For the operator: accounts in numbers, people, version, and the settings in force without secrets."""

import datetime as dt
from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import make_url

from shortener.accounts import people
from shortener.config.settings import VERSION, Settings
from shortener.config.settings_file import PREFIX
from shortener.reporting import account_numbers
from shortener.running.services import services
from shortener.storage import db
from shortener.typed_command import typed
from shortener.web.dashboard.access import SignedInPerson, for_operators

DAYS: Final = 7


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/operator", view_func=operator)


@for_operators
def operator(current: SignedInPerson) -> ResponseReturnValue:
    """Show the installation to its operator."""
    settings = services().settings
    with db.read() as session:
        accounts = account_numbers.by_account(session, since=db.now(session) - dt.timedelta(days=DAYS))
        everybody = people.every(session)
    return render_template(
        "dashboard/operator.html",
        accounts=accounts,
        people=everybody,
        days=DAYS,
        version=VERSION,
        settings=_shown(settings),
        database=_database(settings),
        typed=typed,
    )


def _shown(settings: Settings) -> list[tuple[str, str, bool]]:
    """Each setting: name, value, whether it is not set, so that this is its default. Secrets are hidden."""
    rows = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = _text(value) if field.repr or not value else "••••••••"
        rows.append((f"{PREFIX}{name.upper()}", shown, name not in settings.model_fields_set))
    return rows


def _text(value: object) -> str:
    if isinstance(value, tuple | frozenset):
        return ", ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in value)
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _database(settings: Settings) -> str:
    """The database's URL without credentials and parameters."""
    url = make_url(settings.sqlalchemy_url)
    host = url.host or ",".join(url.normalized_query.get("host", ()))
    return f"{url.get_backend_name()}://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"
