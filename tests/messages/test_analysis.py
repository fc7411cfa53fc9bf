"""The links of a submission are found once for all recipients of the same content."""

from typing import Any

import pytest
from sqlalchemy import select

from shortener.messages.analysis import Analysis, analyze
from shortener.messages.from_face import NO_FACE, FromFace
from shortener.messages.submission import Submission
from shortener.rules.delivery.receiver import Policy
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account
from tests.support.factories import TARGET, TEXT, Sender

HTML = f'<a href="{TARGET}">a</a> <a href="{TARGET}&amp;b=1">b</a>'
MAIL = {"message": TEXT, "html": HTML, "recipient": "anna@example.com", "track": "all"}


def analysis(
    sender: Sender, services: Services, like: Analysis | None = None, *, face: FromFace = NO_FACE, **fields: Any
) -> Analysis:
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
    return analyze(Submission.check({**MAIL, **fields}, Policy()), account, services.site, face=face, like=like)


def test_the_same_content_has_the_same_links(sender: Sender, services: Services) -> None:
    first = analysis(sender, services)
    second = analysis(sender, services, first, recipient="ben@example.com")
    assert second.finding is first.finding and second.html_finding is first.html_finding
    assert second == analysis(sender, services, recipient="ben@example.com")
    assert second.number_of_links == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"message": f"{TEXT} {TARGET}2"},
        {"html": HTML * 2},
        {"html": None},
        {"track": "first"},
        {"track_link": False},
        {"detection": "smart"},
        {"recipient": "+818012345678", "html": None},
    ],
)
def test_other_content_is_looked_through(sender: Sender, services: Services, changed: dict[str, Any]) -> None:
    wrong = analysis(sender, services)._replace(finding=None)  # type: ignore[arg-type]
    assert analysis(sender, services, wrong, **changed) == analysis(sender, services, **changed)
