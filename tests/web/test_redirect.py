"""`GET /<slug>`: what the visitor gets, and what is recorded."""

from ipaddress import ip_network
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import EnvironBuilder, TestResponse

from shortener.accounts import senders
from shortener.config.settings import Settings
from shortener.rules.visitors import agents
from shortener.rules.visitors.device import NO_DEVICE, Device
from shortener.running.late_answers import LATE_ANSWER, Answer, LateAnswer
from shortener.running.services import services
from shortener.running.strangers import UNKNOWN_LINKS
from shortener.storage import db
from shortener.storage.models import Callback, Click, Link
from shortener.web import path_groups, redirect
from shortener.web.path_groups import PathGroup
from tests.conftest import running
from tests.support import database_faults
from tests.support.factories import BROWSER, DAY, NOW, PREVIEW, TARGET, Sender, make_account, make_message, slug_of
from tests.support.waiting import until

CALLBACK = "http://127.0.0.1:9/clicked"


def click(client: FlaskClient, slug: str, agent: str = BROWSER, **headers: str) -> TestResponse:
    return client.get(f"/{slug}", headers={"User-Agent": agent, **headers})


HEALTHY = {"status": "ok", "clicks_spooled": 0, "clicks_lost": 0, "clock": "ok"}


def clicks_stored() -> list[Click]:
    with db.read() as session:
        return list(session.scalars(select(Click)))


def callbacks_stored() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Callback)).one()


def is_accessed() -> bool:
    with db.read() as session:
        return session.scalars(select(Link.accessed_on)).one() is not None


def test_a_click_gets_an_empty_uncached_redirect(client: FlaskClient, sender: Sender) -> None:
    answer = click(client, slug_of(make_message(sender).link))
    assert (answer.status_code, answer.data) == (302, b"")
    assert answer.headers["Location"] == TARGET
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Content-Type" not in answer.headers


def test_the_click_is_stored_with_class_and_reason(client: FlaskClient, sender: Sender) -> None:
    click(client, slug_of(make_message(sender, lt_callbackurl=CALLBACK).link))
    [stored] = clicks_stored()
    assert stored.visitor == "person"
    assert stored.reason
    assert is_accessed()
    assert callbacks_stored() == 1


def test_a_preview_is_redirected_without_counting(client: FlaskClient, sender: Sender) -> None:
    answer = click(client, slug_of(make_message(sender, lt_callbackurl=CALLBACK).link), PREVIEW)
    assert answer.status_code == 302
    assert [stored.visitor for stored in clicks_stored()] == ["preview"]
    assert not is_accessed()
    assert callbacks_stored() == 0


class Kept(LateAnswer):
    """Keeps the answer that a server would send."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def send(self, answer: Answer) -> None:
        """Keep it."""
        self.answers.append(answer)


def click_later(app: Flask, slug: str, method: str = "GET") -> tuple[Kept, object]:
    """Click as under a server that sends late answers; return the answer, and what the application returned."""
    kept = Kept()
    builder = EnvironBuilder(f"/{slug}", method=method, headers={"User-Agent": BROWSER})
    body = app({**builder.get_environ(), LATE_ANSWER: kept}, lambda status, _: kept.answers.append(Answer(status, [])))
    return kept, body


def test_a_late_answer_is_the_same(app: Flask, client: FlaskClient, sender: Sender) -> None:
    slug = slug_of(make_message(sender).link)
    kept, body = click_later(app, slug)
    assert body is kept
    until(lambda: len(kept.answers) == 1)
    assert len(clicks_stored()) == 1
    direct = click(client, slug)
    assert kept.answers == [Answer(direct.status, list(direct.headers))]


def test_what_stores_no_click_is_answered_at_once(app: Flask, sender: Sender) -> None:
    slug = slug_of(make_message(sender).link)
    for path, method, status in ((slug, "HEAD", "302 FOUND"), (f"{slug[:-1]}_", "GET", "404 NOT FOUND")):
        kept, body = click_later(app, path, method)
        assert body is not kept
        assert [answer.status for answer in kept.answers] == [status]


def test_a_late_answer_can_be_an_error(app: Flask, sender: Sender, database_url: str) -> None:
    slug = slug_of(make_message(sender).link)
    services().settings.spool_folder.parent.mkdir(parents=True, exist_ok=True)
    services().settings.spool_folder.touch()  # a file where the folder should be
    with database_faults.read_only(database_url):
        kept, _ = click_later(app, slug)
        until(lambda: len(kept.answers) == 1)
    [answer] = kept.answers
    assert answer.status == "503 SERVICE UNAVAILABLE"
    assert b"<html" in answer.body
    assert services().recorder.counts() == (0, 1)


def test_head_answers_the_same_and_records_nothing(client: FlaskClient, sender: Sender) -> None:
    slug = slug_of(make_message(sender).link)
    head = client.head(f"/{slug}", headers={"User-Agent": BROWSER})
    assert clicks_stored() == []
    get = click(client, slug)
    assert (head.status_code, list(head.headers)) == (get.status_code, list(get.headers))


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Sec-Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("Purpose", "Prefetch"),
        ("X-Moz", "prefetch"),
    ],
)
def test_a_prefetch_is_refused(client: FlaskClient, sender: Sender, header: str, value: str) -> None:
    slug = slug_of(make_message(sender).link)
    answer = click(client, slug, **{header: value})
    assert (answer.status_code, answer.data) == (503, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Location" not in answer.headers
    assert clicks_stored() == []


def test_a_prefetch_of_an_unknown_link_is_just_unknown(client: FlaskClient, app: object) -> None:
    assert click(client, "AAAAAAAAAA", **{"Sec-Purpose": "prefetch"}).status_code == 404


@pytest.mark.parametrize("slug", ["AAAAAAAAAA", "0000000000", "aB3dE6gH9j"])
def test_an_unknown_slug_is_404_with_a_page(client: FlaskClient, app: object, slug: str) -> None:
    answer = click(client, slug)
    assert answer.status_code == 404
    assert answer.content_type == "text/html; charset=utf-8"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    ["/short", "/short/", "/x/AAAAAAAAAA", "/toolongaslug", "/%00aaaaaaaaa", "/%ff", "/a/b", "/..%2fadmin", "/日本語"],
)
def test_what_is_no_slug_is_404_and_never_500(client: FlaskClient, app: object, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(("accepted", "language"), [("ja", "ja"), ("fr, ko;q=0.5", "ko"), ("fr", "en"), ("", "en")])
def test_a_dead_link_speaks_the_visitors_language(
    client: FlaskClient, sender: Sender, accepted: str, language: str
) -> None:
    expired = slug_of(make_message(sender, now=NOW - 1000 * DAY).link)
    for slug, status in ((expired, 410), ("AAAAAAAAAA", 404)):
        for _ in range(2):  # created, and then cached
            page = click(client, slug, **{"Accept-Language": accepted})
            assert (page.status_code, page.headers["Content-Language"]) == (status, language)
            assert f'<html lang="{language}">' in page.text
            head = client.head(f"/{slug}", headers={"Accept-Language": accepted})
            assert (head.status_code, head.data, list(head.headers)) == (status, b"", list(page.headers))


def test_dead_links_redirect_to_the_fallback(settings: Settings) -> None:
    with running(settings.model_copy(update={"fallback_url": "https://www.example.com/gone"})) as app:
        for _ in range(2):
            answer = click(app.test_client(), "AAAAAAAAAA")
            assert (answer.status_code, answer.headers["Location"]) == (302, "https://www.example.com/gone")
            assert answer.headers["Cache-Control"] == "private, no-store"


def test_an_expired_link_records_no_clicks(client: FlaskClient, sender: Sender) -> None:
    answer = click(client, slug_of(make_message(sender, now=NOW - 1000 * DAY).link))
    assert answer.status_code == 410
    assert "<h1>Link expired</h1>" in answer.text
    assert "Location" not in answer.headers
    assert clicks_stored() == []


@pytest.mark.parametrize("age", [0, 1000])
def test_a_switched_off_link_stays_410(client: FlaskClient, sender: Sender, age: int) -> None:
    done = make_message(sender, now=NOW - age * DAY)
    client.post(f"/v1/messages/{done.message.msgid}/off", headers=sender.bearer)
    answer = click(client, slug_of(done.link))
    assert answer.status_code == 410
    assert "<h1>Link switched off</h1>" in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_405_and_record_nothing(client: FlaskClient, sender: Sender, method: str) -> None:
    answer = client.open(f"/{slug_of(make_message(sender).link)}", method=method, headers={"User-Agent": BROWSER})
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}
    assert clicks_stored() == []


def test_a_signed_url_survives_byte_for_byte(client: FlaskClient, sender: Sender) -> None:
    target = "https://files.example.com/a%2Fb/?sig=a%2Bb+c==&x=[1]&y=2|3&e=%e3%81%82"
    answer = click(client, slug_of(make_message(sender, target).link))
    assert answer.headers["Location"] == target


@pytest.mark.parametrize("behind", [".", ")", "%E3%81%A7%E3%81%99", "'DA", ",", "%0A", "%ff"])
def test_a_messengers_glued_text_is_ignored(client: FlaskClient, sender: Sender, behind: str) -> None:
    answer = client.get(f"/{slug_of(make_message(sender).link)}{behind}", headers={"User-Agent": BROWSER})
    assert (answer.status_code, answer.headers.get("Location")) == (302, TARGET)


@pytest.mark.parametrize(
    "behind", ["/", "/?fbclid=1", "/x", "/x/y/", "//", "/.", ".//x", "/%0A", "です/", "/index.html?a=b"]
)
@pytest.mark.parametrize("before", ["/", "//"])
def test_slashes_around_the_slug_do_no_harm(client: FlaskClient, sender: Sender, before: str, behind: str) -> None:
    slug = slug_of(make_message(sender).link)
    path, _, query = f"{before}{slug}{behind}".partition("?")
    # Flask's test client would read a path that begins with two slashes as a host.
    sent = {"PATH_INFO": unquote(path).encode().decode("latin-1"), "QUERY_STRING": query}
    answer = client.get("/", headers={"User-Agent": BROWSER}, environ_overrides=sent)
    assert (answer.status_code, answer.headers.get("Location")) == (302, TARGET)
    assert len(clicks_stored()) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_another_method_is_refused_where_slashes_follow(client: FlaskClient, sender: Sender, method: str) -> None:
    answer = client.open(f"/{slug_of(make_message(sender).link)}/x", method=method)
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"GET", "HEAD"})


def test_a_group_of_paths_may_begin_like_a_slug(app: Flask, client: FlaskClient) -> None:
    refused = Response("theirs", status=404)
    path_groups.add(app, PathGroup(prefixes=("/FriendTalk/v1/",), refuse=lambda _error: refused))
    assert client.get("/FriendTalk/v1/messages").text == "theirs"
    assert client.get("/FriendTalk/v1").text != "theirs"
    assert client.get("/FriendTalk").text != "theirs"


@pytest.mark.parametrize("behind", ["Please", "1win", "24h", "Info/"])
def test_a_word_glued_to_the_slug_is_ignored(client: FlaskClient, sender: Sender, behind: str) -> None:
    answer = client.get(f"/{slug_of(make_message(sender).link)}{behind}", headers={"User-Agent": BROWSER})
    assert (answer.status_code, answer.headers.get("Location")) == (302, TARGET)


@pytest.mark.parametrize("behind", ["x", "0", "X", "X1", "x/"])
def test_a_longer_path_is_no_slug(client: FlaskClient, sender: Sender, behind: str) -> None:
    assert click(client, slug_of(make_message(sender).link) + behind).status_code == 404


def test_the_slugs_case_matters(client: FlaskClient, sender: Sender) -> None:
    assert click(client, slug_of(make_message(sender).link).swapcase()).status_code == 404


def test_a_query_behind_the_slug_changes_nothing(client: FlaskClient, sender: Sender) -> None:
    answer = client.get(f"/{slug_of(make_message(sender).link)}?fbclid=1", headers={"User-Agent": BROWSER})
    assert answer.headers["Location"] == TARGET


def test_an_unstorable_click_redirects_and_is_imported(client: FlaskClient, sender: Sender, database_url: str) -> None:
    slug = slug_of(make_message(sender, lt_callbackurl=CALLBACK).link)
    with database_faults.read_only(database_url):
        answer = click(client, slug)
        assert (answer.status_code, answer.headers["Location"]) == (302, TARGET)
        if database_url.startswith("postgresql:"):
            told = client.get("/healthz")
            assert (told.status_code, told.json and told.json["code"]) == (503, "unavailable")
        else:
            assert client.get("/healthz").json == HEALTHY | {"clicks_spooled": 1}
    until(lambda: len(clicks_stored()) == 1)
    assert is_accessed()
    assert callbacks_stored() == 1
    until(lambda: client.get("/healthz").json == HEALTHY)


def test_an_unavailable_database_is_503_never_404(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = slug_of(make_message(sender).link)

    def away(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("could not connect"))

    monkeypatch.setattr(redirect, "resolve", away)
    answer = click(client, slug, **{"Accept-Language": "ja"})
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert '<a href="">もう一度試す</a>' in answer.text
    assert '<html lang="ja">' in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Location" not in answer.headers


def test_a_restored_database_is_used_again(client: FlaskClient, sender: Sender, database_url: str) -> None:
    if database_url.startswith("sqlite:"):
        pytest.skip("a file does not go away")
    slug = slug_of(make_message(sender).link)
    assert client.head(f"/{slug}").status_code == 302
    with database_faults.unreachable(database_url):
        assert [click(client, slug).status_code for _ in range(3)] == [503] * 3
        assert client.head(f"/{slug}").headers["Retry-After"] == "5"
    assert click(client, slug).status_code == 302
    assert len(clicks_stored()) == 1


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/nothing", "sqlite:////nowhere/at/all.sqlite3"])
def test_an_unreachable_database_is_503(tmp_path: Path, url: str) -> None:
    with running(Settings(database_url=url, data=tmp_path, secret_key="k" * 40)) as app:
        client = app.test_client()
        page = click(client, "AAAAAAAAAA", **{"Accept-Language": "ko"})
        assert page.status_code == client.head("/AAAAAAAAAA").status_code == 503
        assert page.headers["Retry-After"] == "5"
        assert '<html lang="ko">' in page.text
        assert '<a href="">다시 시도</a>' in page.text
        assert client.get("/healthz").status_code == 503
        assert click(client, "not-a-slug").status_code == 404  # this needs no database


@pytest.mark.parametrize("agent", ["", "\x01", "x" * 100_000, "💥 emoji", "<script>alert(1)</script>"])
def test_no_agent_breaks_the_redirect(client: FlaskClient, sender: Sender, agent: str) -> None:
    slug = slug_of(make_message(sender).link)
    answer = client.get(f"/{slug}", environ_overrides={"HTTP_USER_AGENT": agent.encode().decode("latin-1")})
    assert answer.status_code == 302
    assert len(clicks_stored()) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", None),
        ("unix:", None),
    ],
)
def test_the_visitors_network_is_stored_on_request(settings: Settings, address: str, network: str | None) -> None:
    with running(settings.model_copy(update={"store_address": "truncated"})) as app:
        slug = slug_of(make_message(make_account("shop")).link)
        headers = {"User-Agent": BROWSER}
        app.test_client().get(f"/{slug}", headers=headers, environ_overrides={"REMOTE_ADDR": address})
        assert [stored.network for stored in clicks_stored()] == [network]


def test_by_default_no_address_is_stored(client: FlaskClient, sender: Sender) -> None:
    click(client, slug_of(make_message(sender).link))
    assert [stored.network for stored in clicks_stored()] == [None]


def devices_stored() -> list[Device]:
    return [Device(stored.system, stored.app, stored.device) for stored in clicks_stored()]


def test_persons_are_stored_with_their_devices(client: FlaskClient, sender: Sender) -> None:
    slug = slug_of(make_message(sender).link)
    for agent in (agents.ORDINARY[3], "WhatsApp/2.23.20 A"):
        client.get(f"/{slug}", headers={"User-Agent": agent})
    assert devices_stored() == [Device("ios", "safari", "phone"), NO_DEVICE]


def test_a_setting_turns_devices_off(settings: Settings) -> None:
    with running(settings.model_copy(update={"store_device": "off"})) as app:
        click(app.test_client(), slug_of(make_message(make_account("shop")).link))
        assert devices_stored() == [NO_DEVICE]


def test_the_operators_list_decides_over_ours(settings: Settings) -> None:
    changes = "+scanner gatewayprobe\nscanner 198.51.100.0/24\n"
    with running(settings.model_copy(update={"visitors": changes})) as app:
        slug = slug_of(make_message(make_account("shop")).link)
        for agent, address in ((f"{BROWSER} GatewayProbe/1", "192.0.2.1"), (BROWSER, "198.51.100.9")):
            headers = {"User-Agent": agent}
            app.test_client().get(f"/{slug}", headers=headers, environ_overrides={"REMOTE_ADDR": address})
        assert [stored.visitor for stored in clicks_stored()] == ["scanner", "scanner"]
        assert not is_accessed()


def from_carrier(client: FlaskClient, slug: str) -> TestResponse:
    """A click from an address that many people share."""
    return client.get(f"/{slug}", headers={"User-Agent": BROWSER}, environ_base={"REMOTE_ADDR": "20.30.40.50"})


def test_a_scanners_network_gets_429_for_misses_alone(client: FlaskClient, sender: Sender) -> None:
    slug = slug_of(make_message(sender).link)
    misses = [from_carrier(client, "AAAAAAAAAA") for _ in range(UNKNOWN_LINKS + 1)]
    assert [miss.status_code for miss in misses] == [404] * UNKNOWN_LINKS + [429]
    assert 1 <= int(misses[-1].headers["Retry-After"]) <= 60
    assert misses[-1].data == misses[0].data
    assert from_carrier(client, slug).status_code == 302
    assert click(client, "AAAAAAAAAA").status_code == 404


def test_the_visitors_network_counts_and_not_the_proxys(settings: Settings) -> None:
    with running(settings.model_copy(update={"trusted_proxies": (ip_network("127.0.0.0/8"),)})) as app:
        client = app.test_client()
        scans = [click(client, "AAAAAAAAAA", **{"X-Forwarded-For": "20.30.40.50"}) for _ in range(UNKNOWN_LINKS + 1)]
        assert [scan.status_code for scan in scans][-2:] == [404, 429]
        assert click(client, "AAAAAAAAAA", **{"X-Forwarded-For": "20.30.41.50"}).status_code == 404


def test_a_dead_link_names_its_account(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    paths = []
    for each in (sender, other_sender):
        paths.append("/" + slug_of(make_message(each, now=NOW - 1000 * DAY).link))
        client.get(paths[-1])  # the answer is remembered, but not after a change
        with db.write() as session:
            senders.configure(session, each.name, {"sender_name": f"The {each.name}"})
    assert ["The shop" in client.get(path).text for path in paths] == [True, False]
    assert ["The stranger" in client.get(path).text for path in paths] == [False, True]
    with db.write() as session:
        senders.configure(session, "shop", {"fallback_url": "https://shop.example.com/"})
    assert [client.get(path).location for path in paths] == ["https://shop.example.com/", None]
    assert "The " not in client.get("/AAAAAAAAAA").text
