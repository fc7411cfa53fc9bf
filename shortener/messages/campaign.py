"""A campaign: read a file of messages, and write it with their shortlinks, one transaction's rows at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shortener.accounts.senders import Sender
from shortener.errors import CampaignError, ClientTagTakenError, InvalidFieldsError
from shortener.installation.site import Site
from shortener.messages import bulk, rewriting
from shortener.messages.bulk import Outcome
from shortener.messages.campaign_files import File, Row
from shortener.messages.preprocess import Preprocessed
from shortener.messages.submission import Submission
from shortener.rules.delivery.receiver import Policy
from shortener.rules.wire.json_stream import Entry, Fault
from shortener.rules.wire.strict_json import Object

# Not what a cell cannot hold, and not HTML, for whose rewritten form the output has no column.
FIELDS: Final = tuple(name for name in Submission.model_fields if name not in {"html", "attachments"})
# Taken from a column of their name. Files may have columns such as `subject` for other purposes, so no field is added.
BY_NAME: Final = frozenset(
    {"message", "client_tag", "recipient", "sender", "tags", "metadata", "lt_callbackurl", "callbackurl"}
    | {"track_link", "detection", "bare_domains", "count_as_click"}
)
ADDED: Final = ("msgid", "rewritten_message", "shortlink", "skipped", "problem")


@dataclass(frozen=True, slots=True)
class Plan:
    """The column of each field of a message, the values that all rows share, and the prefix of the new columns.

    A file with a header must have the columns of the fields in `chosen`.
    """

    columns: Mapping[str, str]  # by field
    constants: Mapping[str, str]
    prefix: str = ""
    chosen: tuple[str, ...] = ("message",)

    @property
    def added(self) -> tuple[str, ...]:
        """Return the names of the new columns."""
        return tuple(self.prefix + name for name in ADDED)

    def entry(self, row: Row) -> Entry:
        """Return the submission of a row. A field whose cell is empty is not given."""
        if row.problem is not None:
            return Fault("invalid_row", row.problem)
        given = {field: row.values.get(column) for field, column in self.columns.items()}
        entry = Object({**self.constants, **{name: value for name, value in given.items() if value not in ("", None)}})
        entry.repeated = row.repeated
        return entry

    def check(self, columns: tuple[str, ...] | None) -> None:
        """Raise CampaignError if a chosen column is missing, or a column would be overwritten."""
        if columns is None:
            return
        for field in self.chosen:
            if self.columns[field] not in columns:
                option = "--column" if field == "message" else "--map"
                raise CampaignError(
                    f"The input has no column named {self.columns[field]}. It has: {', '.join(columns)}. "
                    f"Choose one with {option}."
                )
        twice = [name for name in self.columns.values() if columns.count(name) > 1]
        if twice:
            raise CampaignError(f"The input has several columns named {twice[0]}; which one is meant?")
        self.check_unused(columns)

    def check_unused(self, names: Mapping[str, object] | tuple[str, ...]) -> None:
        """Raise CampaignError if one of these columns would be overwritten."""
        if taken := [name for name in self.added if name in names]:
            raise CampaignError(
                f"The input has {taken[0]} already, and it would be overwritten; rename the new columns with --prefix."
            )


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a campaign. `unlinked` counts the stored messages without a shortlink."""

    rows: int = 0
    problems: int = 0
    unlinked: int = 0


def plan(column: str, mapped: Mapping[str, str], constants: Mapping[str, str], prefix: str = "") -> Plan:
    """Return a plan: a column with a field's name is this field, unless another column or a constant is given.

    That holds for the fields in BY_NAME; others must be given.
    """
    own = {field: field for field in FIELDS if field in BY_NAME and field not in constants}
    columns = {field: name for field, name in {**own, **mapped, "message": column}.items() if name}
    chosen = tuple(field for field, name in {**mapped, "message": column}.items() if name)
    return Plan(columns, constants, prefix, chosen)


def run(
    file: File,
    plan: Plan,
    account: Sender,
    site: Site,
    policy: Policy,
    *,
    idempotency_key: str | None = None,
) -> Iterator[Progress]:
    """Preprocess every row of a file and write it; yield the progress after each transaction.

    The output's header must have been written. A row is written after its message is stored.
    """
    done = Progress()
    for rows in bulk.in_chunks(_checked(file, plan)):
        entries = [plan.entry(row) for row in rows]
        outcomes = bulk.preprocess_entries(
            entries, account, site, policy, first=done.rows, idempotency_key=idempotency_key
        )
        for row, outcome in zip(rows, outcomes, strict=True):
            file.write(row, dict(zip(plan.added, values(outcome, plan, site), strict=True)))
        file.flush()
        stored = [outcome for outcome in outcomes if isinstance(outcome, Preprocessed)]
        done = Progress(
            rows=done.rows + len(rows),
            problems=done.problems + len(rows) - len(stored),
            unlinked=done.unlinked + sum(outcome.link is None for outcome in stored),
        )
        yield done


def _checked(file: File, plan: Plan) -> Iterator[Row]:
    for row in file.rows():
        if file.columns is None:
            plan.check_unused(row.values)
        yield row


def values(outcome: Outcome, plan: Plan, site: Site) -> tuple[str | None, ...]:
    """Return the values of the new columns of a row."""
    if not isinstance(outcome, Preprocessed):
        return None, None, None, None, _problem(outcome, plan)
    message = outcome.message
    shortlink = site.shortlink_of(outcome.link) if outcome.link else None
    skipped = "; ".join(f"{piece['text']} ({piece['reason']})" for piece in message.skipped or []) or None
    return message.msgid, rewriting.text(message.text, outcome.links, site), shortlink, skipped, None


def _problem(outcome: Outcome, plan: Plan) -> str:
    if isinstance(outcome, Fault):
        return outcome.sentence
    if isinstance(outcome, InvalidFieldsError):
        faults = [f"{plan.columns.get(field, field)} {', '.join(each)}" for field, each in outcome.fields.items()]
        return "; ".join(faults)
    if isinstance(outcome, ClientTagTakenError):
        return f"{outcome} Its msgid is {outcome.msgid}."
    return str(outcome)
