"""Many messages are divided into portions, each for one transaction."""

from typing import Any

import pytest

from shortener.accounts.authentication import authenticate
from shortener.errors import InvalidFieldsError
from shortener.messages import portions
from shortener.messages.analysis import NOTHING, Analysis, analyze
from shortener.messages.submission import Submission
from shortener.rules.delivery.receiver import Policy
from shortener.rules.links.body import Finding
from shortener.running.services import Services
from shortener.validation.attachments import NewAttachment
from tests.support.factories import TEXT, Sender

QUARTER = portions.HEAVY // 4


def analysis(services: Services, sender: Sender, **fields: Any) -> Analysis:
    account, _ = authenticate(services.readers, sender.sid, sender.token)
    return analyze(Submission.check({"message": TEXT, **fields}, Policy()), account, services.site)


@pytest.fixture
def plain(services: Services, sender: Sender) -> Analysis:
    return analysis(services, sender)


def linked(plain: Analysis, links: int) -> Analysis:
    [link] = plain.finding.links
    return plain._replace(finding=Finding(links=(link,) * links, skipped=()), html_finding=NOTHING)


def sizes(*analyses: Analysis) -> list[int]:
    return [len(portion) for portion in portions.of(analyses)]


def test_no_portion_has_many_messages(plain: Analysis) -> None:
    assert sizes(*[plain] * (2 * portions.SIZE + 1)) == [portions.SIZE, portions.SIZE, 1]
    assert sizes(*[plain] * portions.SIZE) == [portions.SIZE]
    assert sizes() == []


def test_no_portion_has_many_links(plain: Analysis) -> None:
    assert sizes(*[linked(plain, portions.LINKS // 2)] * 5) == [2, 2, 1]


def test_no_portion_is_heavy(services: Services, sender: Sender, plain: Analysis) -> None:
    file = NewAttachment(name="a.txt", content=bytes(QUARTER))
    files = analysis(services, sender, recipient="anna@example.com", attachments=[file])
    html = analysis(services, sender, html="x" * (QUARTER // 5))
    assert sizes(files, files, html, html, html, html, html, files, files, plain) == [8, 2]


def test_too_many_links_of_a_call_are_refused(plain: Analysis) -> None:
    thousand = linked(plain, 1_000)
    portions.refuse_too_many_links([thousand] * 50)
    with pytest.raises(InvalidFieldsError) as caught:
        portions.refuse_too_many_links([thousand] * 50 + [plain])
    [sentence] = caught.value.fields["message"]
    assert sentence == "must have at most 50,000 links, counted for every recipient of the request"
