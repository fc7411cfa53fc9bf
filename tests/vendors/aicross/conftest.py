"""What the tests of this face share: an installation whose messages wait for a gateway, and calls of the vendor."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from shortener.config.settings import Settings
from tests.support.factories import TEXT, Sender

Call = Callable[..., dict[str, Any]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Messages are for the simulator, which is not running unless the test has a server."""
    return settings.model_copy(update={"gateway": "simulator"})


@pytest.fixture
def send(client: FlaskClient, sender: Sender) -> Call:
    """Send a message; None leaves a field out."""

    def call(**fields: Any) -> dict[str, Any]:
        usual = {"token": sender.token, "clientId": "12345", "smsCode": "50123", "message": TEXT}
        given = {**usual, "phoneNumber": "09012345678", **fields}
        form = {name: value for name, value in given.items() if value is not None}
        answer = client.post("/p5/api/mt.json", data=form)
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        found: dict[str, Any] = answer.json
        return found

    return call


@pytest.fixture
def ask(client: FlaskClient, sender: Sender) -> Call:
    """Ask one of the other calls, by its name."""

    def call(name: str, **parameters: Any) -> dict[str, Any]:
        usual = {"token": sender.token, "clientId": "12345"}
        answer = client.get(f"/p5/api/{name}.json", query_string={**usual, **parameters})
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        found: dict[str, Any] = answer.json
        return found

    return call
