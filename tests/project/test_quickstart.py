"""The sessions of docs/integrate/quickstart.md and the README work unchanged; docs/README.md names every page."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import playwright
import pytest

from tests.support import ROOT, live_server

DOCS = ROOT / "docs"
README = (DOCS.parent / "README.md").read_text(encoding="utf-8")
TEXT = (DOCS / "integrate" / "quickstart.md").read_text(encoding="utf-8")
# The system's, or the one that playwright brings along.
NODE = shutil.which("node") or str(Path(playwright.__file__).parent / "driver" / "node")
COMMANDS = {
    "bash": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-c"],
    "js": [NODE, "--input-type=module", "--eval"],
}


def block(language: str) -> str:
    """The one code block in that language."""
    [code] = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(code)


@pytest.fixture
def environ(database_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The URL and credentials of a separate instance."""
    with live_server.serving(database_url, tmp_path) as (address, sender):
        yield {"PATH": os.environ["PATH"], "BASE": address, "SID": sender.sid, "TOKEN": sender.token}


@pytest.mark.parametrize("language", COMMANDS)
def test_a_session_leads_to_a_counted_click(environ: dict[str, str], tmp_path: Path, language: str) -> None:
    command = [*COMMANDS[language], block(language)]
    result = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    text, click, report = result.stdout.splitlines()
    shortlink = rf"{re.escape(environ['BASE'])}/[A-Za-z0-9]{{10}}"
    assert re.fullmatch(f"Your parcel is on its way: {shortlink} Thank you!", text)
    assert click == "302 https://example.com/track?id=1&lang=en"
    assert re.fullmatch(r"accessed: \d{4}-\d\d-\d\dT[\d:.]+Z, by people: 1", report)


def run(script: str, folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a session as if pasted into a shell, which continues after a failed command."""
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_curl_session_stops_at_a_wrong_token(environ: dict[str, str], tmp_path: Path) -> None:
    result = run(block("bash") + "echo the shell is still there", tmp_path, environ | {"TOKEN": "wrong"})
    problem, _, last = result.stdout.strip().rpartition("\n")
    assert json.loads(problem)["code"] == "credentials_invalid"
    assert last == "the shell is still there"
    assert result.stderr.count("\n") == 1
    assert "401" in result.stderr


def trial(environ: dict[str, str], folder: Path) -> str:
    """The README's session below "Try it", from the message on, as it can be run here."""
    part = README.split("\n## Try it\n")[1].split("\n## ")[0]
    sessions = re.findall(r"```sh\n(.*?)```", part, re.DOTALL)
    script = "".join(sessions[sessions.index("AUTH=SID:TOKEN\n") + 1 :])
    script = script.replace("http://127.0.0.1:8000", environ["BASE"]).replace("/tmp/", f"{folder}/")
    return f'AUTH="$SID:$TOKEN"\n{script}'


def test_the_readmes_example_can_be_repeated(environ: dict[str, str], tmp_path: Path) -> None:
    script = trial(environ, tmp_path).replace("date +%s", "date +%s%N")  # twice within a second
    for _ in range(2):
        result = run(script, tmp_path, environ)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.count("302 FOUND") == 2
        assert '"person": 1' in result.stdout


def test_the_readmes_example_shows_why_calls_fail(environ: dict[str, str], tmp_path: Path) -> None:
    result = run(trial(environ, tmp_path), tmp_path, environ | {"TOKEN": "wrong"})
    assert '"code": "credentials_invalid"' in result.stdout
    assert result.stderr.count("credentials_invalid") == 2  # of the two sessions that need the answer
    assert "Traceback" not in result.stderr


def test_the_index_names_exactly_the_existing_pages() -> None:
    named = set(re.findall(r"\]\(([^)]+)\)", (DOCS / "README.md").read_text(encoding="utf-8")))
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md") if path.parent.name != "adr"} - {"README.md"}
    assert named == pages | {"adr/README.md", "../README.md", "../CHANGELOG.md", "../CONTRIBUTING.md"}
