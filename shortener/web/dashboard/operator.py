"""For the operator: accounts in numbers, people, version, and the settings in force without secrets."""

import datetime as dt
from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import make_url

from shortener.accounts import people
from shortener.alerts import incidents
from shortener.config.settings import VERSION, Settings
from shortener.reporting import account_numbers, installation_numbers
from shortener.running.services import services
from shortener.storage import db
from shortener.typed_command import typed
from shortener.web.dashboard import operator_facts
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
        open_incidents, past_incidents = incidents.open_of(session), incidents.past_of(session)
        numbers, rows = installation_numbers.read(session), installation_numbers.rows(session)
    process, held = operator_facts.process(services()), sum(each.held for each in accounts)
    return render_template(
        "dashboard/operator.html",
        worries=list(operator_facts.worries(process, numbers, held)),
        overdue=operator_facts.OVERDUE,
        accounts=accounts,
        account_names={total.account.id: total.account.name for total in accounts},
        open_incidents=open_incidents,
        past_incidents=past_incidents,
        people=everybody,
        days=DAYS,
        version=VERSION,
        settings=list(operator_facts.settings(settings)),
        numbers=numbers,
        due=list(operator_facts.due(numbers)),
        rows=rows,
        process=process,
        public_url=settings.base_url,
        database=_database(settings),
        typed=typed,
    )


def _database(settings: Settings) -> str:
    """The database's URL without credentials and parameters."""
    url = make_url(settings.sqlalchemy_url)
    host = url.host or ",".join(url.normalized_query.get("host", ()))
    return f"{url.get_backend_name()}://{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"
