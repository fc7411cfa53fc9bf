"""What would become of a campaign's rows: read and checked as at the start, and nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Final

from shortener.accounts.senders import Sender
from shortener.campaigns.options import Options
from shortener.errors import CampaignError, InvalidFieldsError
from shortener.installation.site import Site
from shortener.messages import bulk, dry_run
from shortener.messages.analysis import Analysis
from shortener.messages.campaign import Plan
from shortener.messages.campaign_files import Row
from shortener.rules.delivery.receiver import Policy
from shortener.rules.wire.json_stream import Fault

MOST_ROWS: Final = 20_000
MOST_SHOWN: Final = 50  # problems
FIRST: Final = 5  # rows
LONGEST_CELL: Final = 200  # characters that are shown


@dataclass(slots=True)
class Problem:
    """Why a row cannot be used: faults by column, or the `earlier` line with its client tag, or a sentence.

    `line` is that of a CSV file, or the number of a row of JSON Lines.
    """

    line: int
    sentence: str = ""
    faults: Sequence[tuple[str, list[str]]] = ()
    earlier: int | None = None


@dataclass(slots=True)
class Preview:
    """A look at a file: its first rows, how many messages it has, and what is wrong with others.

    `unlinked` messages get no shortlink, `dearer` ones need more SMS parts than before. `fatal`: it cannot be started.
    """

    first: list[list[str]] = field(default_factory=list)
    rows: int = 0
    messages: int = 0
    unlinked: int = 0
    dearer: int = 0
    parts: int = 0  # of all texts that would be sent
    faulty: int = 0
    problems: list[Problem] = field(default_factory=list)
    too_many: bool = False
    fatal: str | None = None

    def add_problem(self, problem: Problem) -> None:
        """Count a problem, and keep the first ones."""
        self.faulty += 1
        if len(self.problems) < MOST_SHOWN:
            self.problems.append(problem)


def look(
    source: IO[bytes], options: Options, columns: tuple[str, ...], account: Sender, site: Site, policy: Policy
) -> Preview:
    """Read the whole file and check every row."""
    found, tags, plan = Preview(), dict[str, int](), options.plan(columns)
    try:
        for row in islice(options.opened(source).rows(), MOST_ROWS + 1):
            if found.rows == MOST_ROWS:
                found.too_many = True
                break
            found.rows += 1
            if len(found.first) < FIRST:
                found.first.append([str(row.values.get(name, ""))[:LONGEST_CELL] for name in columns])
            outcome = bulk.analysed_entry(plan.entry(row), account, site, policy, None)
            problem = _problem(row, outcome, plan, tags)
            if problem is not None:
                found.add_problem(problem)
            elif isinstance(outcome, Analysis):
                _count(outcome, site, found)
    except CampaignError as error:
        found.fatal = str(error)
    return found


def _problem(
    row: Row, outcome: Analysis | InvalidFieldsError | Fault, plan: Plan, tags: dict[str, int]
) -> Problem | None:
    """Return what is wrong with a row; `tags` has the lines of the client tags above it, and gets that of this one."""
    refusal = outcome.refusal if isinstance(outcome, Analysis) else outcome
    if isinstance(refusal, Fault):
        return Problem(row.line, refusal.sentence)
    if refusal is not None:
        return Problem(
            row.line, faults=[(plan.columns.get(field, field), each) for field, each in refusal.fields.items()]
        )
    tag = outcome.submission.client_tag if isinstance(outcome, Analysis) else None
    if tag is not None and tags.setdefault(tag, row.line) != row.line:
        return Problem(row.line, earlier=tags[tag])
    return None


def _count(analysis: Analysis, site: Site, found: Preview) -> None:
    sms = dry_run.shown(analysis.submission.text, analysis.finding, site)["sms"]
    found.messages += 1
    found.unlinked += not analysis.number_of_links
    found.dearer += sms["parts_after"] > sms["parts_before"]
    found.parts += sms["parts_after"]
