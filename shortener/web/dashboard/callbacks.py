"""The account's callbacks: lists, replays, and a test of a receiver."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.callbacks import replay
from shortener.callbacks.conditions import ListedState
from shortener.errors import InvalidFieldsError
from shortener.reporting import callback_lists, callback_report
from shortener.reporting.callback_lists import Filter
from shortener.rules.wire.moments import EPOCH
from shortener.running.services import services
from shortener.storage import db
from shortener.web.api import callbacks as api
from shortener.web.dashboard import forms, periods
from shortener.web.dashboard.access import SignedInPerson, for_owners, for_viewers

PAGE: Final = 25
REPLAYABLE: Final = {ListedState.EXHAUSTED, ListedState.DELIVERED}
KEPT: Final = {"state", "destination", "about"}  # of the filter, when its callbacks are replayed


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/callbacks", view_func=callbacks)
    blueprint.add_url_rule("/callbacks/replay", view_func=replay_all, methods=["POST"])
    blueprint.add_url_rule("/callbacks/test", view_func=test, methods=["GET", "POST"])


@dataclass(frozen=True, slots=True)
class Offer:
    """The replay form of a list: its fields, and the number of callbacks that it selects."""

    fields: dict[str, str]
    count: int
    more: bool  # than one call may replay


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
        offer = _offer(session, current.account, wanted, db.now(session)) if rows and current.may_change else None
    return render_template(
        "dashboard/callbacks.html",
        rows=rows,
        next=page.next,
        wanted=wanted,
        asked=asked,
        destinations=destinations,
        offer=offer,
        replayed=int(replayed) if replayed.isascii() and replayed.isdigit() and len(replayed) < 5 else None,
        fields={"from": periods.field(wanted.start, current.zone), "to": periods.field(wanted.end, current.zone)},
    )


@for_owners
def replay_all(current: SignedInPerson) -> ResponseReturnValue:
    """Replay the callbacks that the filter selects, the oldest first, at most 1,000."""
    given = periods.given(forms.fields(), current.zone)
    given.pop(forms.TOKEN, None)
    selection = replay.Selection.check(given)
    with db.read() as session:
        selected = replay.select_all(session, current.account, selection)
    count = api.replay_selected(current.account, selected, current.asker, current.actor)
    shown = url_for("dashboard.callbacks", state=ListedState.WAITING, destination=selection.destination, replayed=count)
    return redirect(shown, 303)


def _offer(session: Session, account: Sender, wanted: Filter, now: dt.datetime) -> Offer | None:
    """The replay form for everything that the filter selects; None if its state cannot be replayed."""
    if wanted.state not in REPLAYABLE:
        return None
    span = periods.parameters(wanted.start or EPOCH, wanted.end or now)
    fields = span | {name: value for name, value in wanted.parameters().items() if name in KEPT}
    selected = replay.select_all(session, account, replay.Selection.check(fields))
    return Offer(fields, len(selected.ids), selected.rest is not None)


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
