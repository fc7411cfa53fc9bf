"""Owners invite people to their own account, change and disable them; nobody else's, and never themselves."""

import pytest
from flask import Flask

from shortener.accounts import people
from shortener.config.settings import Settings
from shortener.rules.role import Role
from shortener.storage import db
from shortener.storage.models import Person
from tests.support import smtp
from tests.support.browsing import Browser, Page, make_person, seated

NEW = "seven quiet otters"
FORMS = ("invite", "renew", "change-role", "disable", "enable")


def send(browser: Browser, form: str, **fields: str) -> Page:
    """Send a form of the account page, also one that the page does not show."""
    page = browser.open("/dashboard/account")
    token = page.form("/sign-out").fields["form_token"]
    return browser._page(
        browser.client.post(
            f"/dashboard/account/people/{form}", data={"form_token": token, **fields}, follow_redirects=True
        )
    )


def link(page: Page) -> str:
    [value] = [given["value"] for tag, given in page.tags if tag == "input" and given.get("id") == "link"]
    return str(value).removeprefix("https://s.example.com")


def person(name: str) -> Person:
    with db.read() as session:
        return people.named(session, name)


def test_an_invited_person_gets_into_the_account(app: Flask, owner: Browser) -> None:
    page = send(owner, "invite", person="Ann@Example.com", role="owner")
    invited = Browser(app)
    form = invited.open(link(page))
    assert "You are invited to the account shop. You sign in as ann@example.com." in form.text
    invited.send(form.form(link(page)), new=NEW, again=NEW)
    invited.sign_in("ann@example.com", NEW)
    assert "Invite a person" in invited.open("/dashboard/account").text
    assert link(page).encode() not in owner.open("/dashboard/account").html.encode()


@pytest.mark.parametrize(
    ("name", "said"), [("stan", "has a login already"), ("x" * 201, "1 to 200 printable"), (" ", "1 to 200 printable")]
)
def test_a_name_that_is_refused_is_explained(owner: Browser, stranger: Browser, name: str, said: str) -> None:
    page = send(owner, "invite", person=name, role="viewer")
    assert page.status == 422 and said in page.text


def test_a_new_link_replaces_an_open_invitation(app: Flask, owner: Browser) -> None:
    first = link(send(owner, "invite", person="ann", role="viewer"))
    second = link(send(owner, "renew", person="ann"))
    assert (Browser(app).open(first).status, Browser(app).open(second).status) == (404, 200)


def test_an_owner_cannot_reset_a_chosen_password(owner: Browser, viewer: Browser) -> None:
    assert send(owner, "renew", person="vera").status == 404


def test_an_owner_changes_roles_and_disables(owner: Browser, viewer: Browser) -> None:
    assert "The role has been changed." in send(owner, "change-role", person="vera", role="owner").text
    assert person("vera").role is Role.OWNER
    assert "has been disabled" in send(owner, "disable", person="vera").text
    assert viewer.open("/dashboard/account").title == "Sign in"
    assert "has been enabled" in send(owner, "enable", person="vera").text
    assert person("vera").disabled_on is None


@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize("name", ["stan", "olive", "oscar", "nobody"])
def test_other_accounts_operators_and_oneself_are_closed(
    owner: Browser, stranger: Browser, form: str, name: str
) -> None:
    """Oscar is an operator too: an owner must not get at what operators may do."""
    make_person("oscar", operator=True)
    assert send(owner, form, person=name, role="viewer").status == 404


@pytest.mark.parametrize("form", FORMS)
def test_viewers_cannot_change_people(viewer: Browser, form: str) -> None:
    assert send(viewer, form, person="vera", role="owner").status == 403
    assert "Invite a person" not in viewer.open("/dashboard/account").text


def test_a_former_owner_can_change_nobody(app: Flask, owner: Browser) -> None:
    make_person("omar")
    omar = seated(app, "omar")
    send(owner, "change-role", person="omar", role="viewer")
    assert send(omar, "change-role", person="olive", role="viewer").status == 403
    assert person("olive").role is Role.OWNER


def test_an_invitation_is_mailed_on_request(app: Flask, owner: Browser, settings: Settings) -> None:
    assert settings.smtp_url is None and "Mail the link" not in owner.open("/dashboard/account").text
    with smtp.mailbox() as box:
        settings.__dict__["smtp_url"] = f"smtp://127.0.0.1:{box.port}"
        page = send(owner, "invite", person="ann@example.com", role="viewer", mail="on")
        refused = send(owner, "invite", person="no address", role="viewer", mail="on")
    assert "The link was mailed." in page.text and "could not be mailed" in refused.text
    [kept] = box.kept
    assert kept.recipients == ["ann@example.com"]
    assert f"https://s.example.com{link(page)}" in kept.mail.get_content().splitlines()
