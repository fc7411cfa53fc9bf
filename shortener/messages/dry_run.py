"""What would become of a link or a message, and why. Nothing is stored, no name is looked up."""

import datetime as dt
from typing import Any

from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.installation.site import Site
from shortener.messages import preprocess, rewriting
from shortener.messages.submission import DryRunRequest, Submission
from shortener.rules.links import body, target
from shortener.rules.links.detection import Detection
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.slug import LENGTH

# As long as a real one, so that the SMS parts are right, and recognisably none.
SAMPLE_SLUG = "X" * LENGTH


def of_url(url: str, account: Sender, question: DryRunRequest, site: Site) -> dict[str, Any]:
    """Whether a URL may be a target; where not, the reason and what to do."""
    bare_domains = question.bare_domains or account.bare_domains
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
    question: DryRunRequest,
    site: Site,
    *,
    now: dt.datetime,
) -> dict[str, Any]:
    """What would be rewritten, what would be skipped and why, and the SMS parts before and after."""
    found = finding(session, text, account, question, site, now=now)
    return shown(text, found, site) | {"other": other(text, found, account, question, site)}


def finding(
    session: Session,
    text: str,
    account: Sender,
    question: DryRunRequest,
    site: Site,
    *,
    now: dt.datetime,
) -> body.Finding:
    """What would be found in a message of the account."""
    order = Submission(message=text, track_link=True, detection=question.detection, bare_domains=question.bare_domains)
    [draft] = preprocess.without_live_shortlinks(
        session.connection(), [preprocess.draft(order, account, site)], site, now
    )
    return draft.finding


def other(
    text: str,
    finding: body.Finding,
    account: Sender,
    question: DryRunRequest,
    site: Site,
) -> dict[str, Any] | None:
    """The link that the other way of detection would take, where this one takes none or another link."""
    [detection] = set(Detection) - {question.detection or account.detection}
    bare_domains = question.bare_domains or account.bare_domains
    found = body.find(text, detection=detection, bare_domains=bare_domains, own_hosts=site.own_hosts).found
    if found is None or found == finding.found or any(piece.reason == SkipReason.KEPT for piece in finding.skipped):
        return None
    return {"detection": detection, "link": _link(text, found)}


def _link(text: str, found: body.Found) -> dict[str, Any]:
    return {"link": found.target.link, "location": found.target.location, "text": text[found.start : found.end]}


def shown(text: str, finding: body.Finding, site: Site) -> dict[str, Any]:
    """The document that tells it."""
    found = finding.found
    rewritten = body.rewrite(text, found, f"{site.base_url}/{SAMPLE_SLUG}") if found else text
    return {
        "message": rewritten,
        "link": found and _link(text, found),
        "skipped": [
            {"text": piece.text, "reason": piece.reason, "detail": piece.reason.sentence} for piece in finding.skipped
        ],
        "sms": rewriting.sms(text, rewritten),
    }
