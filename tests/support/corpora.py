"""The folder of the published messages, URLs and agents, which are not part of the project."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT

CORPORA = Path(os.environ.get("SHORTENER_CORPORA", ROOT.parent / "shared" / "corpora"))
needs_corpora = pytest.mark.skipif(not CORPORA.is_dir(), reason="SHORTENER_CORPORA names no folder")


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of one file (`ssrf/payloads.jsonl`); none without corpora, an error if only the file is missing."""
    if not CORPORA.is_dir():
        return []
    return [json.loads(line) for line in (CORPORA / name).read_text("utf-8").split("\n") if line]
