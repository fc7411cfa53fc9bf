"""What would become of a link or a message, and why. Nothing is stored, nothing is looked up."""

from typing import Any

from shortener.messages import House
from shortener.models import Account
from shortener.orders import Question
from shortener.reports import sms
from shortener.rules import body, target
from shortener.rules.slug import LENGTH

# As long as a real one, so that the SMS parts are right, and recognisably none.
SAMPLE_SLUG = "X" * LENGTH


def of_url(url: str, account: Account, question: Question, house: House) -> dict[str, Any]:
    """Whether a URL may be a target; where not, the reason and what to do."""
    bare_domains = question.bare_domains or account.bare_domains
    verdict = target.judge(url, own_hosts=house.own_hosts, bare_domains=bare_domains)
    if isinstance(verdict, target.Refusal):
        return {"valid": False, "reason": verdict.reason, "detail": verdict.sentence, "link": None, "location": None}
    return {"valid": True, "reason": None, "detail": None, "link": verdict.link, "location": verdict.location}


def of_message(text: str, account: Account, question: Question, house: House) -> dict[str, Any]:
    """What would be rewritten, what would be skipped and why, and the SMS parts before and after."""
    finding = body.find(
        text,
        detection=question.detection or account.detection,
        bare_domains=question.bare_domains or account.bare_domains,
        own_hosts=house.own_hosts,
    )
    found = finding.found
    rewritten = body.rewrite(text, found, f"{house.base_url}/{SAMPLE_SLUG}") if found else text
    return {
        "message": rewritten,
        "link": found and {"link": found.target.link, "location": found.target.location, "text": _text(text, found)},
        "skipped": [
            {"text": piece.text, "reason": piece.reason, "detail": target.REASONS[piece.reason]}
            for piece in finding.skipped
        ],
        "sms": sms(text, rewritten),
    }


def _text(text: str, found: body.Found) -> str:
    return text[found.start : found.end]
