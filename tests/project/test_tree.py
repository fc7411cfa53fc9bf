"""The tree: tests mirror their modules, and every package says what it holds."""

from pathlib import Path

from tests.support import ROOT

PACKAGE, TESTS = ROOT / "shortener", ROOT / "tests"
# Folders of tests of the product as a whole, and helpers.
NOT_MIRRORED = {"bench", "browser", "end_to_end", "project", "support"}
# Tests of a whole package, with what they are about.
OF_A_PACKAGE = {
    "rules/test_labelled.py": "messages and user agents that people have labelled",
    "vendors/test_faces.py": "faces are found, and answer for their own paths",
    "web/test_fuzz.py": "every route takes whatever is sent",
    "web/test_growth.py": "work grows no faster than what is sent",
    "web/test_hosts.py": "host names that requests give",
    "web/test_plans.py": "every query of a page uses an index",
    "web/dashboard/test_messages.py": "the list of messages with its filters",
}
# The same for each vendor: its own client libraries, and messages that go on through it to a second instance.
OF_A_VENDOR = ("vendors/*/test_client.py", "vendors/*/test_node_client.py", "vendors/*/test_chain.py")
OF_A_CHANNEL = tuple(f"vendors/*/*/test_{kind}.py" for kind in ("client", "node_client", "chain"))


def mirrored() -> list[Path]:
    """The test files that mirror a module, relative to tests/."""
    paths = [path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")]
    return [path for path in paths if path.parts[0] not in NOT_MIRRORED]


def module_of(path: Path) -> Path:
    return PACKAGE / path.parent / path.name.removeprefix("test_")


def test_every_test_file_lies_where_its_module_lies() -> None:
    found = {
        str(path)
        for path in mirrored()
        if not module_of(path).exists()
        and not module_of(path).with_suffix("").is_dir()
        and not any(path.match(pattern) for pattern in (*OF_A_VENDOR, *OF_A_CHANNEL))
    }
    assert found == set(OF_A_PACKAGE)


def test_no_module_lies_at_the_top_of_the_package() -> None:
    """Except the wiring, the errors, the commands that they name, and the two that can be started."""
    named = {"__init__.py", "__main__.py", "errors.py", "serve.py", "typed_command.py"}
    assert {path.name for path in PACKAGE.glob("*.py")} == named


def test_every_package_says_what_it_holds() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").read_text().startswith('"""')] == []
