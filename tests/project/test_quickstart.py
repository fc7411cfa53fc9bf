"""docs/quickstart.md: its sessions work as they stand. docs/README.md: it names every page and nothing else."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import playwright
import pytest

from tests import live

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "quickstart.md").read_text(encoding="utf-8")
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
    """Where a product of its own is to be reached, and who may."""
    with live.serving(database_url, tmp_path) as (address, sender):
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


def test_the_index_names_every_page_and_no_page_that_is_none() -> None:
    named = set(re.findall(r"\]\(([^)]+)\)", (DOCS / "README.md").read_text(encoding="utf-8")))
    pages = {path.name for path in DOCS.glob("*.md")} - {"README.md"}
    assert named == pages | {"adr/README.md", "../README.md"}
