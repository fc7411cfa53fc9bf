"""The URL for a gateway's receipts, as the operator gets it."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shortener.storage import db
from shortener.storage.models import Message
from tests.support.factories import Sender, make_message


def test_the_shown_url_takes_receipts(app: Flask, client: FlaskClient, sender: Sender) -> None:
    message = make_message(sender, client_tag="order-1").message
    result = app.test_cli_runner().invoke(args=["account", "receipts-url", "shop", "vonage", "--json"])
    assert result.exit_code == 0
    url = json.loads(result.stdout)["url"]
    assert url.startswith(f"https://s.example.com/receipts/vonage/{sender.sid}-")
    fields = {"messageId": "1", "status": "delivered", "client-ref": "order-1"}
    assert client.post(url.removeprefix("https://s.example.com"), data=fields).status_code == 200
    with db.read() as session:
        assert session.get_one(Message, message.id).state == "delivered"


@pytest.mark.parametrize(
    ("arguments", "said"), [(["shop", "nobody"], "karaden"), (["nobody", "vonage"], "no account named nobody")]
)
def test_an_unknown_name_is_refused(app: Flask, sender: Sender, arguments: list[str], said: str) -> None:
    result = app.test_cli_runner().invoke(args=["account", "receipts-url", *arguments])
    assert result.exit_code != 0
    assert said in result.output + result.stderr
