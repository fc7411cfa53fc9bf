"""What the dashboard says: in both languages, complete, and compiled as it is written."""

import gettext
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import force_locale

from shortener.delivery.queue import EXHAUSTED, PENDING
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.links import target
from shortener.rules.visitors import visitor
from shortener.web.dashboard import labels
from shortener.web.dashboard.language import LANGUAGES
from shortener.web.description.callback_answers import Attempt
from tests.support import ROOT

TRANSLATED = sorted(set(LANGUAGES) - {"en"})


Sentence = str | tuple[str, ...]  # one, or those of one thing and of many


def said() -> set[Sentence]:
    """Every sentence that stands in pages and code."""
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
        found = compiled.ngettext(one, many[0], 5) if many else compiled.gettext(one)
        assert found == forms(message.string)[-1]


def test_there_is_a_word_for_everything_that_there_is() -> None:
    assert set(labels.SKIPPED) == set(target.REASONS)
    assert set(labels.VISITORS) == {each.value for each in visitor.Visitor}
    assert {PENDING, EXHAUSTED} < set(labels.STATES)
    assert set(labels.OUTCOMES) == set(AttemptOutcome)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("outcome", AttemptOutcome)
def test_every_outcome_has_a_label_of_its_own(app: Flask, outcome: AttemptOutcome, language: str) -> None:
    with app.test_request_context(), force_locale(language):
        texts = [str(label) for label in labels.OUTCOMES.values()]
        assert texts.count(str(labels.OUTCOMES[outcome])) == 1


def test_every_outcome_is_published_and_explained() -> None:
    described = Attempt.model_json_schema()["properties"]["outcome"]
    guide = (ROOT / "docs" / "integrate" / "callbacks.md").read_text("utf-8")
    assert set(described["enum"]) == set(AttemptOutcome)
    assert [outcome for outcome in AttemptOutcome if f"| `{outcome}` |" not in guide] == []


def test_no_outcome_is_written_but_by_its_name() -> None:
    """Whoever makes one takes it from the enumeration: mypy holds the types of `outbound` and `worker` to it."""
    source = "".join(
        (ROOT / "shortener" / name).read_text()
        for name in ("outbound/client.py", "outbound/guard.py", "delivery/loop.py")
    )
    assert {f"AttemptOutcome.{outcome.name}" for outcome in (AttemptOutcome.TLS, AttemptOutcome.UNSIGNED)} <= set(
        re.findall(r"AttemptOutcome\.[A-Z]+", source)
    )
    assert not re.search(rf'"({"|".join(AttemptOutcome)})"', source)
