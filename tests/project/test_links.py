"""Links between documents, and names of documents in the code, have targets."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
PAGE = re.compile(r"(?<![\w/.-])(?:docs/[\w/.-]+|README|CHANGELOG|CONTRIBUTING)\.md\b")
NAMING = ["shortener/**/*", "templates/**/*", "bench/**/*", "tests/**/*.py", "*.py", "*.yaml", "*.toml", "Makefile"]


def prose(path: Path) -> str:
    """The text of a page without its code, where brackets are no links and hashes no headings."""
    return re.sub(r"^( *)```.*?^\1```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    return {anchor(heading) for heading in HEADING.findall(prose(path))}


def broken(path: Path) -> Iterator[str]:
    """The relative links of a page without an existing file or heading."""
    for link in LINK.findall(re.sub(r"`[^`\n]*`", "", prose(path))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, fragment = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (fragment and fragment not in anchors(target)):
            yield link


def sources() -> list[Path]:
    found = {path for pattern in NAMING for path in ROOT.glob(pattern)}
    return sorted(path for path in found if path.suffix in {".py", ".html", ".yaml", ".toml", ""} and path.is_file())


def test_there_are_documents_and_sources_to_check() -> None:
    assert len(DOCUMENTS) > 30
    assert len(sources()) > 100


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_works(path: Path) -> None:
    assert list(broken(path)) == []


def test_a_broken_link_or_anchor_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One `code`, two\n\n[a](page.md#one-code-two) [b](#gone) [c](gone.md) [d](https://e.example)\n")
    assert list(broken(page)) == ["#gone", "gone.md"]


def test_every_document_that_the_code_names_exists() -> None:
    named = {(str(path.relative_to(ROOT)), name) for path in sources() for name in PAGE.findall(path.read_text())}
    assert len(named) > 20
    assert sorted((path, name) for path, name in named if not (ROOT / name).exists()) == []
