"""People: names, roles, and what disabling does."""

import pytest
from sqlalchemy import select

from shortener.accounts import logins, passwords, people
from shortener.errors import CommonPasswordError, PersonNameError
from shortener.storage import db
from shortener.storage.models import Person, SignedIn
from tests.support.factories import NOW, Sender

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.usefixtures("app")


def create(name: str = "Ann@Example.com", **fields: object) -> Person:
    with db.write() as session:
        return people.create(session, name, PASSWORD, now=NOW, **{"operator": True, **fields})  # type: ignore[arg-type]


def sessions() -> int:
    with db.read() as session:
        return len(session.scalars(select(SignedIn)).all())


def test_names_are_compared_in_lower_case() -> None:
    create()
    with db.read() as session:
        assert people.named(session, " ann@example.COM ").name == "ann@example.com"
    with pytest.raises(PersonNameError, match="already a person named ann@"):
        create("ANN@example.com")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201])
def test_an_unreadable_name_is_refused(name: str) -> None:
    with pytest.raises(PersonNameError, match="1 to 200 printable"):
        create(name)
    with db.read() as session:
        assert people.find(session, name) is None


@pytest.mark.parametrize("fields", [{"operator": False}, {"role": "owner"}, {"account": "shop"}])
def test_a_person_without_access_is_refused(sender: Sender, fields: dict[str, object]) -> None:
    with pytest.raises(PersonNameError, match="needs an account and a role"):
        create(**fields)


def test_a_password_with_the_accounts_name_is_refused(sender: Sender) -> None:
    with pytest.raises(CommonPasswordError), db.write() as session:
        people.create(session, "ann", "shop-shop-shop", account="shop", role="owner", now=NOW)


def test_people_are_listed_with_their_accounts(sender: Sender) -> None:
    create("zoe")
    create("ann", account="shop", role="viewer")
    with db.read() as session:
        assert [(person.name, account) for person, account in people.every(session)] == [("ann", "shop"), ("zoe", None)]
        [ann] = people.of(session, people.named(session, "ann").account_id or 0)
    assert (ann.name, ann.role) == ("ann", "viewer")


def test_disabling_ends_all_sessions() -> None:
    person = create()
    with db.write() as session:
        logins.start(session, person, now=NOW)
        people.disable(session, person.name, now=NOW)
    assert sessions() == 0


def test_a_new_password_keeps_only_one_session() -> None:
    person = create()
    with db.write() as session:
        tokens = [logins.start(session, person, now=NOW) for _ in range(3)]
        session.flush()
        kept = logins.find(session, tokens[0], now=NOW)
        assert kept is not None
        people.set_password(session, kept.person, passwords.hashed(PASSWORD), keep=kept.signed_in.id)
    assert sessions() == 1
