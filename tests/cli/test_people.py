"""The operator's commands for people: effects, output and refusals."""

import json

import pytest
from flask import Flask

from shortener.accounts import passwords, people, throttle
from shortener.storage import db
from tests.cli.test_commands import Run, bare, commands, document, done, refused, run, shown_to_nobody
from tests.support.browsing import Browser, seated
from tests.support.factories import Sender

__all__ = ["bare", "run"]  # the fixtures
LONG = "a password that is long enough\n"


def typed(app: Flask, line: str, *words: str) -> str:
    result = app.test_cli_runner().invoke(args=["person", *words], input=line)
    return done(result)


def test_a_person_signs_in_with_a_typed_password(app: Flask, sender: Sender) -> None:
    shown = json.loads(typed(app, LONG, "create", "Ann@Example.com", "--account", "shop", "--role", "owner", "--json"))
    assert shown["name"] == "ann@example.com"
    assert (shown["account"], shown["role"], shown["operator"]) == ("shop", "owner", False)
    assert shown["dashboard"] == "https://s.example.com/dashboard"
    assert "password" not in shown
    assert Browser(app).sign_in("ann@example.com", LONG.strip()).status == 200


def test_a_generated_password_is_shown_and_works(app: Flask, run: Run, sender: Sender) -> None:
    shown = document(run("person", "create", "vera", "--account", "shop", "--generate", "--json"))
    assert shown["role"] == "viewer"
    assert Browser(app).sign_in("vera", shown["password"]).status == 200
    output = done(run("person", "create", "otto", "--operator", "--generate"))
    assert Browser(app).sign_in("otto", output.split("password")[1].split()[0]).status == 200


def test_the_list_shows_everybody_and_no_secret(app: Flask, run: Run, sender: Sender) -> None:
    assert "person create" in done(run("person", "list"))
    typed(app, LONG, "create", "vera", "--account", "shop")
    typed(app, LONG, "create", "otto", "--operator")
    [first, second] = document(run("person", "list", "--json"))
    assert (first["name"], first["account"]) == ("otto", None)
    assert set(second) == {
        "name",
        "account",
        "role",
        "operator",
        "time_zone",
        "disabled",
        "created_on",
        "invited_until",
    }
    table = done(run("person", "list"))
    assert "None" not in table and "argon2" not in table


def test_a_new_password_ends_sessions_and_failures(app: Flask, run: Run, sender: Sender) -> None:
    typed(app, LONG, "create", "vera", "--account", "shop")
    browser = seated(app, "vera")
    for _ in range(throttle.PAIR.free):
        assert Browser(app).sign_in("vera", "wrong").status == 401
    assert Browser(app).sign_in("vera", LONG.strip()).status == 429
    new = document(run("person", "password", "vera", "--generate", "--json"))["password"]
    assert browser.open("/dashboard/try").title == "Sign in"
    assert Browser(app).sign_in("vera", new).status == 200


def test_a_persons_time_zone_is_set_and_taken_back(app: Flask, run: Run, sender: Sender) -> None:
    shown = typed(app, LONG, "create", "vera", "--account", "shop", "--time-zone", "Asia/Tokyo", "--json")
    assert json.loads(shown)["time_zone"] == "Asia/Tokyo"
    assert document(run("person", "set", "vera", "--json"))["time_zone"] == "Asia/Tokyo"
    assert document(run("person", "set", "vera", "--time-zone", "Asia/Seoul", "--json"))["time_zone"] == "Asia/Seoul"
    assert document(run("person", "set", "vera", "--time-zone", "account", "--json"))["time_zone"] == "account"


def test_a_disabled_person_is_out_until_enabled(app: Flask, run: Run, sender: Sender) -> None:
    typed(app, LONG, "create", "vera", "--account", "shop")
    browser = seated(app, "vera")
    assert document(run("person", "disable", "vera", "--json"))["disabled"] is True
    assert browser.open("/dashboard/try").title == "Sign in"
    assert Browser(app).sign_in("vera", LONG.strip()).status == 401
    assert document(run("person", "enable", "vera", "--json"))["disabled"] is False
    assert Browser(app).sign_in("vera", LONG.strip()).status == 200


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["create", "ann"], "A person needs an account and a role in it, or is an operator"),
        (["create", "ann", "--role", "owner"], "A person needs an account"),
        (["create", "ann", "--account", "nobody"], "There is no account named nobody."),
        (["create", "  ", "--operator"], "A person's name has 1 to 200 printable characters."),
        (["create", "a\x07b", "--operator"], "A person's name has"),
        (["create", "x" * 201, "--operator"], "A person's name has"),
        (["create", "VERA", "--operator"], "There is already a person named vera."),
        (["password", "nobody"], "There is no person named nobody."),
        (["disable", "nobody"], "There is no person named nobody."),
        (["enable", "nobody"], "There is no person named nobody."),
        (["set", "nobody", "--time-zone", "UTC"], "There is no person named nobody."),
        (["set", "vera", "--time-zone", "Mars/Olympus"], "time_zone must be a time zone of the IANA database"),
        (["create", "otto", "--operator", "--time-zone", "JST"], "time_zone must be a time zone"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    app: Flask, run: Run, sender: Sender, words: list[str], told: str
) -> None:
    typed(app, LONG, "create", "vera", "--account", "shop")
    before = document(run("person", "list", "--json"))
    assert told in refused(app.test_cli_runner().invoke(args=["person", *words], input=LONG))
    assert document(run("person", "list", "--json")) == before


def test_a_password_that_is_easy_to_guess_is_refused(app: Flask, run: Run, sender: Sender) -> None:
    def try_it(line: str, *words: str) -> str:
        return refused(app.test_cli_runner().invoke(args=["person", *words], input=line))

    for line in ("1234567890\n", "password123\n", "vera likes tea\n", "shop 2026 shop\n"):
        assert "This password is easy to guess" in try_it(line, "create", "vera", "--account", "shop")
    typed(app, LONG, "create", "vera", "--account", "shop")
    assert "easy to guess" in try_it("shop 2026 shop\n", "password", "vera")
    assert Browser(app).sign_in("vera", LONG.strip()).status == 200


@pytest.mark.parametrize("line", ["", "short\n", "x" * 201 + "\n"])
def test_a_password_of_the_wrong_length_is_refused(app: Flask, run: Run, sender: Sender, line: str) -> None:
    result = app.test_cli_runner().invoke(args=["person", "create", "otto", "--operator"], input=line)
    assert "A password has 10 to 200 characters." in refused(result)
    assert document(run("person", "list", "--json")) == []


def test_every_command_about_people_can_answer_in_json(app: Flask) -> None:
    group = app.cli.commands["person"]
    names = {words[-1] for words in commands(group)}  # type: ignore[arg-type]
    assert names == {"create", "invite", "set", "list", "password", "disable", "enable"}
    for command in group.commands.values():  # type: ignore[attr-defined]
        assert "--json" in [option for parameter in command.params for option in parameter.opts]


def test_the_first_start_makes_a_person(app: Flask, bare: Run) -> None:
    output = shown_to_nobody(bare)
    assert "/dashboard\n" in output
    name, password = (output.split(f"\n{key} ")[1].split()[0] for key in ("sign in as", "password"))
    with db.read() as session:
        person = people.named(session, name)
        assert passwords.matches(person, password)
        assert (people.account_name(session, person), person.role, person.operator) == ("demo", "owner", True)
    assert "password" not in done(bare("first-start"))
