"""Run a script, given as text, that uses a vendor's own client: in Node.js, or with another Python.

In a script, `args` has the arguments, which may be any JSON, and `answer(value)` prints the result as JSON. Both are
there already; in Node.js so is `require`, beside `import`. Node.js scripts may `await` at the top.
"""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import filelock
import pytest

from tests.support import ROOT, npm
from tests.support.programs import NODE

WITHIN: Final = 100  # seconds
NODE_START: Final = """
import { createRequire } from "node:module";
const require = createRequire(process.cwd() + "/");
const args = process.argv.slice(1).map((text) => JSON.parse(text));
const answer = (value) => console.log("\\n" + JSON.stringify(value));
"""
PYTHON_START: Final = """
import json, sys
args = [json.loads(text) for text in sys.argv[1:]]
def answer(value):
    print("\\n" + json.dumps(value, default=str))
"""
OLD_INFOBIP: Final = ROOT / "tests" / "support" / "infobip_5.txt"


def run_node(script: str, *args: Any, environ: Mapping[str, str] | None = None) -> Any:
    """The answer of a script (an ES module) that may use the vendors' clients for Node.js; None without an answer."""
    folder = npm.vendors_clients()
    command = [NODE.path(), "--input-type=module", "-e", NODE_START + script, "--"]
    return _run(command, args, environ, folder)


def run_python(python: Path | str, script: str, *args: Any, environ: Mapping[str, str] | None = None) -> Any:
    """The answer of a script that this Python runs; None without an answer."""
    return _run([str(python), "-c", PYTHON_START + script], args, environ, ROOT)


def old_infobip_python() -> Path:
    """The Python of a virtual environment with infobip-api-python-sdk 5.0.1, which needs pydantic 1."""
    folder = Path(sys.prefix) / "infobip-5"
    python, done, wanted = folder / "bin" / "python", folder / "installed", OLD_INFOBIP.read_text(encoding="utf-8")
    with filelock.FileLock(f"{folder}.lock"):
        if not done.exists() or done.read_text(encoding="utf-8") != wanted:
            venv.create(folder, with_pip=True, clear=True)
            install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", OLD_INFOBIP]
            _succeed([str(part) for part in install], within=npm.WITHIN)
            done.write_text(wanted, encoding="utf-8")
    return python


def _run(command: list[str], args: tuple[Any, ...], environ: Mapping[str, str] | None, folder: Path) -> Any:
    given = {**os.environ, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", **(environ or {})}
    printed = _succeed([*command, *map(json.dumps, args)], environ=given, folder=folder)
    return json.loads(printed.rstrip("\n").rpartition("\n")[2] or "null")


def _succeed(
    command: list[str], *, environ: Mapping[str, str] | None = None, folder: Path = ROOT, within: float = WITHIN
) -> str:
    """What the command prints; it fails the test with what the command complains about."""
    result = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=within, check=False
    )
    if result.returncode:
        pytest.fail(f"the script ended with {result.returncode}:\n{result.stdout[-1000:]}\n{result.stderr[-3000:]}")
    return result.stdout
