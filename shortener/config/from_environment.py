"""Read the values of settings from `SHORTENER_*` and `SHORTENER_*_FILE`, and word what is wrong with them."""

import difflib
import logging
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pydantic

from shortener.config import settings_file
from shortener.config.settings_file import PREFIX
from shortener.rules.wire.fault_sentences import sentence

log = logging.getLogger(__name__)


def collect(environ: Mapping[str, str], known: Collection[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return values and faults by field; warns of unknown names.

    An empty value counts as not given, because Compose files write it so.
    """
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or not value:
            continue
        field, from_file = name.removeprefix(PREFIX).lower(), False
        if field not in known and field.removesuffix("_file") in known:
            field, from_file = field.removesuffix("_file"), True
        if field not in known:
            log.warning(_unknown(name, field, known))
        elif field in values or field in faults:
            faults[field] = f"{PREFIX}{field.upper()}: given both directly and as a file; give one"
        elif not from_file:
            values[field] = value
        else:
            try:
                values[field] = settings_file.located(Path(value)).read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
                faults[field] = f"{name}: cannot read the file {value}: {reason}"
    return values, faults


def unknown(environ: Mapping[str, str], known: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each name that looks like a setting and is none."""
    for name, value in environ.items():
        field = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and value and not {field, field.removesuffix("_file")} & set(known):
            yield _unknown(name, field, known)


def _unknown(name: str, field: str, known: Collection[str]) -> str:
    return f"{name} is not a setting of this version and is ignored{_suggestion(field, known)}"


def _suggestion(field: str, known: Collection[str]) -> str:
    """Return the setting whose name is most similar, as the end of a sentence."""
    near = difflib.get_close_matches(field, known, 1, 0.8)
    return f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""


def sentences(error: pydantic.ValidationError, without: set[str]) -> list[str]:
    """Return a sentence for each fault, with its setting and, in a list, the entry; omit the fields in `without`."""
    sentences = []
    for fault in error.errors(include_url=False, include_input=False):
        field, *entry = fault["loc"]
        place = f"entry {int(entry[0]) + 1}: " if entry else ""
        said = sentence(fault["type"], fault.get("ctx", {}), fault["msg"])
        # A default that depends on other fields cannot be computed if one of those has a fault.
        if field not in without and fault["type"] != "default_factory_not_called":
            sentences.append(f"{PREFIX}{str(field).upper()}: {place}{said}")
    return sentences
