"""The audit log: owners see what was done to their account, operators see everything; both can export it."""

import datetime as dt
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from shortener.accounts import audit
from shortener.accounts.audit import AuditFilter
from shortener.errors import InvalidFieldsError
from shortener.rules.deed import Deed
from shortener.storage import db
from shortener.typed_command import typed
from shortener.web.dashboard import periods
from shortener.web.dashboard.access import SignedInPerson, for_operators, for_owners

MOST: Final = 10_000  # entries in a file; it is built in memory, so that a slow client holds no connection
PERIODS: Final = (_("Today"), _("Yesterday"), _("7 days"))
MEDIA: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/account/audit", endpoint="audit", view_func=of_account)
    blueprint.add_url_rule("/account/audit/export", endpoint="audit_export", view_func=export_of_account)
    blueprint.add_url_rule("/operator/audit", endpoint="audit_of_all", view_func=of_all)
    blueprint.add_url_rule("/operator/audit/export", endpoint="audit_export_of_all", view_func=export_of_all)


@for_owners
def of_account(current: SignedInPerson) -> ResponseReturnValue:
    """List what was done to the account, the newest first."""
    return _page(current, current.account.id)


@for_owners
def export_of_account(current: SignedInPerson) -> ResponseReturnValue:
    """Write what was done to the account as a file."""
    return _file(current, current.account.id)


@for_operators
def of_all(current: SignedInPerson) -> ResponseReturnValue:
    """List what was done to any account and to the installation, the newest first."""
    return _page(current, None)


@for_operators
def export_of_all(current: SignedInPerson) -> ResponseReturnValue:
    """Write what was done to any account and to the installation as a file."""
    return _file(current, None)


def _page(current: SignedInPerson, own: int | None) -> str:
    wanted = AuditFilter.check(periods.given(request.args, current.zone))
    with db.read() as session:
        page, now = audit.find(session, wanted, of=own), db.now(session)
    return render_template(
        "dashboard/audit.html",
        page=page,
        wanted=wanted,
        asked=wanted.parameters(),
        fields={"from": periods.field(wanted.start, current.zone), "to": periods.field(wanted.end, current.zone)},
        periods=_periods(now, current.zone),
        is_of_all=own is None,
        details=audit.shown,
        most=MOST,
        command=typed("audit export"),
    )


def _periods(now: dt.datetime, zone: ZoneInfo) -> list[tuple[LazyString, dict[str, str]]]:
    """Periods that people often ask about: their names, and their parameters in links."""
    today, two_days, week = (periods.last_days(now, days, zone) for days in (1, 2, 7))
    ends = (today, (two_days[0], today[0]), week)
    return [(name, periods.parameters(*each)) for name, each in zip(PERIODS, ends, strict=True)]


def _file(current: SignedInPerson, own: int | None) -> Response:
    given = periods.given(request.args, current.zone)
    kind = given.pop("format", "")
    if kind not in MEDIA:
        raise InvalidFieldsError({"format": ["is no choice"]})
    wanted = AuditFilter.check(given)
    with db.write() as session:
        current.record(session, Deed.AUDIT_EXPORTED)
    with db.read() as session:
        text = "".join(audit.lines(islice(audit.every(session, wanted, of=own), MOST), kind))
    response = Response(text, content_type=MEDIA[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="audit.{kind}"'
    return response
