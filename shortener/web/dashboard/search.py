"""The search box: one message that is named exactly is opened, and others are listed, with what was searched for."""

from collections.abc import Sequence
from typing import Final

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from shortener.errors import InvalidFieldsError
from shortener.reporting import message_lists, message_search
from shortener.reporting.message_filter import Filter
from shortener.reporting.message_search import Found, Kind
from shortener.rules import search
from shortener.rules.recipient_storage import VISIBLE
from shortener.rules.search import Query
from shortener.rules.wire import cursor
from shortener.running.services import services
from shortener.storage import db
from shortener.web.dashboard.access import SignedInPerson

PARAMETER: Final = "q"
IN_TEXTS: Final = "text"  # the value of the parameter `within`
TOO_LONG: Final = f"must be at most {search.LONGEST} characters"
_TAKEN_FOR: Final[dict[Kind, LazyString]] = {
    Kind.SHORTLINK: _("a shortlink"),
    Kind.MSGID: _("the beginning of a msgid"),
    Kind.CLIENT_TAG: _("a client tag or its beginning"),
    Kind.REQUEST: _("a vendor's id of a request"),
    Kind.ADDRESS: _("an e-mail address or its beginning"),
    Kind.RECIPIENT: _("a recipient"),
    Kind.TEXT: _("words of texts, subjects, client tags, recipients and references"),
}


def typed() -> str:
    """What the search box of the current page holds; empty if nothing is searched for."""
    return request.args.get(PARAMETER, "").strip()


def page(current: SignedInPerson, size: int) -> ResponseReturnValue:
    """List what was searched for, the newest first, or open it."""
    if len(typed()) > search.LONGEST:
        raise InvalidFieldsError({PARAMETER: [TOO_LONG]})
    query, in_texts = search.parse(typed()), request.args.get("within") == IN_TEXTS
    before = cursor.row(request.args["cursor"]) if request.args.get("cursor") else None
    with db.read() as session:
        db.allow_time(session)
        slugs = services().slugs
        found = message_search.find(session, current.account, query, slugs, before, size, in_texts=in_texts)
        listed = message_lists.page(session, found.places, found.last)
    if found.only is not None and before is None:
        return redirect(url_for("dashboard.message", msgid=listed.rows[0][0].msgid), 303)
    return render_template(
        "dashboard/messages.html",
        page=listed,
        size=size,
        wanted=Filter(),
        asked={PARAMETER: typed()},
        fields={},
        searched=True,
        taken_for=_taken_for(found, query),
        in_texts=Kind.TEXT in found.kinds,
        missed=_end(query) if not in_texts and query.is_recipient and Kind.TEXT in found.kinds else None,
        is_address=query.is_address,
        storage=current.account.recipient_storage,
        most=message_search.FEW if found.more else None,
    )


def _end(query: Query) -> str:
    return query.digits or query.plain


def _taken_for(found: Found, query: Query) -> Sequence[str]:
    return [_named(kind, query) for kind in found.kinds]


def _named(kind: Kind, query: Query) -> str:
    digits = query.digits or ""
    if kind is Kind.NUMBER:
        return str(gettext("a recipient that ends in %(digits)s", digits=digits))
    if kind is Kind.MASKED:
        return str(gettext("a masked recipient that ends in %(digits)s", digits=digits[-VISIBLE:]))
    return str(_TAKEN_FOR[kind])
