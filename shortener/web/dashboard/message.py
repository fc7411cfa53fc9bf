"""One message: its text, link and timeline, with its actions."""

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import segno
from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shortener.callbacks import replay
from shortener.errors import InvalidFieldsError, MessageNotFoundError
from shortener.messages import lookup, rewriting
from shortener.reporting import callback_report, click_lists, message_report
from shortener.reporting.documents import MessageReport
from shortener.reporting.message_report import Record
from shortener.rules.deed import Deed
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.visitors.visitor import Visitor
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Link, Message, PartKind
from shortener.web.dashboard import highlight, timeline
from shortener.web.dashboard.access import SignedInPerson, for_owners, for_viewers
from shortener.web.dashboard.highlight import Segment
from shortener.web.description import openapi
from shortener.web.description.openapi import Vendor

MODULE: Final = 4  # pixels per module of the QR code
LONGEST_PART: Final = 20_000  # characters of a part that are shown


@dataclass(frozen=True, slots=True)
class Part:
    """A part as received and, if it has links, as returned; perhaps only its beginning."""

    came: Sequence[Segment]
    sent: Sequence[Segment] | None
    is_cut: bool


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/messages/<msgid>", view_func=message)
    blueprint.add_url_rule("/messages/<msgid>/clicks", view_func=clicks)
    blueprint.add_url_rule("/messages/<msgid>/qr.svg", view_func=qr)
    blueprint.add_url_rule("/messages/<msgid>/qr.png", view_func=qr_png)
    blueprint.add_url_rule("/messages/<msgid>/off", view_func=switch_off, methods=["POST"])
    blueprint.add_url_rule("/messages/<msgid>/on", view_func=switch_on, methods=["POST"])
    blueprint.add_url_rule("/callbacks/<event_id>/replay", endpoint="replay", view_func=replay_one, methods=["POST"])


@for_viewers
def message(current: SignedInPerson, msgid: str) -> ResponseReturnValue:
    """Show everything about one message."""
    with db.read() as session:
        found = lookup.find(session, current.account, msgid)
        record = message_report.read(session, found, services().site)
        report = message_report.report(session, record, services().site)
        now = rfc3339(db.now(session))
    return render_template(
        "dashboard/message.html",
        message=report,
        row=found,
        story=record.story,
        line=timeline.of(report, found, record.story, now=now),
        life=_life(report, now),
        first_click=_first_click(report),
        parts=_parts(record),
        is_mail=_is_mail(report),
        vendor=(vendor := _vendor(found)),
        references=_references(found, vendor) if vendor else {},
    )


@for_viewers
def clicks(current: SignedInPerson, msgid: str) -> ResponseReturnValue:
    """List the clicks on a message's link, of one visitor class or of all."""
    visitor = request.args.get("visitor") or None
    if visitor is not None and visitor not in {each.value for each in Visitor}:
        raise InvalidFieldsError({"visitor": ["is not a visitor class"]})
    with db.read() as session:
        found, _ = _with_link(session, current, msgid)
        links = lookup.links_of(session, [found])[found.id]
        page = click_lists.find(session, links, visitor=visitor, place=request.args.get("cursor"))
    return render_template("dashboard/clicks.html", message=found, page=page, visitor=visitor)


@for_viewers
def qr(current: SignedInPerson, msgid: str) -> ResponseReturnValue:
    """Draw the shortlink as a QR code."""
    return _picture(current, msgid, "image/svg+xml", kind="svg", scale=MODULE, xmldecl=False)


@for_viewers
def qr_png(current: SignedInPerson, msgid: str) -> ResponseReturnValue:
    """Draw the shortlink as a QR code in pixels, fit to be printed."""
    return _picture(current, msgid, "image/png", kind="png", scale=4 * MODULE)


def _picture(current: SignedInPerson, msgid: str, content_type: str, **options: Any) -> Response:
    with db.read() as session:
        _, link = _with_link(session, current, msgid)
    out = io.BytesIO()
    code = segno.make(services().site.shortlink_of(link), error="m", micro=False)
    code.save(out, border=4, light="#fff", **options)
    return Response(out.getvalue(), content_type=content_type)


@for_owners
def switch_off(current: SignedInPerson, msgid: str) -> ResponseReturnValue:
    """Switch the link off."""
    with db.write() as session:
        found = lookup.find(session, current.account, msgid)
        lookup.switch_off(session, found, now=db.now(session))
        current.record(session, Deed.SWITCHED_OFF, msgid)
    return redirect(url_for("dashboard.message", msgid=msgid, done="off"), 303)


@for_owners
def switch_on(current: SignedInPerson, msgid: str) -> ResponseReturnValue:
    """Switch the link on again."""
    with db.write() as session:
        lookup.switch_on(session, lookup.find(session, current.account, msgid))
        current.record(session, Deed.SWITCHED_ON, msgid)
    return redirect(url_for("dashboard.message", msgid=msgid, done="on"), 303)


@for_owners
def replay_one(current: SignedInPerson, event_id: str) -> ResponseReturnValue:
    """Replay the callback and return to its message."""
    with db.write() as session:
        callback = replay.find(session, current.account, event_id)
        replay.ask(
            session, callback, asked_by=current.asker, now=db.now(session), waits=services().settings.callback_waits
        )
        current.record(session, Deed.REPLAYED, event_id)
        msgid = callback_report.msgid(session, callback)
    services().deliverer.wake()
    return redirect(url_for("dashboard.message", msgid=msgid, done="replayed", _anchor="line"), 303)


def _with_link(session: Session, current: SignedInPerson, msgid: str) -> tuple[Message, Link]:
    found = lookup.find(session, current.account, msgid)
    link = lookup.link_of(session, found)
    if link is None:
        raise MessageNotFoundError
    return found, link


def _is_mail(report: MessageReport) -> bool:
    """Whether it is certain that the message is no SMS."""
    sending = report["sending"]
    if sending is not None:
        return sending["channel"] == Channel.EMAIL
    return bool(report["subject"] or report["html"]) or "@" in (report["recipient"] or "")


def _vendor(found: Message) -> Vendor | None:
    """The vendor in whose wire format the message came; None if it came through our own API."""
    return next((one for one in openapi.vendors(current_app).values() if one.name == found.face), None)


def _references(found: Message, vendor: Vendor) -> dict[str, str]:
    """What the vendor's client calls the message, by the vendor's names."""
    given = {vendor.bulk: found.bulk_id} | {name: (found.vendor_fields or {}).get(name) for name in vendor.references}
    return {name: str(value) for name, value in given.items() if value is not None}


def _life(report: MessageReport, now: str) -> str | None:
    """Whether the link is `live`, `off` or `expired`; None without a link."""
    link = report["link_tracking"]
    if link is None:
        return None
    return "off" if link["off_on"] else "expired" if link["expires_on"] <= now else "live"


def _first_click(report: MessageReport) -> tuple[str, dt.timedelta] | None:
    """When the first click on any of the links was, and how long after the message was received; None without one."""
    first = min((on for link in report["links"] if (on := link["accessed_on"]) is not None), default=None)
    if first is None:
        return None
    return first, dt.datetime.fromisoformat(first) - dt.datetime.fromisoformat(report["received_on"])


def _parts(record: Record) -> dict[PartKind, Part]:
    """The parts of the message as received and as returned, with the links marked in both."""
    places = rewriting.text_places(record.links, services().site)
    parts = {PartKind.TEXT: _part(record.text, places)} if record.text else {}
    return parts | ({PartKind.HTML: _part(record.html, record.html_places)} if record.html else {})


def _part(text: str, places: Sequence[rewriting.Place]) -> Part:
    shown = text[:LONGEST_PART]
    marked = [place for place in places if place[1] <= LONGEST_PART]
    return Part(
        came=highlight.replaced(shown, ((start, end, text[start:end]) for start, end, _ in marked)),
        sent=highlight.replaced(shown, marked) if places else None,
        is_cut=len(text) > LONGEST_PART,
    )
