"""Analyse a submission before anything is stored: which options apply to it, and which links are in its text."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from shortener.accounts.senders import Sender
from shortener.errors import InvalidFieldsError
from shortener.installation.site import Site
from shortener.messages import rows
from shortener.messages.submission import Submission
from shortener.rules.links import body
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.tracking import Track
from shortener.rules.visitors.threshold import Threshold

NOT_SEARCHED: Final = body.Finding(links=(), skipped=())
MOST_LINKS: Final = 500  # of a message with `track=all`; each is a row and a shortlink of its own


@dataclass(frozen=True, slots=True)
class Analysis:
    """A submission with its options, where the account's defaults have filled the gaps, and the links in its text."""

    submission: Submission
    track_link: bool
    track: Track
    detection: Detection
    bare_domains: BareDomains
    count_as_click: Threshold
    finding: body.Finding
    idempotency_key: str | None = None


def analyze(submission: Submission, account: Sender, site: Site, idempotency_key: str | None = None) -> Analysis:
    """Apply the account's defaults and find the links. Needs no transaction, so a long text blocks nobody.

    InvalidFieldsError if there are too many links.
    """
    track_link = account.track_link if submission.track_link is None else submission.track_link
    detection = submission.detection or account.detection
    bare_domains = submission.bare_domains or account.bare_domains
    track = submission.track or Track.FIRST
    finding = NOT_SEARCHED
    if track_link:
        finding = body.find(
            submission.message, detection=detection, bare_domains=bare_domains, own_hosts=site.own_hosts, track=track
        )
    if len(finding.links) > MOST_LINKS:
        raise InvalidFieldsError({"track": [f"can replace at most {MOST_LINKS} links; the message has more"]})
    return Analysis(
        submission=submission,
        track_link=track_link,
        track=track,
        detection=detection,
        bare_domains=bare_domains,
        count_as_click=submission.count_as_click or account.count_as_click,
        finding=finding,
        idempotency_key=idempotency_key,
    )


def leave_live_shortlinks(
    connection: Connection, analyses: Sequence[Analysis], site: Site, now: dt.datetime
) -> Sequence[Analysis]:
    """Take the links out of each analysis whose text holds a live shortlink of ours: such a text stays unchanged."""
    numbers: dict[int, set[int]] = {}
    for index, analysis in enumerate(analyses):
        slugs = body.own_slugs(analysis.submission.message, site.own_hosts) if analysis.finding.links else []
        decoded = {site.slugs.decode(slug) for slug in slugs}
        if known := {number for number in decoded if number is not None}:
            numbers[index] = known
    if not numbers:
        return analyses
    live = rows.live_numbers(connection, sorted(set().union(*numbers.values())), now)
    return [
        dataclasses.replace(analysis, finding=body.without_links(analysis.submission.message, analysis.finding))
        if numbers.get(index, set()) & live
        else analysis
        for index, analysis in enumerate(analyses)
    ]
