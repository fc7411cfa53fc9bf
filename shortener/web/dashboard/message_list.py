"""The account's messages: filtered, page by page, and as a file."""

from typing import Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from shortener.reporting import message_lists, message_totals
from shortener.reporting.message_filter import FILTERS, Filter
from shortener.running.services import services
from shortener.storage import db
from shortener.web.api import exports
from shortener.web.dashboard import periods, search
from shortener.web.dashboard.access import SignedInPerson, for_viewers

PAGE: Final = 25


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/messages", view_func=messages)
    blueprint.add_url_rule("/messages/export", view_func=export)


@for_viewers
def messages(current: SignedInPerson) -> ResponseReturnValue:
    """List the messages that the filter selects, the newest first, or what the search box asks for."""
    if search.typed():
        return search.page(current, PAGE)
    wanted = Filter.check(periods.given(request.args, current.zone))
    with db.read() as session:
        page = message_lists.find(session, current.account, wanted, services().slugs, limit=min(wanted.limit, PAGE))
        total = message_totals.of(session, current.account, wanted, services().slugs)
    return render_template(
        "dashboard/messages.html",
        page=page,
        total=total,
        size=PAGE,
        wanted=wanted,
        asked=wanted.parameters(),
        fields={"from": periods.field(wanted.start, current.zone), "to": periods.field(wanted.end, current.zone)},
        can_store=current.may_change and bool(services().settings.export_places),
        exported={name: value for name, value in wanted.parameters().items() if name in FILTERS},
    )


@for_viewers
def export(current: SignedInPerson) -> Response:
    """Export the messages that the filter selects as CSV or JSON Lines."""
    return exports.answer(current.account, periods.given(request.args, current.zone), current.actor)
