"""Say what would happen to a link or a message, and why. Nothing is stored and no name is resolved."""

import datetime as dt
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session
from typing_extensions import TypedDict

from shortener.accounts.senders import Sender
from shortener.installation.site import Site
from shortener.messages import rewriting
from shortener.messages.analysis import analyze, leave_live_shortlinks
from shortener.messages.rewriting import SmsParts
from shortener.messages.submission import DryRunRequest, Submission
from shortener.rules.links import body, target
from shortener.rules.links.detection import Detection
from shortener.rules.links.skip_reason import SkippedText, SkipReason
from shortener.rules.slug import LENGTH

# As long as a real slug, so that the SMS parts are right, and easy to recognise as a sample.
SAMPLE_SLUG = "X" * LENGTH


class CheckedUrl(TypedDict):
    """Whether a URL may be a target."""

    valid: bool
    reason: Annotated[SkipReason | None, Field(description="The reason code if it may not be a target.")]
    detail: Annotated[str | None, Field(description="How to fix it.")]
    link: str | None
    location: Annotated[str | None, Field(description="The ASCII form, to which visitors would be redirected.")]


class FoundLink(TypedDict):
    """A link that would be replaced."""

    link: str
    location: Annotated[str, Field(description="The ASCII form, to which visitors would be redirected.")]
    text: Annotated[str, Field(description="The part of the message that would be replaced.")]


class ExplainedSkippedText(SkippedText):
    """Link-like text that would not be replaced, with advice."""

    detail: Annotated[str, Field(description="How to fix it.")]


class OtherDetection(TypedDict):
    """The link that the other detection mode would find."""

    detection: Detection
    link: FoundLink


class ShownMessage(TypedDict):
    """The result of preprocessing a message with one detection mode."""

    message: Annotated[str, Field(description="The text with a sample shortlink of the same length as a real one.")]
    links: list[FoundLink]
    link: Annotated[FoundLink | None, Field(description="The first entry of `links`.")]
    skipped: list[ExplainedSkippedText]
    sms: SmsParts


class CheckedMessage(ShownMessage):
    """The result of preprocessing a message, and the link that the other detection mode would find."""

    other: Annotated[
        OtherDetection | None,
        Field(description="The other detection mode, if it would replace a link that this one would not."),
    ]


def of_url(url: str, account: Sender, request: DryRunRequest, site: Site) -> CheckedUrl:
    """Return whether a URL may be a target; if not, the reason and advice."""
    bare_domains = request.bare_domains or account.bare_domains
    verdict = target.judge(url, own_hosts=site.own_hosts, bare_domains=bare_domains)
    if isinstance(verdict, target.Refusal):
        return {
            "valid": False,
            "reason": verdict.reason,
            "detail": verdict.reason.sentence,
            "link": None,
            "location": None,
        }
    return {"valid": True, "reason": None, "detail": None, "link": verdict.link, "location": verdict.location}


def of_message(
    session: Session,
    text: str,
    account: Sender,
    request: DryRunRequest,
    site: Site,
    *,
    now: dt.datetime,
) -> CheckedMessage:
    """Return the text that would be rewritten, the skipped texts with reasons, and the SMS parts before and after."""
    return checked(text, finding(session, text, account, request, site, now=now), account, request, site)


def checked(text: str, found: body.Finding, account: Sender, request: DryRunRequest, site: Site) -> CheckedMessage:
    """Return the document about a message with this finding."""
    return {**shown(text, found, site), "other": other(text, found, account, request, site)}


def finding(
    session: Session,
    text: str,
    account: Sender,
    request: DryRunRequest,
    site: Site,
    *,
    now: dt.datetime,
) -> body.Finding:
    """Return the finding of a message of the account."""
    submission = Submission(
        message=text,
        track_link=True,
        track=request.track,
        detection=request.detection,
        bare_domains=request.bare_domains,
    )
    analyses = [analyze(submission, account, site)]
    [analysis] = leave_live_shortlinks(session.connection(), analyses, site, now)
    return analysis.finding


def other(
    text: str,
    finding: body.Finding,
    account: Sender,
    request: DryRunRequest,
    site: Site,
) -> OtherDetection | None:
    """Return the link that the other detection mode would find; None unless it is another one."""
    [detection] = set(Detection) - {request.detection or account.detection}
    bare_domains = request.bare_domains or account.bare_domains
    found = body.find(text, detection=detection, bare_domains=bare_domains, own_hosts=site.own_hosts).found
    if found is None or found == finding.found or any(piece.reason == SkipReason.KEPT for piece in finding.skipped):
        return None
    return {"detection": detection, "link": _link(text, found)}


def _link(text: str, found: body.Found) -> FoundLink:
    return {"link": found.target.link, "location": found.target.location, "text": text[found.start : found.end]}


def shown(text: str, finding: body.Finding, site: Site) -> ShownMessage:
    """Return the document about the finding of one detection mode."""
    shortlink = f"{site.base_url}/{SAMPLE_SLUG}"
    rewritten = body.rewrite(text, ((link.start, link.end, shortlink) for link in finding.links))
    links = [_link(text, found) for found in finding.links]
    return {
        "message": rewritten,
        "links": links,
        "link": links[0] if links else None,
        "skipped": [
            {"text": piece.text, "reason": piece.reason, "detail": piece.reason.sentence} for piece in finding.skipped
        ],
        "sms": rewriting.sms(text, rewritten),
    }
