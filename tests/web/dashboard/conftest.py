"""Browsers of people with different roles."""

import pytest
from flask import Flask

from tests.support.browsing import Browser, make_person, seated
from tests.support.factories import Sender


@pytest.fixture
def owner(app: Flask, sender: Sender) -> Browser:
    """An owner of the account `shop`."""
    make_person("olive")
    return seated(app, "olive")


@pytest.fixture
def viewer(app: Flask, sender: Sender) -> Browser:
    """A viewer of the account `shop`."""
    make_person("vera", role="viewer")
    return seated(app, "vera")


@pytest.fixture
def operator(app: Flask, sender: Sender) -> Browser:
    """The operator, who belongs to no account."""
    make_person("otto", None, None, operator=True)
    return seated(app, "otto")


@pytest.fixture
def stranger(app: Flask, other_sender: Sender) -> Browser:
    """An owner of another account."""
    make_person("stan", "stranger")
    return seated(app, "stan")
