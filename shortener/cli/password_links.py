"""Links with which people choose their password: invitations and resets."""

from typing import Any

import click
from sqlalchemy.orm import Session

from shortener.accounts import link_mail, password_links, people
from shortener.accounts.password_links import LIFE
from shortener.cli import audit
from shortener.cli.commands import Group, Refused, choice_of
from shortener.cli.output import as_json, show
from shortener.errors import LinkMailError
from shortener.rules.deed import Deed
from shortener.rules.role import Role
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Person

mail_option = click.option("--mail", is_flag=True, help="Mail the link to the person, whose name is an e-mail address.")


def register(group: Group) -> None:
    """Add the command to those about people."""
    group.add_command(invite)


@click.command(cls=Group.command_class)
@click.argument("name")
@click.option("--account", help="The account that the person belongs to.")
@click.option("--role", type=choice_of(Role), help="What the person may do there. Default: viewer.")
@click.option("--operator", is_flag=True, help="Let the person see the operator's page.")
@mail_option
@as_json
def invite(name: str, account: str | None, role: str | None, operator: bool, mail: bool, wants_json: bool) -> None:
    """Add a person, who chooses a password with a link.

    \b
    Prints the link. It works once, and for 72 hours; repeat the command
    for somebody who has not used it, and only the new link works.
    Examples: shortener person invite ann@example.com --account shop --role owner
              shortener person invite ann@example.com --account shop --mail
    """
    if mail:
        link_mail.check(people.normalized(name), services().settings)
    wanted = Role(role) if role else Role.VIEWER if account else None
    with db.write() as session:
        now = db.now(session)
        person = people.invite(session, name, account=account, role=wanted, operator=operator, now=now)
        path = password_links.create(session, person, is_invitation=True, now=now)
        audit.note(
            session,
            Deed.PERSON_INVITED,
            account_id=person.account_id,
            about=person.name,
            role=wanted,
            operator=operator or None,
        )
        row = {"name": person.name, "account": account, "role": wanted} | _link(path, now + LIFE)
    _show(row, mail, wants_json)


def reset(name: str, mail: bool, wants_json: bool) -> None:
    """Make and print a link with which a person chooses a new password; the old one works until then."""
    if mail:
        link_mail.check(people.normalized(name), services().settings)
    with db.write() as session:
        row = _reset(session, people.named(session, name))
    _show(row, mail, wants_json)


def _reset(session: Session, person: Person) -> dict[str, Any]:
    now = db.now(session)
    path = password_links.create(session, person, now=now)
    audit.note(session, Deed.RESET_LINK_CREATED, account_id=person.account_id, about=person.name)
    return {"name": person.name} | _link(path, now + LIFE)


def _link(path: str, until: Any) -> dict[str, str]:
    return {"link": services().settings.base_url + path, "valid_until": rfc3339(until)}


def _show(row: dict[str, Any], mail: bool, wants_json: bool) -> None:
    """Print the link, also if it cannot be mailed: it is valid then too."""
    try:
        if mail:
            link_mail.send(row["name"], row["link"], services().settings)
    except LinkMailError as error:
        show(row, wants_json)
        raise Refused(f"{error} Give the link to the person yourself.") from None
    show(row | ({"mailed": True} if mail else {}), wants_json)
