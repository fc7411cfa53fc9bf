"""The dashboard's texts: complete in both languages, and compiled from the current sources."""

import enum
import gettext
import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import Column, Table

from shortener.callbacks.conditions import ListedState
from shortener.rules.deed import Deed, Origin
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.gateway_rules import OnUnsure, QuietMode
from shortener.rules.delivery.job_state import JobState
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.recipient_storage import RecipientStorage
from shortener.rules.role import Role
from shortener.rules.visitors.threshold import Threshold
from shortener.storage import models
from shortener.web.dashboard import labels
from shortener.web.dashboard.language import LANGUAGES
from tests.support import ROOT

TRANSLATED = sorted(set(LANGUAGES) - {"en"})


Sentence = str | tuple[str, ...]  # one, or those of one thing and of many


def said() -> set[Sentence]:
    """Every translatable sentence in templates and code."""
    found: set[Sentence] = set()
    for folder in (ROOT / "shortener" / "web" / "dashboard", ROOT / "templates" / "dashboard"):
        method = [("**.py", "python"), ("**.html", "jinja2")]
        rows = extract_from_dir(str(folder), method, {"**.html": {"trimmed": "true"}})
        found |= {row[2] for row in rows}
    return found


def catalogue(language: str) -> Catalog:
    with folder(language).with_suffix(".po").open("rb") as file:
        return read_po(file, locale=language)


def folder(language: str) -> Path:
    return ROOT / "shortener" / "translations" / language / "LC_MESSAGES" / "messages"


def forms(sentence: Sentence) -> tuple[str, ...]:
    return (sentence,) if isinstance(sentence, str) else tuple(sentence)


def messages(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_in_the_catalogue_and_none_besides(language: str) -> None:
    assert len(said()) > 100
    assert {message.id for message in messages(language)} == said(), "make words"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(language: str) -> None:
    assert [one.id for one in messages(language) if not all(forms(one.string)) or one.fuzzy] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_says_the_same_values(language: str) -> None:
    values = re.compile(r"%\(\w+\)s")
    wrong = [
        one.id
        for one in messages(language)
        if {tuple(sorted(values.findall(form))) for form in forms(one.id)}
        != {tuple(sorted(values.findall(form))) for form in forms(one.string)}
    ]
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    with folder(language).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in messages(language):
        one, *many = forms(message.id)
        if message.context:
            found = compiled.pgettext(message.context, one)
        else:
            found = compiled.ngettext(one, many[0], 5) if many else compiled.gettext(one)
        assert found == forms(message.string)[-1]


def test_every_stored_vocabulary_has_labels() -> None:
    assert set(models.VOCABULARIES) | {ListedState, SkipReason} == set(labels.BY_VOCABULARY)
    listed = {column.type.kind for table in models.Base.metadata.tables.values() for column in choices(table)}
    assert listed == set(models.VOCABULARIES)


def choices(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, models.Choice)]


@pytest.mark.parametrize("kind", labels.BY_VOCABULARY)
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_value_has_a_label_of_its_own(app: Flask, kind: type[enum.StrEnum], language: str) -> None:
    with app.test_request_context(), force_locale(language):
        texts = {value: str(label) for value, label in labels.BY_VOCABULARY[kind].items()}
    assert set(texts) == set(kind)
    assert len(set(texts.values())) == len(kind) and all(texts.values())


def test_no_module_spells_a_stored_value_anew() -> None:
    """Code takes each from its enumeration, which stands in `rules`, so that a new one is missed nowhere.

    Vendors have words of their own, some of which are spelled the same.
    """
    values = {*Detection, *BareDomains, *Threshold, *RecipientStorage, *JobState, *Role, *AttemptOutcome}
    distinct = values - {"strict", "any", "off", "none", "full", "person", "exhausted", "refused", "timeout"}
    spelled = re.compile(rf'"({"|".join(distinct)})"')
    elsewhere = (ROOT / "shortener" / "rules", ROOT / "shortener" / "vendors")
    code = [path for path in (ROOT / "shortener").rglob("*.py") if not any(map(path.is_relative_to, elsewhere))]
    spelling = {"labels.py", "conditions.py", "document_examples.py"}  # examples show documents as they are sent
    others = [path for path in code if path.name not in spelling and "migrations" not in path.parts]
    assert len(others) > 50
    assert [str(path.relative_to(ROOT)) for path in others if spelled.search(path.read_text("utf-8"))] == []


# These are not in the API.
PEOPLE_ALONE = {Deed, ListedState, OnUnsure, Origin, QuietMode, RecipientStorage, Role}


def test_every_value_is_published(app: Flask) -> None:
    described = app.test_client().get("/openapi.json").get_json()["components"]["schemas"]
    for kind in set(labels.BY_VOCABULARY) - PEOPLE_ALONE:
        assert described[kind.__name__]["enum"] == list(kind)


def test_every_outcome_is_explained() -> None:
    guide = (ROOT / "docs" / "integrate" / "callbacks.md").read_text("utf-8")
    assert [outcome for outcome in AttemptOutcome if f"| `{outcome}` |" not in guide] == []


def test_every_reason_is_explained() -> None:
    guide = (ROOT / "docs" / "integrate" / "detection.md").read_text("utf-8")
    assert [reason for reason in SkipReason if f"| `{reason}` | {reason.sentence} |" not in guide] == []
