"""The words of alerts: every kind has them, in both languages."""

import pytest

from shortener.rules.alerts import texts
from shortener.rules.alerts.incident_kind import IncidentKind
from shortener.rules.alerts.texts import Facts

FACTS = Facts(
    "shop", "https://crm.example.com:443", "09:00 (UTC)", "10:00 (UTC)", 1234, "https://s.example.com/dashboard"
)


@pytest.mark.parametrize("kind", IncidentKind)
@pytest.mark.parametrize("is_over", [False, True])
def test_a_mail_names_time_and_page(kind: IncidentKind, is_over: bool) -> None:
    text = texts.mail(kind, FACTS, is_over=is_over)
    assert text.count(FACTS.since) == 2
    assert text.count(FACTS.until) == (2 if is_over else 0)
    assert text.count(FACTS.page) == 2
    assert "{" not in text + texts.title(kind, FACTS, is_over=is_over)


def test_an_account_with_braces_in_its_name_is_told() -> None:
    facts = Facts("{shop}", "", "", "", 0, "")
    assert "{shop}" in texts.sentence(IncidentKind.CALLBACKS_EXHAUSTED, facts, is_over=False)
