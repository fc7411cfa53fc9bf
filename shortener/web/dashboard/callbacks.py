"""The account's callbacks: lists, replays, and a test of a receiver."""

from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shortener.callbacks import replay
from shortener.callbacks.conditions import ListedState
from shortener.errors import InvalidFieldsError
from shortener.reporting import callback_lists, callback_report
from shortener.reporting.callback_lists import Filter
from shortener.rules.wire.moments import EPOCH, rfc3339
from shortener.running.services import services
from shortener.storage import db
from shortener.web.api import callbacks as api
from shortener.web.dashboard import forms, periods, timeline
from shortener.web.dashboard.access import SignedInPerson, for_owners, for_viewers

PAGE: Final = 25
REPLAYABLE: Final = {ListedState.EXHAUSTED, ListedState.DELIVERED}
KEPT: Final = {"state", "destination", "about"}  # of the filter, when its callbacks are replayed


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/callbacks", view_func=callbacks)
    blueprint.add_url_rule("/callbacks/replay", view_func=replay_all, methods=["GET", "POST"])
    blueprint.add_url_rule("/callbacks/test", view_func=test, methods=["GET", "POST"])


@for_viewers
def callbacks(current: SignedInPerson) -> ResponseReturnValue:
    """List the callbacks that the filter selects, the newest first."""
    given = periods.given(request.args, current.zone)
    replayed = given.pop("replayed", "")
    wanted = Filter.check(given)
    asked = wanted.parameters()
    with db.read() as session:
        page = callback_lists.find(session, current.account, wanted, size=PAGE)
        rows = callback_report.summaries(session, page.rows, services().settings.base_url)
        destinations = [] if asked else callback_lists.destinations(session, current.account)
        client_tags = callback_report.client_tags(session, page.rows)
        now = rfc3339(db.now(session))
    return render_template(
        "dashboard/callbacks.html",
        rows=rows,
        client_tags=client_tags,
        next=page.next,
        wanted=wanted,
        asked=asked,
        destinations=destinations,
        is_queued=lambda due: timeline.is_queued(due, now),
        filtered=_filter(wanted),
        can_replay=bool(rows) and current.may_change and wanted.state in REPLAYABLE,
        replayed=int(replayed) if replayed.isascii() and replayed.isdigit() and len(replayed) < 5 else None,
        fields={"from": periods.field(wanted.start, current.zone), "to": periods.field(wanted.end, current.zone)},
    )


@for_owners
def replay_all(current: SignedInPerson) -> ResponseReturnValue:
    """Show how many callbacks the filter of the URL selects; or replay what the form selects, at most 1,000."""
    wanted = Filter.check(periods.given(request.args, current.zone))
    if not forms.sent():
        return _confirmation(current, wanted)
    given = periods.given(forms.fields(), current.zone)
    given.pop(forms.TOKEN, None)
    selection = replay.Selection.check(given)
    with db.read() as session:
        selected = replay.select_all(session, current.account, selection)
    count = api.replay_selected(current.account, selected, current.asker, current.actor)
    shown: dict[str, Any] = {**_filter(wanted), "replayed": count}
    return redirect(url_for("dashboard.callbacks", **shown), 303)


def _confirmation(current: SignedInPerson, wanted: Filter) -> str:
    """Ask before anything is replayed, with the number. InvalidFieldsError for states that cannot be replayed."""
    if wanted.state not in REPLAYABLE:
        raise InvalidFieldsError({"state": ["must be exhausted or delivered"]})
    with db.read() as session:
        span = periods.parameters(wanted.start or EPOCH, wanted.end or db.now(session))
        fields = span | {name: value for name, value in wanted.parameters().items() if name in KEPT}
        selected = replay.select_all(session, current.account, replay.Selection.check(fields))
    return render_template(
        "dashboard/callbacks_replay.html",
        wanted=wanted,
        fields=fields,
        filter=_filter(wanted),
        count=len(selected.ids),
        more=selected.rest is not None,
    )


def _filter(wanted: Filter) -> dict[str, str]:
    """The filter as parameters of a URL, without the place in its list."""
    return {name: value for name, value in wanted.parameters().items() if name != "cursor"}


@for_owners
def test(current: SignedInPerson) -> ResponseReturnValue:
    """Send a signed event of type `callback.test` and show the attempt."""
    if not forms.sent():
        return _test_page("")
    url = forms.fields().get("url", "")
    try:
        tried = api.tried(current.account, {"url": url} if url else {})
    except InvalidFieldsError as error:
        return _test_page(url, faults=error.fields), 422
    return _test_page(url, tried=tried)


def _test_page(url: str, **found: Any) -> str:
    return render_template("dashboard/callback_test.html", url=url, **found)
