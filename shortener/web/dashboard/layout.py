"""The layout that all pages of the dashboard share, and their headers."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from flask import Response, request, url_for
from flask_babel import lazy_gettext as _

from shortener.running.services import services
from shortener.web.dashboard import access, assets, language

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


class Page(NamedTuple):
    """A page of the navigation."""

    endpoint: str
    name: Any
    needs: Callable[[access.SignedInPerson], bool] = lambda current: current.of is not None


def _changes(current: access.SignedInPerson) -> bool:
    return current.of is not None and current.may_change


def _exports(current: access.SignedInPerson) -> bool:
    return current.of is not None and bool(services().settings.export_places)


def _operates(current: access.SignedInPerson) -> bool:
    return current.person.operator


# The first page of a group is what its name leads to. A new page belongs to a group: a phone has room for six names.
GROUPS: Final = (
    (_("Overview"), (Page("dashboard.overview", _("Overview")),)),
    (
        _("Messages"),
        (
            Page("dashboard.messages", _("All messages")),
            Page("dashboard.new_message", _("Make a message"), _changes),
            Page("dashboard.campaigns", _("Campaigns from files")),
            Page("dashboard.tags", _("Tags")),
            Page("dashboard.exports", _("Exports"), _exports),
            Page("dashboard.try_it", _("Try it")),
        ),
    ),
    (_("Clicks"), (Page("dashboard.first_clicks", _("Clicks")),)),
    (_("Callbacks"), (Page("dashboard.callbacks", _("Callbacks")),)),
    (
        _("Account"),
        (Page("dashboard.account", _("Settings")), Page("dashboard.audit", _("Audit log"), _changes)),
    ),
    (
        _("Operator"),
        (
            Page("dashboard.operator", _("Installation"), _operates),
            Page("dashboard.audit_of_all", _("Audit log"), _operates),
        ),
    ),
)


def frame() -> dict[str, Any]:
    """The variables of the layout template."""
    current = access.signed_in_person()
    return {
        "current": current,
        "groups": _groups(current) if current else (),
        "spoken": language.spoken(),
        "languages": language.LANGUAGES,
        "style": url_for("assets.asset", name=assets.STYLE.name),
        "script": url_for("assets.asset", name=assets.SCRIPT.name),
        "icon": url_for("assets.asset", name=assets.ICON.name),
        "zone": access.shown_zone().key,
        "base_url": services().settings.base_url,
        "done": request.args.get("done"),
    }


def finish(response: Response) -> Response:
    """Add the headers that every page has."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    # Not `no-referrer`: browsers would then send no `Origin` with forms.
    headers.setdefault("Referrer-Policy", "same-origin")
    headers["X-Robots-Tag"] = "noindex"
    headers["Cache-Control"] = "no-store"
    return language.remember(response)


def _groups(current: access.SignedInPerson) -> list[tuple[Any, list[Page]]]:
    """The groups of pages that a person may see, each with its name."""
    own = [(name, [page for page in pages if page.needs(current)]) for name, pages in GROUPS]
    return [(name, pages) for name, pages in own if pages]
