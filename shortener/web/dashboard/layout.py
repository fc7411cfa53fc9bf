"""The layout that all pages of the dashboard share, and their headers."""

from typing import Any, Final

from flask import Response, request, url_for
from flask_babel import lazy_gettext as _

from shortener.running.services import services
from shortener.web.dashboard import access, assets, language

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
EXPORTS: Final = "dashboard.exports"  # is shown if there is a storage for them
PAGES: Final = (
    ("dashboard.overview", _("Overview")),
    ("dashboard.messages", _("Messages")),
    ("dashboard.first_clicks", _("Clicks")),
    ("dashboard.tags", _("Tags")),
    ("dashboard.callbacks", _("Callbacks")),
    (EXPORTS, _("Exports")),
    ("dashboard.try_it", _("Try it")),
    ("dashboard.account", _("Account")),
)
OPERATORS: Final = (("dashboard.operator", _("Operator")),)


def frame() -> dict[str, Any]:
    """The variables of the layout template."""
    current = access.signed_in_person()
    return {
        "current": current,
        "own_pages": _pages(current) if current else (),
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
    headers["Referrer-Policy"] = "same-origin"
    headers["X-Robots-Tag"] = "noindex"
    headers["Cache-Control"] = "no-store"
    return language.remember(response)


def _pages(current: access.SignedInPerson) -> list[tuple[str, Any]]:
    """The pages that a person may see: endpoint and name."""
    left_out = () if services().settings.export_places else (EXPORTS,)
    own = [page for page in PAGES if page[0] not in left_out] if current.of is not None else []
    return [*own, *(OPERATORS if current.person.operator else ())]
