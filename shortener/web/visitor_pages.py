"""The pages that a visitor sees where there is no redirect, in the visitor's language; and where `/` leads.

They run no script and load nothing.
"""

import hashlib
from base64 import b64encode
from functools import lru_cache

from flask import Blueprint, Response, render_template, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from shortener.accounts import recipient_pages
from shortener.accounts.recipient_pages import RecipientPages
from shortener.rules import contact
from shortener.running.services import services
from shortener.web.access import public
from shortener.web.visitor_texts import DEFAULT, RETRY, TEXTS, language_for

blueprint = Blueprint("pages", __name__)
# Allows the one style of the page by its digest, and no other.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DASHBOARD = "/dashboard"
RETRY_AFTER = 5  # seconds


@blueprint.get("/robots.txt")
@public
def robots() -> Response:
    """Keep crawlers out: a shortlink is for one recipient."""
    return Response("User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/")
@public
def home() -> Response:
    """Redirect to the fallback URL if it is set, else to the dashboard."""
    return _private(Response(status=302, headers={"Location": services().settings.fallback_url or DASHBOARD}))


def gone(name: str, sender: RecipientPages | None = None) -> Response:
    """Answer a click on a link that does not redirect: with the sender's fallback URL if it is set, else with a page.

    `sender` is what the link's account has; by default, it is what the operator has.
    `name` is `unknown` (404), `expired` or `off` (410), or `limited`: an unknown one of too many, for which there is
    always a page (429).
    """
    sender = sender or recipient_pages.of_installation(services().settings)
    if name == "limited":
        return page(429, "unknown", sender)
    if sender.fallback_url is None:
        return page(404 if name == "unknown" else 410, name, sender)
    response = Response(status=302, headers={"Location": sender.fallback_url})
    return _private(response)


def page(status: int, name: str, sender: RecipientPages | None = None) -> Response:
    """Return the page `name` of `TEXTS` in the language that the visitor's browser asks for."""
    language = language_of(request.headers.get("Accept-Language", ""))
    sender = sender or recipient_pages.of_installation(services().settings)
    html = _html(name, language, sender, retry=status == 503)
    response = Response(html, status=status, content_type="text/html; charset=utf-8")
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    response.headers["Content-Security-Policy"] = policy_of(html)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return _private(response)


@lru_cache(maxsize=256)  # the browsers of a country send the same few headers
def language_of(header: str) -> str:
    """Return the language of `TEXTS` that an `Accept-Language` header ranks highest; English if it names none of them.

    A tag with a region counts as its language: `ja-JP, en;q=0.9` is Japanese.
    """
    accepted = parse_accept_header(header, LanguageAccept)  # the highest q first
    wanted = (language_for(tag) for tag, q in accepted if q > 0)
    return next((language for language in wanted if language is not None), DEFAULT)


def _html(name: str, language: str, sender: RecipientPages, *, retry: bool) -> str:
    text = TEXTS[language][name]
    return render_template(
        "visitor.html",
        language=language,
        title=text.title,
        text=text.sentence,
        retry=RETRY[language] if retry else None,
        reload=RETRY_AFTER if retry else None,
        sender=sender.sender_name,
        contact=sender.sender_contact,
        href=contact.href(sender.sender_contact) if sender.sender_contact else None,
    )


def policy_of(html: str) -> str:
    """Return the content security policy for a page that has one style and nothing else."""
    style = html.partition("<style>")[2].partition("</style>")[0]
    return CONTENT_SECURITY_POLICY.format(style=b64encode(hashlib.sha256(style.encode()).digest()).decode())


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
