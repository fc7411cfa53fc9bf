"""A real browser, which reaches nothing but this machine, and a fresh profile for each test."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests import chromium

ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",  # a container's is small
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = chromium.found()
    if executable is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(chromium.WANTED)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile, of somebody who reads English."""
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(10_000)  # milliseconds
    yield context
    context.close()


@dataclass
class Seen:
    """What a page has asked for, and what the browser refused it."""

    requests: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def strangers(self, own: str) -> list[str]:
        """Requests that went elsewhere."""
        return [url for url in self.requests if not url.startswith((own, "data:", "blob:"))]


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def page(context: BrowserContext, seen: Seen) -> Page:
    page = context.new_page()
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: _note(message, seen))
    page.on("pageerror", lambda error: seen.refused.append(str(error)))
    return page


def _note(message: ConsoleMessage, seen: Seen) -> None:
    if "Content Security Policy" in message.text:
        seen.refused.append(message.text)
