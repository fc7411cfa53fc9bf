"""People: who may sign in to the dashboard, for which account and in which role."""

import datetime as dt

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shortener.accounts import passwords, senders
from shortener.errors import InvalidFieldsError, LastOwnerError, PersonNameError
from shortener.rules import local_time
from shortener.rules.role import Role
from shortener.storage.models import Account, PasswordLink, Person, SignedIn

NAME_LENGTH = 200


def create(
    session: Session,
    name: str,
    password: str,
    *,
    account: str | None = None,
    role: Role | None = None,
    operator: bool = False,
    time_zone: str | None = None,
    now: dt.datetime,
) -> Person:
    """Add a person.

    PersonNameError if the name is invalid or taken, or the person would have access to nothing; PasswordError if the
    password is not acceptable; InvalidFieldsError if there is no such time zone.
    """
    person = _new(session, name, account, role, operator, now)
    passwords.check_new(password, person.name, account)
    person.password = passwords.hashed(password)
    set_time_zone(person, time_zone)
    return _added(session, person)


def invite(
    session: Session,
    name: str,
    *,
    account: str | None = None,
    role: Role | None = None,
    operator: bool = False,
    now: dt.datetime,
) -> Person:
    """Add a person with a password that nobody has; errors as for `create`.

    Who was invited before and has chosen no password stays, with the new account and role.
    """
    person = _new(session, name, account, role, operator, now)
    person.password = passwords.DUMMY_HASH  # a sign-in takes as long as one with a wrong password
    known = _invited(session, person.name)
    if known is None:
        return _added(session, person)
    known.account_id, known.role, known.operator = person.account_id, role, operator
    return known


def _new(
    session: Session, name: str, account: str | None, role: Role | None, operator: bool, now: dt.datetime
) -> Person:
    name = normalized(name)
    if not is_name(name):
        raise PersonNameError(f"A person's name has 1 to {NAME_LENGTH} printable characters.")
    if (account is None) != (role is None) or (account is None and not operator):
        raise PersonNameError("A person needs an account and a role in it, or is an operator, or both.")
    person = Person(name=name, role=role, operator=operator, created_on=now)
    person.account_id = None if account is None else senders.named(session, account).id
    return person


def _added(session: Session, person: Person) -> Person:
    session.add(person)
    try:
        session.flush()
    except IntegrityError:
        raise PersonNameError(f"There is already a person named {person.name}.") from None
    return person


def _invited(session: Session, name: str) -> Person | None:
    query = select(Person).join(PasswordLink, PasswordLink.person_id == Person.id)
    return session.scalar(query.where(Person.name == name, PasswordLink.is_invitation))


def is_name(name: str) -> bool:
    """Whether a normalized name is one that a person can have."""
    return 0 < len(name) <= NAME_LENGTH and name.isprintable()


def every(session: Session) -> list[tuple[Person, str | None]]:
    """Return all people with the names of their accounts, ordered by name."""
    query = select(Person, Account.name).outerjoin(Account, Account.id == Person.account_id).order_by(Person.name)
    return [(person, account) for person, account in session.execute(query)]


def of(session: Session, account_id: int) -> list[Person]:
    """Return the people of an account, ordered by name."""
    return list(session.scalars(select(Person).where(Person.account_id == account_id).order_by(Person.name)))


def named(session: Session, name: str) -> Person:
    """Return the person with this name; PersonNameError if there is none."""
    person = find(session, name)
    if person is None:
        raise PersonNameError(f"There is no person named {name}.")
    return person


def find(session: Session, name: str) -> Person | None:
    """Return the person with this name; None if there is none, or if it cannot be a name."""
    plain = normalized(name)
    if len(plain) > NAME_LENGTH or not plain.isprintable():
        return None
    return session.scalar(select(Person).where(Person.name == plain))


def account_name(session: Session, person: Person) -> str | None:
    """Return the name of the account that a person belongs to."""
    return session.scalar(select(Account.name).where(Account.id == person.account_id))


def set_password(session: Session, person: Person, password_hash: str, *, keep: int | None = None) -> None:
    """Store a new password's hash, and end the person's link and sessions, except the one with the id `keep`."""
    person.password = password_hash
    session.execute(delete(PasswordLink).where(PasswordLink.person_id == person.id))
    session.execute(delete(SignedIn).where(SignedIn.person_id == person.id, SignedIn.id != (keep or 0)))


def set_time_zone(person: Person, name: str | None) -> None:
    """Show times to the person in this zone, None: in the account's; InvalidFieldsError if there is no such zone."""
    try:
        person.time_zone = None if name is None else local_time.zone(name).key
    except ValueError as error:
        raise InvalidFieldsError({"time_zone": [str(error)]}) from None


def disable(session: Session, name: str, *, now: dt.datetime) -> Person:
    """Refuse a person's sign-ins, and end their sessions and their link."""
    person = named(session, name)
    person.disabled_on = person.disabled_on or now
    session.execute(update(PasswordLink).where(PasswordLink.person_id == person.id).values(expires_on=now))
    session.execute(delete(SignedIn).where(SignedIn.person_id == person.id))
    return person


def enable(session: Session, name: str) -> Person:
    """Allow a disabled person to sign in again, with the password that they had."""
    person = named(session, name)
    person.disabled_on = None
    return person


def set_role(session: Session, person: Person, role: Role) -> None:
    """Give a person of an account another role; LastOwnerError if no owner would be left."""
    person.role = role
    if person.account_id is not None:
        check_owner_remains(session, person.account_id)


def lock_account(session: Session, account_id: int) -> None:
    """Let no other transaction change the account's people until this one ends: two owners could remove each other."""
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update())


def check_owner_remains(session: Session, account_id: int) -> None:
    """LastOwnerError if the account has no enabled owner who has a password."""
    waiting = select(PasswordLink.person_id).where(PasswordLink.is_invitation)
    owners = select(Person.id).where(Person.account_id == account_id, Person.role == Role.OWNER)
    if session.scalar(owners.where(Person.disabled_on.is_(None), Person.id.not_in(waiting)).limit(1)) is None:
        raise LastOwnerError


def normalized(name: str) -> str:
    """Return a name as it is stored and compared: `Ann@Example.com` is `ann@example.com`."""
    return name.strip().casefold()
