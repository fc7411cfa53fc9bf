"""Why a visitor was taken for a person, a bot or another class: the stored reasons in the reader's language."""

from typing import Final

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from shortener.web.dashboard import device_labels

REASONS: Final[dict[str, LazyString]] = {
    "browser": _("a browser"),
    "navigate": _("a browser window in which somebody opened the link"),
    "no-browser": _("a phone or a computer, but no known browser"),
    "program": _("a program, not a browser"),
    "empty-agent": _("sent no user agent"),
    "headless": _("a browser without a window"),
    "not-navigate": _("requested by a script, not by opening the link"),
    "purpose-preview": _("fetched for a preview"),
}


def click_reason(stored: str) -> str:
    """Explain a reason as it is stored with a click; one that is not known is shown as it is."""
    kind, _colon, about = stored.partition(":")
    match kind:
        case "in-app" if about:
            return str(gettext("the browser inside %(app)s", app=device_labels.APPS.get(about, about)))
        case "token" if about.startswith("^"):
            return str(gettext("its user agent begins with %(text)s", text=about.removeprefix("^")))
        case "token" if about:
            return str(gettext("its user agent contains %(text)s", text=about))
        case "network" if about:
            return str(gettext("from the network %(network)s, which the operator has listed", network=about))
    return str(REASONS.get(stored, stored))
