"""Pages as a browser without scripts sees them: forms are filled in and sent as they are on the page."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from shortener.accounts import logins, people
from shortener.running.services import services
from shortener.storage import db

PASSWORD = "correct horse battery"
VOID = {"meta", "link", "input", "br", "img", "hr"}


@dataclass
class Form:
    """A form of a page, with the values of its fields."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """A parsed response. Every open tag must be closed."""

    def __init__(self, answer: TestResponse, address: str) -> None:
        super().__init__()
        self.answer, self.status, self.address, self.html = answer, answer.status_code, address, answer.text
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.headings: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self._texts: list[str] = []
        self._select = self._link = ""
        self.feed(self.html)
        assert self._open == [], "tags that are not closed"

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._texts).split())

    @property
    def title(self) -> str:
        [title] = [text for level, text in self.headings if level == "h1"]
        return title

    def form(self, action: str) -> Form:
        [form] = [form for form in self.forms if form.action.split("#")[0].endswith(action)]
        return form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag != "script" or not (named.get("src") or "").startswith("/assets/script."):  # our only one
            self.tags.append((tag, named))
        if tag not in VOID:
            self._open.append(tag)
        value = named.get("value") or ""
        match tag:
            case "form":
                self.forms.append(Form(named.get("action") or self.address, named.get("method") or "get"))
            case "input" if named.get("name") and self.forms:
                self.forms[-1].fields[str(named["name"])] = value
            case "textarea" | "select":
                self._select = str(named["name"])
                self.forms[-1].fields.setdefault(self._select, "")
            case "option" if "selected" in named:
                self.forms[-1].fields[self._select] = value
            case "a":
                self._link = named.get("href") or ""
            case "h1" | "h2" | "h3":
                self.headings.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID or (
            self._open and self._open[-1] in {"path", "rect", "line", "circle"} and tag != self._open[-1]
        ):
            return
        assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self._texts.append(data)
        inside = self._open[-1] if self._open else ""
        if "a" in self._open:
            self.links[data.strip()] = self._link
        if inside == "textarea":
            self.forms[-1].fields[self._select] = data.removeprefix("\n")
        for level in ("h1", "h2", "h3"):
            if level in self._open:
                self.headings[-1] = (level, (self.headings[-1][1] + data).strip())


class Browser:
    """A browser of one person."""

    def __init__(self, app: Flask, **headers: str) -> None:
        app.config["PREFERRED_URL_SCHEME"] = services().settings.base_url.partition("://")[0]
        self.client = app.test_client()
        self.headers = headers

    def open(self, path: str, **more: Any) -> Page:
        """Open a path, and follow redirects."""
        return self._page(self.client.get(path, headers=self.headers, follow_redirects=True, **more))

    def send(self, form: Form, **fields: str) -> Page:
        """Fill in a form and send it; it must have these fields."""
        assert set(fields) <= set(form.fields), form.fields
        path = form.action.split("#")[0]
        if form.method == "get":
            return self._page(self.client.get(path, query_string=form.fields | fields, follow_redirects=True))
        answer = self.client.post(path, data=form.fields | fields, headers=self.headers, follow_redirects=True)
        return self._page(answer)

    def sign_in(self, name: str, password: str = PASSWORD) -> Page:
        page = self.open("/dashboard/sign-in")
        return self.send(page.form("/sign-in"), name=name, password=password)

    def _page(self, answer: TestResponse) -> Page:
        return Page(answer, answer.request.path + ("?" + answer.request.query_string.decode()).rstrip("?"))


def make_person(name: str, account: str | None = "shop", role: str | None = "owner", *, operator: bool = False) -> None:
    with db.write() as session:
        people.create(session, name, PASSWORD, account=account, role=role, operator=operator, now=db.now(session))


def seated(app: Flask, name: str) -> Browser:
    """A browser in which that person is signed in, without typing anything."""
    browser = Browser(app)
    with db.write() as session:
        token = logins.start(session, people.named(session, name), now=db.now(session))
    browser.client.set_cookie("dashboard", token, path="/dashboard")
    return browser


def without(values: Iterable[str], page: Page) -> bool:
    """Whether none of these texts is in the page unescaped."""
    return not [value for value in values if value in page.html]


def upload(browser: Browser, content: bytes, name: str = "campaign.csv") -> Page:
    """Upload a campaign's file; return the page that follows."""
    form = browser.open("/dashboard/campaigns").form("/campaigns/upload")
    fields = {**form.fields, "file": (BytesIO(content), name)}
    answer = browser.client.post("/dashboard/campaigns/upload", data=fields, follow_redirects=True)
    return browser._page(answer)


def uploaded(browser: Browser) -> str:
    """Upload a campaign of one message; return its id."""
    return upload(browser, b"text\nhttps://shop.example.com/a\n").address.rpartition("/")[2]
