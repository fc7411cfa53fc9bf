"""Large bodies take turns, so that the memory holds only a few."""

import pytest
from flask import Flask

from shortener.accounts.authentication import authenticate
from shortener.running.services import Services
from shortener.web import large_bodies
from shortener.web.problems import RequestError
from tests.support.factories import Sender


@pytest.mark.parametrize(("length", "waits"), [(600_000, True), (1_000, False)])
def test_only_large_bodies_need_room(app: Flask, services: Services, sender: Sender, length: int, waits: bool) -> None:
    account, _ = authenticate(services.readers, sender.sid, sender.token)
    while services.long_calls.begin(account.id):
        pass
    with app.test_request_context(method="POST", data=b"x" * length):
        if waits:
            with pytest.raises(RequestError, match="Other large messages are under way"), large_bodies.room(account):
                pass
        else:
            with large_bodies.room(account):
                pass


def test_room_is_given_back(app: Flask, services: Services, sender: Sender) -> None:
    account, _ = authenticate(services.readers, sender.sid, sender.token)
    with app.test_request_context(method="POST", data=b"x" * 600_000):
        for _ in range(100):
            with large_bodies.room(account):
                pass
