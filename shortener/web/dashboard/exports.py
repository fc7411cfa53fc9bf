"""The account's exports to the operator's storage: a list, a form that starts one, and canceling."""

from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shortener.errors import ExportNameTakenError, ExportSettledError, InvalidFieldsError, OpenExportsError
from shortener.exports import asking, lists
from shortener.exports.lists import ExportFilter
from shortener.reporting.message_filter import FILTERS, Conditions
from shortener.running.services import services
from shortener.storage import db
from shortener.web.api import export_jobs as api
from shortener.web.dashboard import forms, periods
from shortener.web.dashboard.access import SignedInPerson, for_owners, for_viewers

PAGE: Final = 25
NAME_TAKEN: Final = "belongs to another export"


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/exports", view_func=exports)
    blueprint.add_url_rule("/exports/start", view_func=start_export, methods=["POST"])
    blueprint.add_url_rule("/exports/<export_id>/cancel", view_func=cancel_export, methods=["POST"])


@for_viewers
def exports(current: SignedInPerson) -> ResponseReturnValue:
    """List the exports, the newest first; the form is for the messages that the page's filter selects."""
    given = periods.given(request.args, current.zone)
    page = ExportFilter.check({name: given.pop(name) for name in ("cursor",) if name in given})
    return _page(current, Conditions.check(given).parameters(), page)


@for_owners
def start_export(current: SignedInPerson) -> ResponseReturnValue:
    """Start an export of the messages that the form's filter selects."""
    given = periods.given(forms.fields(), current.zone)
    given.pop(forms.TOKEN, None)
    wanted = {name: value for name, value in given.items() if name in FILTERS}
    try:
        api.started(current.account, given, current.actor)
    except ExportNameTakenError:
        return _page(current, wanted, faults={"name": [NAME_TAKEN]}, filled=given), 409
    except OpenExportsError:
        return _page(current, wanted, most_open=asking.MOST_OPEN, filled=given), 429
    except InvalidFieldsError as error:
        return _page(current, wanted, faults=error.fields, filled=given), 422
    return redirect(url_for("dashboard.exports", done="exporting"), 303)


@for_owners
def cancel_export(current: SignedInPerson, export_id: str) -> ResponseReturnValue:
    """Take an export back that has not ended."""
    try:
        api.canceled(current.account, export_id, current.actor)
    except ExportSettledError:
        return redirect(url_for("dashboard.exports", done="export-ended"), 303)
    return redirect(url_for("dashboard.exports", done="export-canceled"), 303)


def _page(current: SignedInPerson, wanted: dict[str, str], page: ExportFilter | None = None, **more: Any) -> str:
    settings = services().settings
    with db.read() as session:
        found = lists.find(session, current.account, page or ExportFilter(), size=PAGE)
        reports = lists.reports(session, found.rows, settings.base_url)
    return render_template(
        "dashboard/exports.html",
        exports=reports,
        next=found.next,
        wanted=wanted,
        buckets={bucket: bucket for bucket in settings.export_places if bucket},
        is_configured=bool(settings.export_places),
        **{"faults": {}, "filled": {}, "most_open": None, **more},
    )
