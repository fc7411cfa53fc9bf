"""Import contracts: every module obeys them, and every breach is reported."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support import ROOT

PACKAGE = ROOT / "shortener"
# For each contract, a new module that breaks it, and the report.
BREACHES = {
    "Imports point down": ("storage/bad.py", "from shortener.web import access", "shortener.web.access"),
    "Rules are pure": ("rules/links/bad.py", "import sqlalchemy", "sqlalchemy"),
    "Flask only at the edge": ("messages/bad.py", "import flask", "flask"),
    "Sockets only in outbound": ("clicks/bad.py", "import socket", "socket"),
    "The outbox knows no kind of job": (
        "delivery/bad.py",
        "from shortener.outbound import client",
        "shortener.outbound.client",
    ),
    "Vendors go through use cases": ("vendors/acme/bad.py", "import sqlalchemy", "sqlalchemy"),
    "Vendors do not know each other": (
        "vendors/acme/worse.py",
        "from shortener.vendors.xoxzo import answers",
        "shortener.vendors.xoxzo.answers",
    ),
    "Migrations are frozen": (
        "storage/migrations/versions/9999_bad.py",
        "from shortener.storage import models",
        "shortener.storage.models",
    ),
}
# Further imports that vendors and migrations must not have.
ALSO = {
    "vendors/acme/reads.py": ("from shortener.storage import db", "shortener.storage.db"),
    "vendors/acme/calls.py": ("from shortener.outbound import client", "shortener.outbound.client"),
    "vendors/acme/connects.py": ("import socket", "socket"),
    "storage/migrations/versions/9998_bad.py": ("from shortener import errors", "shortener.errors"),
}
# Packages that a contract leaves out, because they are what it is about or below it.
LEFT_OUT = {
    "Flask only at the edge": {"web", "vendors", "cli", "running", "storage", "rules"},
    "Sockets only in outbound": {"outbound", "running", "rules"},
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of `folder`."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=110, check=False)


def copy_of_the_package(folder: Path) -> Path:
    """The package and its contracts, in another folder."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    ignored = shutil.ignore_patterns("__pycache__", "translations")
    return Path(shutil.copytree(PACKAGE, folder / "shortener", ignore=ignored))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    (path.parent / "__init__.py").touch()
    path.write_text(f"{text}\n", encoding="utf-8")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report about a copy with all breaches added."""
    folder = tmp_path_factory.mktemp("breaches")
    package = copy_of_the_package(folder)
    for path, text, _ in BREACHES.values():
        write(package / path, text)
    for path, (text, _) in ALSO.items():
        write(package / path, text)
    result = lint(folder)
    assert result.returncode == 1, result.stdout + result.stderr
    return " ".join(result.stdout.split())


def name_of(path: str) -> str:
    return "shortener." + path.removesuffix(".py").replace("/", ".")


def contracts() -> list[dict[str, object]]:
    found: list[dict[str, object]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
    return found


def test_every_import_contract_holds() -> None:
    """The contracts are in pyproject.toml, each with its reason."""
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def test_every_contract_has_a_breach() -> None:
    assert {contract["name"] for contract in contracts()} == set(BREACHES)


@pytest.mark.parametrize("name", BREACHES)
def test_a_new_module_that_breaks_a_contract_is_reported(report: str, name: str) -> None:
    path, _, imported = BREACHES[name]
    assert f"{name} BROKEN" in report
    assert f"{name_of(path)} -> {imported} (l.1)" in report


@pytest.mark.parametrize("path", ALSO)
def test_another_import_that_is_not_allowed_is_reported(report: str, path: str) -> None:
    assert f"{name_of(path)} -> {ALSO[path][1]} (l.1)" in report


def test_a_new_package_must_get_a_layer(tmp_path: Path) -> None:
    write(copy_of_the_package(tmp_path) / "novelty" / "thing.py", "")
    result = lint(tmp_path)
    assert result.returncode == 1
    assert "novelty" in result.stdout + result.stderr


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_contract_names_every_other_package(name: str) -> None:
    [contract] = [contract for contract in contracts() if contract["name"] == name]
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - LEFT_OUT[name]
    named = contract["source_modules"]
    assert isinstance(named, list)
    assert set(named) == {f"shortener.{package}" for package in packages}
