"""Analyse a submission before anything is stored: which options apply, which links it has, which gateway sends it."""

import datetime as dt
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from shortener.accounts.senders import Sender
from shortener.errors import InvalidFieldsError
from shortener.installation.site import Site
from shortener.messages import route, rows
from shortener.messages.from_face import NO_FACE, FromFace
from shortener.messages.route import Route
from shortener.messages.submission import Submission
from shortener.rules.delivery import gateway_choice
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.links import body
from shortener.rules.links.body import Finding, Found
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.html import find as html
from shortener.rules.links.same_target import beside, of_mail
from shortener.rules.links.tracking import Track
from shortener.rules.visitors.threshold import Threshold
from shortener.storage.models import PartKind

NOTHING: Final = Finding(links=(), skipped=())


class Analysis(NamedTuple):
    """A submission with its options, where the account's defaults have filled the gaps, and what was found in it.

    `html_finding` has the links of the HTML that get a shortlink of their own. `refusal`: its gateway cannot send it.
    """

    submission: Submission
    track_link: bool
    track: Track
    detection: Detection
    bare_domains: BareDomains
    count_as_click: Threshold
    finding: Finding
    html_finding: Finding = NOTHING
    route: Route | None = None
    refusal: InvalidFieldsError | None = None
    idempotency_key: str | None = None
    face: FromFace = NO_FACE

    @property
    def links(self) -> list[tuple[PartKind, Found]]:
        """The links that get a shortlink, in their order, each with its part."""
        in_text = [(PartKind.TEXT, found) for found in self.finding.links]
        in_html = self.html_finding.links
        return in_text + [(PartKind.HTML, found) for found in in_html] if in_html else in_text

    @property
    def number_of_links(self) -> int:
        """How many links get a shortlink."""
        return len(self.finding.links) + len(self.html_finding.links)

    def fingerprint(self) -> bytes:
        """The digest of what was asked for, with all that a vendor's wire format adds."""
        return self.face.fingerprint(self.submission)


def analyze(
    submission: Submission,
    account: Sender,
    site: Site,
    idempotency_key: str | None = None,
    *,
    face: FromFace = NO_FACE,
    like: Analysis | None = None,
) -> Analysis:
    """Apply the account's defaults, find the links and the gateway. Needs no transaction: a long text blocks nobody.

    That the gateway cannot send it is no error yet: what repeats an earlier message has the outcome of that one. If
    `like`, an analysis for the same account, has the same content, its links are not looked for again.
    InvalidFieldsError if a vendor's fields cannot be stored.
    """
    face.check()
    track_link = account.track_link if submission.track_link is None else submission.track_link
    how = _How(
        track=submission.track or Track.FIRST,
        detection=submission.detection or account.detection,
        bare_domains=submission.bare_domains or account.bare_domains,
        is_mail=_is_mail(submission),
    )
    if not track_link:
        found = NOTHING, NOTHING
    elif like is not None and _content(like) == (True, how, submission.text, submission.html):
        found = like.finding, like.html_finding
    else:
        found = _links(submission, how, site)
    way, refusal = _route(submission, account, site)
    return Analysis(
        submission=submission,
        track_link=track_link,
        track=how.track,
        detection=how.detection,
        bare_domains=how.bare_domains,
        count_as_click=submission.count_as_click or account.count_as_click,
        finding=found[0],
        html_finding=found[1],
        route=way,
        refusal=refusal,
        idempotency_key=idempotency_key,
        face=face,
    )


class _How(NamedTuple):
    """What decides, besides the parts, which links are found."""

    track: Track
    detection: Detection
    bare_domains: BareDomains
    is_mail: bool


def _content(analysis: Analysis) -> tuple[object, ...]:
    """Return all that decides which links are found."""
    submission = analysis.submission
    how = _How(analysis.track, analysis.detection, analysis.bare_domains, _is_mail(submission))
    return analysis.track_link, how, submission.text, submission.html


def _links(submission: Submission, how: _How, site: Site) -> tuple[Finding, Finding]:
    """Find the links of the text, and those of the HTML that get a shortlink of their own."""
    in_html = _in_html(submission, site)
    finding = body.find(
        submission.text,
        detection=how.detection,
        bare_domains=how.bare_domains,
        own_hosts=site.own_hosts,
        track=how.track,
        leave=of_mail(in_html, how.track) if how.is_mail else None,
    )
    if submission.html is not None:
        in_html = beside(finding, in_html, how.track, body.MOST_LINKS)
    return finding, in_html


def _route(submission: Submission, account: Sender, site: Site) -> tuple[Route | None, InvalidFieldsError | None]:
    try:
        return route.find(submission, account, site.gateways), None
    except InvalidFieldsError as error:
        return None, error


def _in_html(submission: Submission, site: Site) -> Finding:
    """Return all links of the HTML."""
    if submission.html is None:
        return NOTHING
    return html.find(submission.html, track=Track.ALL, own_hosts=site.own_hosts)


def _is_mail(submission: Submission) -> bool:
    has_html = submission.html is not None or submission.subject is not None
    return gateway_choice.channel(submission.recipient, has_html=has_html) is Channel.EMAIL


def leave_live_shortlinks(
    connection: Connection, analyses: Sequence[Analysis], site: Site, now: dt.datetime
) -> Sequence[Analysis]:
    """Take the links out of each analysis whose text holds a live shortlink of ours: such a text stays unchanged."""
    numbers: dict[int, set[int]] = {}
    for index, analysis in enumerate(analyses):
        slugs = _own_slugs(analysis, site) if analysis.number_of_links else []
        decoded = {site.slugs.decode(slug) for slug in slugs}
        if known := {number for number in decoded if number is not None}:
            numbers[index] = known
    if not numbers:
        return analyses
    live = rows.live_numbers(connection, sorted(set().union(*numbers.values())), now)
    return [
        _without_links(analysis) if numbers.get(index, set()) & live else analysis
        for index, analysis in enumerate(analyses)
    ]


def has_own_slugs(analysis: Analysis, site: Site) -> bool:
    """Whether a message with links may hold a shortlink of ours, live or not."""
    return analysis.number_of_links > 0 and bool(_own_slugs(analysis, site))


def _own_slugs(analysis: Analysis, site: Site) -> list[str]:
    slugs = body.own_slugs(analysis.submission.text, site.own_hosts)
    in_html = analysis.submission.html
    return slugs if in_html is None else slugs + html.own_slugs(in_html, site.own_hosts)


def _without_links(analysis: Analysis) -> Analysis:
    submission = analysis.submission
    return analysis._replace(
        finding=body.without_links(submission.text, analysis.finding),
        html_finding=html.without_links(analysis.html_finding),
    )
