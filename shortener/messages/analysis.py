"""Analyse a submission before anything is stored: which options apply to it, and which link is in its text."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from shortener.accounts.senders import Sender
from shortener.installation.site import Site
from shortener.messages import rows
from shortener.messages.submission import Submission
from shortener.rules.links import body
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.visitors.threshold import Threshold

NOT_SEARCHED = body.Finding(found=None, skipped=())


@dataclass(frozen=True, slots=True)
class Analysis:
    """A submission with its options, where the account's defaults have filled the gaps, and the link in its text."""

    submission: Submission
    track_link: bool
    detection: Detection
    bare_domains: BareDomains
    count_as_click: Threshold
    finding: body.Finding
    idempotency_key: str | None = None


def analyze(submission: Submission, account: Sender, site: Site, idempotency_key: str | None = None) -> Analysis:
    """Apply the account's defaults and find the link. Needs no transaction, so a long text blocks nobody."""
    track_link = account.track_link if submission.track_link is None else submission.track_link
    detection = submission.detection or account.detection
    bare_domains = submission.bare_domains or account.bare_domains
    finding = NOT_SEARCHED
    if track_link:
        finding = body.find(
            submission.message, detection=detection, bare_domains=bare_domains, own_hosts=site.own_hosts
        )
    return Analysis(
        submission=submission,
        track_link=track_link,
        detection=detection,
        bare_domains=bare_domains,
        count_as_click=submission.count_as_click or account.count_as_click,
        finding=finding,
        idempotency_key=idempotency_key,
    )


def leave_live_shortlinks(
    connection: Connection, analyses: Sequence[Analysis], site: Site, now: dt.datetime
) -> Sequence[Analysis]:
    """Take the link out of each analysis whose text holds a live shortlink of ours: such a text stays unchanged."""
    numbers: dict[int, set[int]] = {}
    for index, analysis in enumerate(analyses):
        slugs = body.own_slugs(analysis.submission.message, site.own_hosts) if analysis.finding.found else []
        decoded = {site.slugs.decode(slug) for slug in slugs}
        if known := {number for number in decoded if number is not None}:
            numbers[index] = known
    if not numbers:
        return analyses
    live = rows.live_numbers(connection, sorted(set().union(*numbers.values())), now)
    return [
        dataclasses.replace(analysis, finding=body.without_link(analysis.submission.message, analysis.finding))
        if numbers.get(index, set()) & live
        else analysis
        for index, analysis in enumerate(analyses)
    ]
