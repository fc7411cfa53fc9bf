"""Campaigns from files: upload one, see what would become of it, start it, and download the result."""

from typing import Any, Final

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as Answer

from shortener.campaigns import blocks, options, preview, uploads
from shortener.campaigns.options import Options
from shortener.campaigns.preview import Preview
from shortener.errors import CampaignStartedError, TooManyCampaignsError
from shortener.rules.deed import Deed
from shortener.rules.delivery.gateway_name import NONE
from shortener.rules.delivery.job_state import JobState
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Campaign
from shortener.web.dashboard import forms
from shortener.web.dashboard.access import SignedInPerson, for_owners, for_viewers
from shortener.web.problems import RequestError

TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/campaigns", view_func=campaigns)
    blueprint.add_url_rule("/campaigns/upload", view_func=upload_campaign, methods=["POST"])
    blueprint.add_url_rule("/campaigns/<campaign_id>", view_func=campaign)
    blueprint.add_url_rule("/campaigns/<campaign_id>/export", view_func=export_campaign)
    for action, view in (("start", start_campaign), ("cancel", cancel_campaign), ("delete", delete_campaign)):
        blueprint.add_url_rule(f"/campaigns/<campaign_id>/{action}", view_func=view, methods=["POST"])


@for_viewers
def campaigns(current: SignedInPerson) -> ResponseReturnValue:
    """List the campaigns, the newest first, with the form to upload one."""
    return _list(current)


@for_owners
def upload_campaign(current: SignedInPerson) -> ResponseReturnValue:
    """Store a file, and show what would become of its rows."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _list(current, trouble="empty"), 422
    try:
        with db.write() as session:
            now = db.now(session)
            by = current.person.name
            stored = uploads.store(session, current.account, file.filename, file.stream, by=by, now=now)
            public_id, size = stored.public_id, stored.size
            if not size:
                uploads.remove(session, stored)
    except TooManyCampaignsError:
        return _list(current, trouble="many"), 429
    if not size:
        return _list(current, trouble="empty"), 422
    return redirect(url_for("dashboard.campaign", campaign_id=public_id), 303)


@for_viewers
def campaign(current: SignedInPerson, campaign_id: str) -> ResponseReturnValue:
    """Show a preview of a campaign that was not started, or how far it is."""
    with db.read() as session:
        found = uploads.find(session, current.account, campaign_id)
    if found.state is not JobState.HELD:
        return render_template("dashboard/campaign.html", campaign=found, columns=None)
    return _preview(current, found)


@for_owners
def start_campaign(current: SignedInPerson, campaign_id: str) -> ResponseReturnValue:
    """Start a campaign with the choices of the form."""
    with db.read() as session:
        found = uploads.find(session, current.account, campaign_id)
    chosen, _columns, looked = _look(current, found, forms.fields())
    if looked.fatal or looked.too_many or not looked.messages or "message" not in chosen.columns:
        return redirect(url_for("dashboard.campaign", campaign_id=campaign_id), 303)
    try:
        with db.write() as session:
            uploads.start(session, found, chosen, looked.rows, db.now(session))
            current.record(session, Deed.CAMPAIGN_STARTED, campaign_id, rows=looked.rows)
    except CampaignStartedError:  # a double click
        return _back(campaign_id, "campaign-changed")
    return _back(campaign_id, "campaign-started")


@for_owners
def cancel_campaign(current: SignedInPerson, campaign_id: str) -> ResponseReturnValue:
    """Stop a campaign that is under way."""
    try:
        with db.write() as session:
            uploads.cancel(session, uploads.find(session, current.account, campaign_id), db.now(session))
            current.record(session, Deed.CAMPAIGN_CANCELED, campaign_id)
    except CampaignStartedError:
        return _back(campaign_id, "campaign-changed")
    return _back(campaign_id, "campaign-canceled")


@for_owners
def delete_campaign(current: SignedInPerson, campaign_id: str) -> ResponseReturnValue:
    """Delete a campaign that is not under way, with its files."""
    try:
        with db.write() as session:
            uploads.remove(session, uploads.find(session, current.account, campaign_id))
            current.record(session, Deed.CAMPAIGN_DELETED, campaign_id)
    except CampaignStartedError:
        return _back(campaign_id, "campaign-changed")
    return redirect(url_for("dashboard.campaigns", done="campaign-deleted"), 303)


@for_viewers
def export_campaign(current: SignedInPerson, campaign_id: str) -> ResponseReturnValue:
    """Download the rows that are done, with their texts and shortlinks."""
    with db.write() as session:
        found = uploads.find(session, current.account, campaign_id)
        current.record(session, Deed.MESSAGES_EXPORTED, campaign_id)
        number, form, name = found.id, found.format, f"{found.public_id}.{found.format}"
    response = Response(stream_with_context(blocks.read(number, blocks.RESULT)), content_type=TYPES[form])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _list(current: SignedInPerson, **more: Any) -> str:
    with db.read() as session:
        found = uploads.every(session, current.account)
    limits = {"megabytes": uploads.LONGEST // 1024**2, "most_rows": preview.MOST_ROWS, "days": uploads.KEPT.days}
    return render_template("dashboard/campaigns.html", campaigns=found, **{"trouble": None, **limits, **more})


def _preview(current: SignedInPerson, found: Campaign) -> str:
    chosen, columns, looked = _look(current, found, request.args)
    return render_template(
        "dashboard/campaign.html",
        campaign=found,
        columns=columns,
        chosen=chosen,
        looked=looked,
        gateways=[NONE, *services().gateways.configured] if services().gateways.configured else [],
        account=current.account,
        most_rows=preview.MOST_ROWS,
    )


def _look(current: SignedInPerson, found: Campaign, form: Any) -> tuple[Options, tuple[str, ...], Preview]:
    """Read the file with the choices of a form, or those that are guessed; RequestError if others do so too."""
    stored = Options.of(found.options)
    chosen = Options(stored.format, form.get("encoding", stored.encoding))
    call = services().long_calls.begin(current.account.id)
    if call is None:
        raise RequestError(429, "too_many_batches", "Other files are being read; try again in a few seconds.")
    try:
        columns, fatal = options.readable(_checked(chosen, form, ()), blocks.opened(found.id))
        if fatal is not None:
            return chosen, (), Preview(fatal=fatal)
        asked = form if "encoding" in form and _has_columns(form) else _guess(columns, form)
        chosen = _checked(chosen, asked, columns)
        if "message" not in chosen.columns:
            return chosen, columns, Preview()
        source, made = blocks.opened(found.id), services()
        return chosen, columns, preview.look(source, chosen, columns, current.account, made.site, made.policy)
    finally:
        call.end()


def _checked(chosen: Options, form: Any, columns: tuple[str, ...]) -> Options:
    given = dict(form) if columns else {"encoding": chosen.encoding}
    return options.chosen(given, chosen, columns, list(services().gateways.configured))


def _has_columns(form: Any) -> bool:
    return any(name.startswith("column_") for name in form)


def _guess(columns: tuple[str, ...], form: Any) -> dict[str, str]:
    guessed = {f"column_{field}": name for field, name in options.guessed(columns).items()}
    return {**{name: value for name, value in form.items() if not name.startswith("column_")}, **guessed}


def _back(campaign_id: str, done: str) -> Answer:
    return redirect(url_for("dashboard.campaign", campaign_id=campaign_id, done=done), 303)
