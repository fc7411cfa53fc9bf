"""What a link was opened with, as pages say it."""

import enum

import pytest
from flask import Flask
from flask_babel import force_locale

from shortener.rules.visitors.device_words import App, DeviceClass, System
from shortener.web.dashboard import device_labels
from shortener.web.dashboard.device_labels import Names, opened_with
from shortener.web.dashboard.language import LANGUAGES

LABELS = ((System, device_labels.SYSTEMS), (App, device_labels.APPS), (DeviceClass, device_labels.DEVICES))


@pytest.mark.parametrize(("kind", "labels"), LABELS)
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_word_has_a_label_of_its_own(app: Flask, language: str, kind: type[enum.StrEnum], labels: Names) -> None:
    with app.test_request_context(), force_locale(language):
        texts = {value: str(label) for value, label in labels.items()}
    assert set(texts) == set(kind)
    assert len(set(texts.values())) == len(kind)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("ios", "safari", "phone"), "iPhone · Safari"),
        (("android", "line", "phone"), "Android · LINE"),
        (("windows", "other", "desktop"), "Windows"),
        (("other", "other", "phone"), "phone of another system"),
        (("other", "other", "other"), ""),
        (("newer", "newest", "phone"), "newer · newest"),
        ((None, None, None), ""),
    ],
)
def test_a_device_is_named_with_its_app(app: Flask, words: tuple[str | None, ...], shown: str) -> None:
    with app.test_request_context(), force_locale("en"):
        assert opened_with(*words) == shown
