"""docs/architecture.md matches the tree, and all modules that documents name exist."""

import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

from shortener.storage.models import Base
from tests.support import ROOT

PACKAGE = ROOT / "shortener"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
SUBPACKAGES = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))
CODE = re.compile(r"`([^`\n]+)`")
DOTTED = re.compile(
    rf"(?:shortener|{'|'.join(path.name for path in SUBPACKAGES)}|errors)(?:\.\w+)+(?<!\.py|\.md)(?<!\.csv)"
)


def packages() -> set[str]:
    """Every package of the product but the vendors' own, which share a row: `shortener/rules/links/`."""
    folders = (path.parent for path in PACKAGE.rglob("__init__.py"))
    return {f"{folder.relative_to(ROOT)}/" for folder in folders if PACKAGE / "vendors" not in folder.parents}


def code(page: Path) -> set[str]:
    """The texts of a page in code marks."""
    return set(CODE.findall(page.read_text(encoding="utf-8")))


def exists(name: str) -> bool:
    """Whether `clicks.resolve` is a module of the product or part of one, or `installation.seen_on` a column."""
    table, _, column = name.partition(".")
    if table in Base.metadata.tables and column in Base.metadata.tables[table].columns:
        return True
    try:
        pkgutil.resolve_name(f"shortener.{name.removeprefix('shortener.')}")
    except (ImportError, AttributeError):
        return False
    return True


def test_the_map_shows_every_package_and_no_other() -> None:
    rows = re.findall(r"^\| `(shortener/\S*)` \|", ARCHITECTURE, re.MULTILINE)
    inside = re.findall(r"`(shortener/\S+/)` has", ARCHITECTURE)
    assert sorted([*rows, *inside]) == sorted(packages())


def test_the_layers_are_those_of_the_contract() -> None:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [contract] = [one for one in configuration["tool"]["importlinter"]["contracts"] if one["type"] == "layers"]
    [diagram] = re.findall(r"```text\n(.*?)```", ARCHITECTURE, re.DOTALL)
    shown = [line.split() for line in diagram.splitlines()]
    assert shown == [re.split(r" *[|:] *", layer) for layer in contract["layers"]]


def test_the_data_section_lists_every_table() -> None:
    section = ARCHITECTURE.partition("## The data")[2].partition("\n## ")[0]
    first_cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    assert sorted(name for cell in first_cells for name in CODE.findall(cell)) == sorted(Base.metadata.tables)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_paths_that_exist(page: Path) -> None:
    paths = {name for name in code(page) if re.fullmatch(r"(shortener|tests|bench|templates)/[\w./-]*", name)}
    assert not [name for name in sorted(paths) if not (ROOT / name).exists() and "NAME" not in name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_modules_that_exist(page: Path) -> None:
    names = {name for name in code(page) if DOTTED.fullmatch(name)}
    assert not [name for name in sorted(names) if not exists(name)]
