"""What a server prints when it is ready. tests/config/test_settings_file.py sees both servers print it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shortener.config.settings import Settings
from shortener.running import announcement
from shortener.typed_command import typed


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, bind="127.0.0.1:8123")


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pipe of a server of this test's own."""
    made: list[int] = []
    monkeypatch.setattr(announcement, "_pipe", made)
    yield
    for descriptor in made:
        os.close(descriptor)


@pytest.mark.usefixtures("pipe")
def test_only_the_last_process_announces_the_server(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    announcement.prepare(3)
    printed = []
    for _ in range(5):  # two of them replace others later
        announcement.ready(settings)
        printed.append(capsys.readouterr().out)
    assert [bool(out) for out in printed] == [False, False, True, False, False]
    assert printed[2].strip() == announcement.text(settings)


@pytest.mark.usefixtures("pipe")
def test_a_server_without_a_main_process_is_silent(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    announcement.ready(settings)
    assert capsys.readouterr().out == ""


def test_the_announcement_says_how_to_sign_in(settings: Settings) -> None:
    first, *hints = announcement.text(settings).splitlines()
    assert first.startswith("Open http://127.0.0.1:8123/dashboard in a browser.")
    assert first.endswith("that the first start printed.")
    assert typed("person password NAME --generate") in hints[0]
    assert typed("account rotate NAME") in hints[1]
    assert str(settings.database_file) in hints[2]
    (settings.data / announcement.FIRST_START).touch()
    assert str(settings.data / announcement.FIRST_START) in announcement.text(settings)
