"""Connections that only read: nothing can be written, and no file is created."""

import sqlite3
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from shortener.config.settings import Settings
from shortener.storage import read_only
from shortener.storage.models import Account
from tests.support.factories import Sender


def test_what_is_stored_can_only_be_read(app: Flask, sender: Sender, settings: Settings) -> None:
    engine = read_only.engine(settings.sqlalchemy_url)
    with engine.connect() as connection:
        assert connection.scalars(select(Account.name)).all() == [sender.name]
        with pytest.raises(DBAPIError, match=r"read-?only"):
            connection.execute(text("DELETE FROM account"))
    engine.dispose()


def test_a_missing_file_stays_missing(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        read_only.sqlite_connection(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
