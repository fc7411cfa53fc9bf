"""People who sign in to the dashboard."""

import sys
from typing import Any

import click
from sqlalchemy.orm import Session

from shortener.accounts import passwords, people, throttle
from shortener.accounts.audit import Detail
from shortener.accounts.password_links import invited as all_invited
from shortener.cli import audit, password_links
from shortener.cli.commands import Group, choice_of
from shortener.cli.output import as_json, show, show_rows
from shortener.rules.deed import Deed
from shortener.rules.role import Role
from shortener.rules.wire.moments import rfc3339, rfc3339_or_none
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Person
from shortener.typed_command import typed

group = Group(
    "person",
    help="People who sign in to the dashboard.\n\nExample: shortener person create ann --operator",
)
password_links.register(group)
ACCOUNTS = "account"  # in place of a time zone: the account's
zone_option = click.option("--time-zone", metavar="ZONE", help="The zone of times on pages, such as Asia/Tokyo.")
generated = click.option("--generate", is_flag=True, help="Generate a password and show it once.")


@group.command()
@click.argument("name")
@click.option("--account", help="The account that the person belongs to.")
@click.option("--role", type=choice_of(Role), help="What the person may do there. Default: viewer.")
@click.option("--operator", is_flag=True, help="Let the person see the operator's page.")
@zone_option
@generated
@as_json
def create(
    name: str,
    account: str | None,
    role: str | None,
    operator: bool,
    time_zone: str | None,
    generate: bool,
    wants_json: bool,
) -> None:
    """Create a person with a name or an e-mail address.

    \b
    Asks for a password; without a terminal, reads the first line of standard
    input. Viewers can read; owners can also make changes.
    Examples: shortener person create ann@example.com --account shop --role owner
              shortener person create ann --operator --generate --json
    """
    wanted = Role(role) if role else Role.VIEWER if account else None
    password, zone = _password(generate), _zone(time_zone)
    with db.write() as session:
        now = db.now(session)
        person = people.create(
            session, name, password, account=account, role=wanted, operator=operator, time_zone=zone, now=now
        )
        _note(session, Deed.PERSON_CREATED, person, role=wanted, operator=operator)
    _show_new(_shown(person, account), password if generate else None, wants_json)


@group.command("set")
@click.argument("name")
@zone_option
@as_json
def set_person(name: str, time_zone: str | None, wants_json: bool) -> None:
    """Set a person's time zone.

    \b
    The dashboard shows times in it. With account, it is the account's zone.
    Examples: shortener person set ann --time-zone Asia/Tokyo
              shortener person set ann --time-zone account
    """
    with db.write() as session:
        person = people.named(session, name)
        if time_zone is not None:
            people.set_time_zone(person, _zone(time_zone))
            _note(session, Deed.PERSON_CHANGED, person, time_zone=time_zone)
        row = _shown(person, people.account_name(session, person))
    show(row, wants_json)


@group.command("list")
@as_json
def list_people(wants_json: bool) -> None:
    """List the people with their accounts, roles and open invitations.

    \b
    Example: shortener person list
    """
    with db.read() as session:
        invited = all_invited(session)
        rows = [
            _shown(person, account) | {"invited_until": rfc3339_or_none(invited.get(person.id))}
            for person, account in people.every(session)
        ]
    show_rows(rows, wants_json, f"No person yet: {typed('person create NAME --account ACCOUNT')}")


@group.command()
@click.argument("name")
@generated
@click.option("--link", is_flag=True, help="Make a link with which the person chooses it, once, within 72 hours.")
@password_links.mail_option
@as_json
def password(name: str, generate: bool, link: bool, mail: bool, wants_json: bool) -> None:
    """Give a person a new password, or a link to choose one.

    \b
    Ends all sessions of the person, and any delay after failed sign-ins.
    Examples: shortener person password ann
              shortener person password ann --generate
              shortener person password ann@example.com --link --mail
    """
    if (generate and link) or (mail and not link):
        raise click.UsageError("Give --generate or --link, and --mail only with --link.")
    if link:
        password_links.reset(name, mail, wants_json)
        return
    with db.read() as session:
        known = people.named(session, name)  # before asking for a password
        account = people.account_name(session, known)
    new = _password(generate)
    passwords.check_new(new, name, account)
    new_hash = passwords.hashed(new)
    with db.write() as session:
        person = people.named(session, name)
        people.set_password(session, person, new_hash)
        throttle.forget(session, name)
        _note(session, Deed.PASSWORD_CHANGED, person)
        row = _shown(person, people.account_name(session, person))
    _show_new(row, new if generate else None, wants_json)


@group.command()
@click.argument("name")
@as_json
def disable(name: str, wants_json: bool) -> None:
    """Disable a person: all sessions end at once.

    \b
    No new sign-in succeeds until the person is enabled again.
    Example: shortener person disable ann
    """
    with db.write() as session:
        person = people.disable(session, name, now=db.now(session))
        _note(session, Deed.PERSON_DISABLED, person)
        row = _shown(person, people.account_name(session, person))
    show(row, wants_json)


@group.command()
@click.argument("name")
@as_json
def enable(name: str, wants_json: bool) -> None:
    """Enable a disabled person again, with the old password.

    \b
    Example: shortener person enable ann
    """
    with db.write() as session:
        person = people.enable(session, name)
        _note(session, Deed.PERSON_ENABLED, person)
        row = _shown(person, people.account_name(session, person))
    show(row, wants_json)


def _zone(option: str | None) -> str | None:
    return None if option == ACCOUNTS else option


def _note(session: Session, deed: Deed, person: Person, **details: Detail) -> None:
    audit.note(session, deed, account_id=person.account_id, about=person.name, **details)


def _password(generate: bool) -> str:
    """Ask for a password without echo; without a terminal, read a line of standard input, for scripts."""
    if generate:
        return passwords.generated()
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="Repeat", err=True))
    return sys.stdin.readline().rstrip("\r\n")


def _show_new(row: dict[str, Any], password: str | None, wants_json: bool) -> None:
    address = {"dashboard": f"{services().settings.base_url}/dashboard"}
    show(row | address | ({"password": password} if password else {}), wants_json)


def _shown(person: Person, account: str | None) -> dict[str, Any]:
    return {
        "name": person.name,
        "account": account,
        "role": person.role,
        "operator": person.operator,
        "time_zone": person.time_zone or ACCOUNTS,
        "disabled": person.disabled_on is not None,
        "created_on": rfc3339(person.created_on),
    }
