"""The table in docs/operate/settings.md equals the settings, and all named settings exist."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from shortener.config.settings import VERSION, Settings
from shortener.config.settings_file import PREFIX
from tests.support import ROOT

ROW = re.compile(r"^\| *`(SHORTENER_[A-Z_]+)` *\| *(.*?) *\| *(.*?) *\|$", re.MULTILINE)
NAMES = {f"{PREFIX}{field.upper()}": field for field in Settings.model_fields}
# Read only by scripts and tests: the folder of the corpora.
NOT_OURS = {"SHORTENER_CORPORA"}
SOURCES = ["*.md", "*.py", "*.yaml", "Makefile", "Dockerfile", "docs/**/*.md", "bench/**/*.py", "shortener/**/*.py"]


def rows() -> list[tuple[str, str, str]]:
    """Name, default and text of each row."""
    return ROW.findall((ROOT / "docs" / "operate" / "settings.md").read_text(encoding="utf-8"))


def files(patterns: Iterable[str]) -> list[Path]:
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file())


def plain(cell: str) -> str:
    """A cell without its code marks and without spaces behind commas."""
    return cell.strip("`").replace(", ", ",")


def test_every_setting_has_exactly_one_row() -> None:
    assert sorted(name for name, _, _ in rows()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_gives_default_and_description(name: str) -> None:
    field = Settings.model_fields[NAMES[name]]
    default = None if field.default_factory else field.default  # others depend on the machine
    cells = {row_name: (shown, meaning) for row_name, shown, meaning in rows()}
    shown, meaning = cells[name]
    assert len(meaning) > 10
    if isinstance(default, tuple) and default:
        assert plain(shown) == ",".join(f"{wait:g}" for wait in default)
    elif isinstance(default, float | int):
        assert plain(shown) == f"{default:.15g}"
    elif default:
        assert plain(shown) == str(default)
    else:  # there is no value to show, only words: `none`, or the effect
        assert not re.fullmatch(r"`[0-9.]+`|`o[nf]+`", shown)


@pytest.mark.parametrize("path", files(SOURCES), ids=lambda path: str(path.relative_to(ROOT)))
def test_setting_names_in_texts_exist(path: Path) -> None:
    named = set(re.findall(r"\bSHORTENER_[A-Z_]*[A-Z]\b(?!_?\*)", path.read_text(encoding="utf-8")))
    assert {name if name in NAMES else name.removesuffix("_FILE") for name in named} <= set(NAMES) | NOT_OURS


def test_the_version_is_the_projects() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
