"""Checks before a web server starts."""

import socket

import pytest

from shortener.config.settings import Settings
from shortener.running import startup_checks


@pytest.mark.parametrize(
    ("arguments", "faults"),
    [("", 1), ("--workers 2", 1), ("--bind unix:/run/s.sock", 0), ("--bind=127.0.0.1:81", 0), ("-b :80 -w 2", 0)],
)
def test_only_the_address_in_use_is_checked(monkeypatch: pytest.MonkeyPatch, arguments: str, faults: int) -> None:
    monkeypatch.setenv("GUNICORN_CMD_ARGS", arguments)
    with socket.create_server(("127.0.0.1", 0)) as busy:
        bind = f"127.0.0.1:{busy.getsockname()[1]}"
        assert len(list(startup_checks.address(Settings(bind=bind)))) == faults
        # Granian does not read these arguments.
        assert len(list(startup_checks.address(Settings(bind=bind, server="granian")))) == 1


def test_our_own_listening_address_is_no_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        settings = Settings(bind=f"127.0.0.1:{held.getsockname()[1]}")
        assert list(startup_checks.address(settings)) != []
        assert list(startup_checks._new_address(settings)) == []
