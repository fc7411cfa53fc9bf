"""A vendor is one folder: its routes, credentials, errors and description follow from its face alone."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shortener import create_app, vendors
from shortener.config.settings import Settings
from shortener.errors import SettingsError
from shortener.rules.delivery import server_address
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.server_address import HTTP_PORTS
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Part
from shortener.vendors import Face
from shortener.web import path_groups
from tests.conftest import SECRET_KEY, running
from tests.support import ROOT, database_faults
from tests.support.factories import TEXT, Sender

FOLDER = ROOT / "shortener" / "vendors"
SEND = "/sms/messages/acme"  # inside Xoxzo's `/sms/messages`
MORE_VENDORS = ROOT / "tests" / "support" / "vendors"
PACKAGES = sorted(path.parent.name for path in FOLDER.glob("*/__init__.py"))


@contextmanager
def acme_installed() -> Iterator[None]:
    """The vendors' folder with one more vendor."""
    own = list(vendors.__path__)
    vendors.__path__.append(str(MORE_VENDORS))
    try:
        yield
    finally:
        vendors.__path__[:] = own
        for name in [name for name in sys.modules if name.startswith("shortener.vendors.acme")]:
            del sys.modules[name]
        vars(vendors).pop("acme", None)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """An application that has Acme too."""
    with acme_installed(), running(settings) as app:
        yield app


def path_of(sender: Sender, path: str = SEND) -> str:
    return f"{path}?api_key={sender.sid}&api_secret={sender.token}"


def send(client: FlaskClient, sender: Sender, **fields: Any) -> Any:
    return client.post(path_of(sender), json={"message": TEXT, **fields})


def error_of(answer: Any) -> tuple[int, str, str]:
    return answer.status_code, answer.json["status"], answer.json["error"]


# A second vendor


def test_a_vendors_route_works_with_its_own_credentials(client: FlaskClient, sender: Sender) -> None:
    answer = send(client, sender)
    assert (answer.status_code, answer.json) == (200, {"status": "0"})
    with db.read() as session:
        assert session.scalars(select(Part.text)).one() == TEXT


def test_no_cache_stores_a_vendors_answer(client: FlaskClient, sender: Sender) -> None:
    assert send(client, sender).headers["Cache-Control"] == "no-store"


def test_wrong_credentials_are_refused_in_the_vendors_form(client: FlaskClient, sender: Sender) -> None:
    wrong = client.post(f"{SEND}?api_key={sender.sid}&api_secret=wrong", json={"message": TEXT})
    assert error_of(wrong) == (200, "401", "CredentialsError")
    ours = client.post(SEND, json={"message": TEXT}, headers=sender.basic)
    assert error_of(ours) == (200, "401", "CredentialsError")


def test_a_bad_field_is_refused_in_the_vendors_form(client: FlaskClient, sender: Sender) -> None:
    assert error_of(send(client, sender, track_link="perhaps")) == (200, "422", "InvalidFieldsError")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/acme/nothing", (200, "404", "NotFound")),
        ("POST", f"{SEND}/nothing", (200, "404", "NotFound")),
        ("DELETE", SEND, (200, "405", "MethodNotAllowed")),
        ("POST", "/acme/broken", (200, "405", "MethodNotAllowed")),
    ],
)
def test_an_error_without_a_view_has_the_vendors_form(
    client: FlaskClient, method: str, path: str, expected: tuple[int, str, str]
) -> None:
    assert error_of(client.open(path, method=method)) == expected


def test_an_overlong_body_gets_the_vendors_error(client: FlaskClient, sender: Sender) -> None:
    assert error_of(send(client, sender, message="x" * 1_000_000)) == (200, "413", "RequestEntityTooLarge")


def test_an_outage_of_the_database_has_the_vendors_form(client: FlaskClient, database_url: str, sender: Sender) -> None:
    with database_faults.read_only(database_url):
        status, number, _ = error_of(send(client, sender))
    assert (status, number) == (200, "503")
    assert send(client, sender).json == {"status": "0"}


def test_an_unexpected_error_has_the_vendors_form(client: FlaskClient, sender: Sender) -> None:
    assert error_of(client.get(path_of(sender, "/acme/broken"))) == (200, "500", "ZeroDivisionError")


def test_the_longest_prefix_decides_between_two_vendors(client: FlaskClient, sender: Sender) -> None:
    """Acme's `/sms/messages/acme` lies inside Xoxzo's `/sms/messages`."""
    assert client.post(SEND).json["error"] == "CredentialsError"
    assert list(client.post("/sms/messages/").json) == ["detail"]
    assert client.get("/sms/messages/acm/e").json == {"detail": "Not found."}
    message = {"message": TEXT, "recipient": "+818012345678", "sender": "SHOP"}
    assert client.post("/sms/messages/", json=message, headers=sender.basic).status_code == 201


def test_paths_of_no_vendor_keep_their_form(client: FlaskClient, app: Flask) -> None:
    assert client.get("/v1/nothing").mimetype == "application/problem+json"
    assert client.get("/acme").mimetype == "text/html"


def test_a_vendors_operations_are_described(client: FlaskClient, app: Flask) -> None:
    description = client.get("/openapi.json").json
    assert {SEND, "/acme/broken", "/sms/messages/"} <= set(description["paths"])
    assert {"name": "Acme", "description": "Acme's wire format."} in description["tags"]
    page = client.get("/docs/acme").text
    assert "Acme's wire format." in page.replace("&#39;", "'") and SEND in page
    assert 'href="/docs/acme"' in client.get("/docs").text


def test_nothing_remains_of_a_vendor_without_its_folder(settings: Settings) -> None:
    before = vendors.load()
    with acme_installed():
        assert [face.tag for face in vendors.load()] == ["Acme", *(face.tag for face in before)]
    assert vendors.load() == before
    assert not [name for name in sys.modules if name.startswith("shortener.vendors.acme")]
    with running(settings) as app:
        client = app.test_client()
        assert list(client.post(SEND).json) == ["detail"]
        assert client.get("/acme/broken").mimetype == "text/html"
        assert "Acme" not in client.get("/openapi.json").text


def test_a_vendor_without_its_folder_is_no_gateway(settings: Settings) -> None:
    settings = settings.model_copy(update={"gateway_urls": "acme=http://shop:secret@127.0.0.1:9", "gateway": "acme"})
    with acme_installed(), running(settings) as app:
        assert app.extensions["shortener"].gateways.by_channel == {Channel.SMS: "acme"}
    with pytest.raises(SettingsError, match="SHORTENER_GATEWAY_URLS: acme is no gateway of this version"):
        create_app(settings)


def test_two_groups_of_paths_cannot_share_a_prefix(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path, secret_key=SECRET_KEY))
    with app.app_context():
        db.db.engine.dispose()
    face = vendors.load()[0]
    with pytest.raises(ValueError, match=face.prefixes[0]):
        path_groups.add(app, face)


# What every vendor's folder has


def test_there_is_a_vendor() -> None:
    assert "xoxzo" in PACKAGES


@pytest.mark.parametrize("name", PACKAGES)
def test_every_vendor_has_a_face_or_receipts(name: str) -> None:
    faces = {face.blueprint.name for face in vendors.load()}
    assert name in faces | vendors.receipt_readers().keys()


def test_every_gateway_is_found_by_its_folder() -> None:
    assert {path.parent.name for path in FOLDER.glob("*/gateway.py")} == vendors.gateways().keys()
    with acme_installed():
        assert vendors.gateways()["acme"].channels == {Channel.SMS}


@pytest.mark.parametrize("face", vendors.load(), ids=lambda face: face.tag)
def test_every_face_has_paths(face: Face) -> None:
    assert isinstance(face, Face)
    assert face.prefixes and all(prefix.startswith("/") for prefix in face.prefixes)


def test_every_reader_is_found_by_its_folder(services: Services) -> None:
    folders = {path.parent.name for path in FOLDER.glob("*/receipts.py")}
    assert {"vonage", "infobip", "twilio", "aicross", "karaden"} <= folders
    assert folders == vendors.receipt_readers().keys() <= services.receipt_readers.keys()


PATHS = {"karaden": "/api", "sens": "/sms"}  # of those vendors that need one


@pytest.mark.parametrize("name", vendors.gateways())
def test_each_gateway_says_what_it_needs(name: str) -> None:
    fault, path = vendors.gateways()[name].fault, PATHS.get(name, "")
    addresses = [
        f"https://key:hunter2@api.example{path}",
        f"https://api.example{path}",
        "https://key:hunter2@api.example",
    ]
    good, bare, short = (server_address.parse(text, HTTP_PORTS) for text in addresses)
    assert (fault(good), fault(bare)) == (None, "needs a user and a password, as https://user:password@host")
    assert ("path" in (fault(short) or "")) == bool(path)


@pytest.mark.parametrize("name", vendors.gateways())
def test_every_gateway_has_a_row_for_operators(name: str) -> None:
    lines = (ROOT / "docs" / "operate" / "gateways.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, (
        f"The vendors' table of docs/operate/gateways.md needs one row that starts with | `{name}` |."
    )
    assert ("asked" in rows[0]) == (vendors.gateways()[name].ask is not None)
    assert ("e-mail" in rows[0]) == (Channel.EMAIL in vendors.gateways()[name].channels)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_vendor_has_tests_of_its_own(name: str) -> None:
    assert list((ROOT / "tests" / "vendors" / name).glob("test_*.py"))


@pytest.mark.parametrize("face", vendors.load(), ids=lambda face: face.tag)
def test_every_vendor_has_a_row_in_the_documentation(face: Face) -> None:
    lines = (ROOT / "docs" / "integrate" / "vendors.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith(f"| {face.tag} |")]
    assert len(rows) == 1, f"The table of docs/integrate/vendors.md needs one row that starts with | {face.tag} |."
    missing = [prefix for prefix in face.prefixes if prefix not in rows[0]]
    assert not missing, f"The row of {face.tag} in docs/integrate/vendors.md lacks the paths {missing}."


def test_every_vendor_path_has_its_prefix(settings: Settings) -> None:
    """Otherwise its errors would have a different format."""
    with running(settings) as app:
        for face in vendors.load():
            own = [
                rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(f"{face.blueprint.name}.")
            ]
            assert own
            assert all(rule.startswith(face.prefixes) for rule in own)


def test_nothing_outside_its_folder_names_a_vendor() -> None:
    files = [path for path in (ROOT / "shortener").rglob("*.py") if FOLDER not in path.parents]
    # A name is written in small letters, capitals or as part of a class's name; `sensible` is another word.
    spellings = "|".join(f"{name}|{name.upper()}|{name.capitalize()}" for name in PACKAGES)
    name = re.compile(rf"(?<![a-z])(?:{spellings})(?![a-z])")
    named = {path.name for path in files if name.search(path.read_text(encoding="utf-8"))}
    assert files
    assert named == set()
