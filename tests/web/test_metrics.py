"""`GET /metrics`: protected by its own token, without anything about a sender."""

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from shortener.config.settings import Settings
from shortener.reporting import installation_numbers
from shortener.running.services import Services
from tests.support.factories import BROWSER, Sender, make_message, slug_of

TOKEN = "a token for Prometheus"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"metrics_token": TOKEN})


def samples(client: FlaskClient) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", headers=BEARER)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    families = text_string_to_metric_families(answer.text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_only_its_own_token_opens_it(client: FlaskClient, sender: Sender) -> None:
    for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {sender.token}"}):
        answer = client.get("/metrics", headers=given)
        assert (answer.status_code, answer.headers["WWW-Authenticate"].split()[0]) == (401, "Bearer")


def test_there_are_none_without_a_token(client: FlaskClient, services: Services) -> None:
    services.settings = services.settings.model_copy(update={"metrics_token": None})
    assert client.get("/metrics", headers=BEARER).status_code == 404


def test_clicks_are_counted_when_they_are_stored(client: FlaskClient, sender: Sender) -> None:
    path, before = f"/{slug_of(make_message(sender).link)}", samples(client)
    for _ in range(2):
        client.get(path, headers={"User-Agent": BROWSER})
    after = samples(client)
    person, first = ("shortener_clicks_total", "person"), ("shortener_first_clicks_total",)
    assert (after[person] - before[person], after[first] - before[first]) == (2, 1)


def test_nothing_about_a_sender_is_shown(client: FlaskClient, sender: Sender) -> None:
    made = make_message(sender, recipient="+819012345678", client_tag="order-1")
    client.get(f"/v1/messages/{made.message.msgid}", headers={"Authorization": f"Bearer {sender.token}"})
    text = client.get("/metrics", headers=BEARER).text
    for secret in (sender.sid, "shop", made.message.msgid, "+8190", "order-1", sender.token):
        assert secret not in text


def test_an_unavailable_database_is_a_number(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert samples(client)[("shortener_database_up",)] == 1
    monkeypatch.setattr(services.watch, "numbers", lambda: None)
    found = samples(client)
    assert found[("shortener_database_up",)] == 0
    assert ("shortener_jobs_due", "callback") not in found


def test_due_jobs_are_shown_by_kind(client: FlaskClient) -> None:
    found = samples(client)
    assert {name[1] for name in found if name[0] == "shortener_jobs_due"} == set(installation_numbers.KINDS)
