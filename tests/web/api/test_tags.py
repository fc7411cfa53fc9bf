"""The API for tags."""

import datetime as dt
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from tests.support.factories import BROWSER, DAY, Sender, make_message, slug_of


def test_tags_are_listed_with_their_numbers(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    made = make_message(sender, tags=["a", "b"])
    make_message(sender, "Hello!", tags=["b"])
    make_message(other_sender, tags=["c"])
    client.get(f"/{slug_of(made.link)}", headers={"User-Agent": BROWSER})
    page = client.get("/v1/tags?order=messages", headers=sender.basic).get_json()
    assert [(tag["tag"], tag["messages"], tag["with_link"], tag["clicked"]) for tag in page["tags"]] == [
        ("b", 2, 1, 1),
        ("a", 1, 1, 1),
    ]
    assert (page["complete"], page["counted_on"], page["next"]) == (True, None, None)


def test_a_page_of_tags_names_the_next(client: FlaskClient, sender: Sender) -> None:
    make_message(sender, tags=["a", "b", "c"])
    first = client.get("/v1/tags?limit=2", headers=sender.basic).get_json()
    second = client.get(f"/v1/tags?{urlsplit(first['next']).query}", headers=sender.basic).get_json()
    assert [tag["tag"] for page in (first, second) for tag in page["tags"]] == ["a", "b", "c"]
    assert second["next"] is None
    assert client.get("/v1/tags?cursor=x", headers=sender.basic).status_code == 422


def test_pages_of_tags_can_be_by_click_rate(client: FlaskClient, sender: Sender) -> None:
    for tags in (["a"], ["b", "c"], ["b"]):
        made = make_message(sender, tags=tags)
    client.get(f"/{slug_of(made.link)}", headers={"User-Agent": BROWSER})
    path, names = "/v1/tags?limit=1&order=click_rate", []
    while path:
        page = client.get(path, headers=sender.basic).get_json()
        names.append(page["tags"][0]["tag"])
        path = page["next"] and f"/v1/tags?{urlsplit(page['next']).query}"
    assert names == ["b", "a", "c"]


def test_a_tag_is_reported_wherever_it_has_slashes(client: FlaskClient, sender: Sender) -> None:
    begun = dt.datetime.now(dt.UTC) - 2 * DAY
    made = make_message(sender, tags=["a//b"], now=begun)
    client.get(f"/{slug_of(made.link)}", headers={"User-Agent": BROWSER})
    [listed] = client.get("/v1/tags", headers=sender.basic).get_json()["tags"]
    found = client.get(urlsplit(listed["url"]).path, headers=sender.basic).get_json()
    assert (found["tag"], found["messages"], found["clicked"], found["click_rate"]) == ("a//b", 1, 1, 1.0)
    assert found["hosts"] == [{"host": "shop.example.com", "links": 1, "clicked": 1}]
    assert [(piece["messages"], piece["first_clicks"]) for piece in found["pieces"]] == [(1, 0), (0, 1)]
    assert (found["median_seconds_to_click"], found["median_is_exact"]) == (2 * 86_400, True)
    by_hour = client.get("/v1/tags/a//b?by=hour", headers=sender.basic).get_json()["pieces"]
    assert by_hour[0]["start"] == f"{begun:%Y-%m-%dT%H}:00:00.000000Z"


def test_a_tag_that_nobody_has_is_empty(client: FlaskClient, sender: Sender) -> None:
    found = client.get("/v1/tags/nobody", headers=sender.basic).get_json()
    assert (found["messages"], found["click_rate"], found["first_on"], found["pieces"]) == (0, None, None, [])


def test_a_tag_that_cannot_be_stored_is_unknown(client: FlaskClient, sender: Sender) -> None:
    assert client.get("/v1/tags/a%00", headers=sender.basic).status_code == 404


def test_a_period_of_tags_must_be_one(client: FlaskClient, sender: Sender) -> None:
    for path in ("/v1/tags", "/v1/tags/a", "/v1/tags.csv"):
        asked = "from=2026-11-22T09:00:00Z&to=2026-11-22T08:00:00Z"
        assert client.get(f"{path}?{asked}", headers=sender.basic).get_json()["errors"].keys() == {"to"}
    assert client.get("/v1/tags.csv?delimiter=x", headers=sender.basic).status_code == 422


def test_tags_are_exported_as_csv(client: FlaskClient, sender: Sender) -> None:
    make_message(sender, tags=["=1+1"])
    answer = client.get("/v1/tags.csv?delimiter=semicolon", headers=sender.basic)
    assert answer.text.splitlines()[0] == "\ufefftag;messages;with_link;clicked;click_rate;first_on;last_on"
    assert answer.text.splitlines()[1].startswith("'=1+1;1;1;0;0.0;")


def test_a_list_has_totals(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    made = [make_message(sender, tags=["a"]) for _ in range(2)]
    make_message(other_sender, tags=["a"])
    client.get(f"/{slug_of(made[0].link)}", headers={"User-Agent": BROWSER})
    for asked in ("tag=a", "visitor=person&tag=a"):
        found = client.get(f"/v1/messages/totals?{asked}", headers=sender.basic).get_json()
        messages = 2 if asked == "tag=a" else 1
        assert (found["messages"], found["clicked"], found["click_rate"]) == (messages, 1, 1 / messages)
        assert (found["complete"], found["looked_at"], found["counted_on"]) == (True, None, None)
    assert client.get("/v1/messages/totals?limit=3", headers=sender.basic).status_code == 422
