"""The time zone in which a person's pages show times, and read those that are typed."""

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shortener.accounts import people
from shortener.errors import InvalidFieldsError
from shortener.rules import local_time
from shortener.storage import db
from shortener.web.dashboard import forms
from shortener.web.dashboard.access import SignedInPerson, for_people


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/time-zone", view_func=time_zone, methods=["GET", "POST"])


@for_people
def time_zone(current: SignedInPerson) -> ResponseReturnValue:
    """Show the person's time zone; with a form, change it."""
    if not forms.sent():
        return _page(current, current.person.time_zone)
    wanted = forms.fields().get("time_zone", "").strip() or None
    try:
        with db.write() as session:
            people.set_time_zone(people.named(session, current.person.name), wanted)
    except InvalidFieldsError as error:
        return _page(current, wanted, faults=error.fields), 422
    return redirect(url_for("dashboard.time_zone", done="time-zone"), 303)


def _page(current: SignedInPerson, chosen: str | None, **shown: Any) -> str:
    with db.read() as session:
        now = db.now(session)
    of_account = "UTC" if current.of is None else current.of.time_zone
    zones = local_time.names()
    return render_template(
        "dashboard/time_zone.html", chosen=chosen, of_account=of_account, zones=zones, now=now, **shown
    )
