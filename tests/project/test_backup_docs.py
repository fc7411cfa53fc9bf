"""docs/operate/backup.md: every command runs as it stands, in the order in which it is needed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.instance import free_port
from tests.support import ROOT

TEXT = (ROOT / "docs" / "operate" / "backup.md").read_text(encoding="utf-8")


def block(heading: str, number: int = 0) -> str:
    """The shell session below a heading."""
    part = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", part, re.DOTALL)[number]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the product's, with its own data folder."""
    for name in ("wsgi.py", "shortener", "templates"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "shortener").symlink_to(Path(sys.executable).parent / "shortener")
    sh(tmp_path, ".venv/bin/shortener db upgrade && .venv/bin/shortener account create shop")
    return tmp_path


def sh(folder: Path, *sessions: str) -> str:
    """Run sessions in one shell, which ends at the first command that fails."""
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(sessions)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "SHORTENER_BIND": f"127.0.0.1:{free_port()}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def accounts(folder: Path) -> str:
    return sh(folder, ".venv/bin/shortener account list")


def test_every_command_of_the_page_is_run() -> None:
    assert TEXT.count("```sh\n") == 7
    assert TEXT.count("```ini\n") == 2
    assert TEXT.count("```") == 18


def test_the_pages_commands_restore_a_backup(folder: Path) -> None:
    before, key = accounts(folder), (folder / "data" / "secret_key").read_text()
    sh(folder, block("Make a backup"), block("Make a backup", 1))
    shutil.rmtree(folder / "data")
    sh(folder, block("Restore it"))
    assert accounts(folder) == before
    assert (folder / "data").stat().st_mode & 0o777 == 0o700
    assert (folder / "data" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert (folder / "data" / "secret_key").read_text() == key
    assert "account secret rotate" not in sh(folder, block("Make a backup").replace("shortener-", "again-"))


def test_the_pages_commands_try_a_restore(folder: Path) -> None:
    sh(folder, block("Make a backup"), block("Make a backup", 1))
    trial = block("Restore it", 1).replace("/tmp/trial", str(folder / "trial"))
    assert "It has 1 account, 0 messages" in sh(folder, trial)
    assert not (folder / "trial").exists()


def test_the_nightly_unit_makes_a_backup(folder: Path) -> None:
    (folder / "backups").mkdir()
    [line] = re.findall(r"^ExecStart=(.*)$", TEXT, re.MULTILINE)
    sh(folder, line.replace("$$", "$").replace("%%", "%"))
    assert [path.name[:-1] for path in (folder / "backups").iterdir()] == ["shortener-"]


def test_the_secret_key_is_changed_by_the_pages_commands(folder: Path) -> None:
    old = (folder / "data" / "secret_key").read_text()
    shown = sh(folder, block("A new secret key"), block("A new secret key", 1))
    assert re.search(r"resealed +1\n", shown)
    assert (folder / "data" / "secret_key").read_text() != old
    assert re.search(r"already +1\n", sh(folder, ".venv/bin/shortener secret-key reseal"))


def test_the_pages_commands_recover_a_lost_key(folder: Path) -> None:
    (folder / "data" / "secret_key").unlink()
    sh(folder, block("A lost secret key"))
    assert (folder / "signing-secrets.jsonl").read_text().count("whsec_") == 1
    sh(folder, ".venv/bin/shortener first-start")
