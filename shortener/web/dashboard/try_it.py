"""Try a message without storing it."""

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from shortener.errors import InvalidFieldsError
from shortener.messages import dry_run
from shortener.messages.submission import DryRunRequest
from shortener.running.services import services
from shortener.storage import db
from shortener.validation.types import MESSAGE_LENGTH
from shortener.web.dashboard import forms, highlight
from shortener.web.dashboard.access import SignedInPerson, for_viewers

FIELDS = ("message", "detection", "bare_domains")


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/try", view_func=try_it, methods=["GET", "POST"])


@for_viewers
def try_it(current: SignedInPerson) -> ResponseReturnValue:
    """Show the form, and what would be replaced and skipped in the message, and its SMS parts."""
    if not forms.sent():
        return _page(current, {})
    given = {name: value for name, value in forms.fields().items() if name in FIELDS}
    # Browsers send line ends as CR LF; in a message they are LF.
    text = given["message"] = given.get("message", "").replace("\r\n", "\n")
    try:
        if not text:
            raise InvalidFieldsError({"message": ["is required"]})
        question = DryRunRequest.check(given)
    except InvalidFieldsError as error:
        return _page(current, given, faults=error.fields), 422
    site = services().site
    with db.read() as session:
        finding = dry_run.finding(session, text, current.account, question, site, now=db.now(session))
    shortlink = f"{site.base_url}/{dry_run.SAMPLE_SLUG}"
    checked = dry_run.checked(text, finding, current.account, question, site)
    return _page(
        current,
        given,
        checked=checked,
        pieces=highlight.of(text, finding),
        sent=highlight.sent(text, finding, shortlink),
    )


def _page(current: SignedInPerson, given: dict[str, str], **found: Any) -> str:
    return render_template("dashboard/try_it.html", given=given, account=current.account, most=MESSAGE_LENGTH, **found)
