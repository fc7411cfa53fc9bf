"""Preprocess messages: store each with its text and its links, or say what prevents it."""

import datetime as dt
import secrets
from array import array
from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from shortener.accounts.senders import Sender
from shortener.errors import (
    ClientTagTakenError,
    IdempotencyKeyReusedError,
    InvalidFieldsError,
    MonthlyLimitError,
    QuietHoursError,
)
from shortener.installation.site import Site
from shortener.messages import msgid, rows, sendings, within_limits
from shortener.messages.analysis import Analysis, leave_live_shortlinks
from shortener.messages.first_link import FIRST
from shortener.messages.rows import Row, StoredLink, StoredMessage
from shortener.rules import recipient_storage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.links.skip_reason import SkippedText
from shortener.rules.slug import NUMBER_BITS

_SURPLUS: Final = 64 - NUMBER_BITS
MAX_DRAWS: Final = 8  # of a random msgid or number: if 49 random bits are taken eight times in a row, it is no chance


class Preprocessed(NamedTuple):
    """A stored message with its links. `replayed`: it was stored by an earlier call with the same key."""

    message: StoredMessage
    links: tuple[StoredLink, ...]
    replayed: bool = False

    @property
    def link(self) -> StoredLink | None:
        """The first link, if there is one."""
        return self.links[0] if self.links else None


Refusal = InvalidFieldsError | MonthlyLimitError | QuietHoursError
Outcome = Preprocessed | ClientTagTakenError | IdempotencyKeyReusedError | Refusal


def is_to_be_sent(outcome: object) -> bool:
    """Return whether a message was stored that is to be handed over at once."""
    return isinstance(outcome, Preprocessed) and not outcome.replayed and outcome.message.state == MessageState.QUEUED


def preprocess_all(
    connection: Connection,
    account: Sender,
    analyses: Sequence[Analysis],
    site: Site,
    *,
    now: dt.datetime,
) -> list[Outcome]:
    """Store messages, their links and their sendings, with a few statements for all of them; the caller commits.

    Returns the outcome of each, as if they had come one by one in this order: the stored message, the message that an
    earlier call stored for the same idempotency key, or the error that prevents it.
    """
    analyses = leave_live_shortlinks(connection, analyses, site, now)
    outcomes = _not_sendable(connection, account, analyses, now)
    for _ in range(MAX_DRAWS):
        missing = {index: analysis for index, analysis in enumerate(analyses) if index not in outcomes}
        if not missing:
            break
        outcomes |= _store(connection, account, missing, site, now)
    else:
        raise RuntimeError("no free msgid")
    return [outcomes[index] for index in range(len(analyses))]


def _not_sendable(
    connection: Connection, account: Sender, analyses: Sequence[Analysis], now: dt.datetime
) -> dict[int, Outcome]:
    """Refuse messages that cannot be sent, or not at their time.

    What repeats an earlier message has the same outcome as always.
    """
    refusals = within_limits.not_sendable(account, analyses, now)
    return {**refusals, **_conflicts(connection, account, {index: analyses[index] for index in refusals})}


def _store(
    connection: Connection, account: Sender, analyses: Mapping[int, Analysis], site: Site, now: dt.datetime
) -> dict[int, Outcome]:
    """Return outcomes by index. A message whose msgid was taken has none: another msgid must be drawn for it."""
    count = sum(one.number_of_links for one in analyses.values())
    message_ids, link_ids = rows.draw_ids(connection, len(analyses), count)
    msgids = msgid.draw(len(analyses), now)
    message_rows = {
        index: _message_row(id_, drawn, account, one, now)
        for id_, drawn, (index, one) in zip(message_ids, msgids, analyses.items(), strict=True)
    }
    allowed = within_limits.allowance(connection, account, now)
    inserted = [] if allowed is not None and not allowed.left else list(message_rows.values())
    inserted_ids = rows.insert_messages(connection, inserted)
    free = {index for index, row in message_rows.items() if row["id"] in inserted_ids}
    reused = _reused(connection, account, {index: analyses[index] for index in analyses.keys() - free}, analyses)
    surplus = {message_rows[index]["id"] for index in free & reused.keys()}
    rows.delete_messages(connection, sorted(surplus))
    stored_ids = within_limits.keep(connection, account, allowed, inserted_ids - surplus)
    messages = {
        index: _stored_message(row, analyses[index]) for index, row in message_rows.items() if row["id"] in stored_ids
    }
    rows.insert_parts(connection, messages.values())
    link_rows = [
        row
        for index, message in messages.items()
        for row in _link_rows(message.id, account, analyses[index], site, now)
    ]
    sendings.insert(
        connection, account, {message.id: analyses[index] for index, message in messages.items()}, site, now
    )
    links = _store_links(connection, dict(zip(link_ids, link_rows, strict=False)))  # refused messages leave ids over
    refused = {index: analysis for index, analysis in analyses.items() if index not in messages}
    stored = {index: Preprocessed(message, tuple(links.get(message.id, ()))) for index, message in messages.items()}
    beyond = within_limits.refusals(allowed, stored_ids, refused, now)
    return {**stored, **beyond, **_conflicts(connection, account, refused), **reused}


def _reused(
    connection: Connection, account: Sender, refused: Mapping[int, Analysis], analyses: Mapping[int, Analysis]
) -> dict[int, Outcome]:
    """Refuse all messages of a request if the key of one that was refused came with another request."""
    keyed = {index: one for index, one in refused.items() if one.idempotency_key and one.face.bulk_id}
    conflicts = _conflicts(connection, account, keyed).items()
    reused = {keyed[index].face.bulk_id for index, one in conflicts if isinstance(one, IdempotencyKeyReusedError)}
    return {index: IdempotencyKeyReusedError() for index, one in analyses.items() if one.face.bulk_id in reused}


def _message_row(message_id: int, drawn: str, account: Sender, analysis: Analysis, now: dt.datetime) -> Row:
    submission, face, due_on = analysis.submission, analysis.face, within_limits.due_on(account, analysis, now)
    state = rows.first_state(sends=analysis.route is not None, later=due_on > now)
    return {
        "id": message_id,
        "account_id": account.id,
        "msgid": drawn,
        "received_on": now,
        "track_link": analysis.track_link,
        "detection": analysis.detection,
        "bare_domains": analysis.bare_domains,
        "count_as_click": analysis.count_as_click,
        "lt_callbackurl": submission.lt_callbackurl,
        "client_tag": submission.client_tag,
        "sender": submission.sender,
        "recipient": recipient_storage.stored(submission.recipient, account.recipient_storage),
        "tags": submission.tags or None,
        "metadata": submission.metadata,
        "skipped": _skipped(analysis),
        "vendor_fields": {**(submission.vendor_fields() or {}), **(face.fields or {})} or None,
        "idempotency_key": analysis.idempotency_key,
        "fingerprint": analysis.fingerprint() if analysis.idempotency_key is not None else None,
        "face": face.name or None,
        "track": analysis.track,
        "subject": submission.subject,
        "receipts_url": submission.receipts_url,
        "gateway": analysis.route.gateway if analysis.route else None,
        "send_on": due_on if due_on > now else None,
        "state": state,
        "state_on": now if state else None,
        "code": None,
        "reason": None,
        "bulk_id": face.bulk_id,
        "told_states": face.told_column(),
        "pull_queue": face.pull_queue,
        "pulled_on": None,
    }


def _skipped(analysis: Analysis) -> list[SkippedText] | None:
    pieces = (*analysis.finding.skipped, *analysis.html_finding.skipped)
    return [SkippedText(text=piece.text, reason=piece.reason) for piece in pieces] or None


def _stored_message(row: Row, analysis: Analysis) -> StoredMessage:
    submission = analysis.submission
    return StoredMessage(
        row["id"], row["msgid"], row["received_on"], submission.text, submission.html, row["skipped"], row["state"]
    )


def _conflicts(connection: Connection, account: Sender, refused: Mapping[int, Analysis]) -> dict[int, Outcome]:
    """Say which earlier message prevents each of these; those whose msgid was taken by chance are left out."""
    keys = {one.idempotency_key for one in refused.values() if one.idempotency_key is not None}
    client_tags = {one.submission.client_tag for one in refused.values() if one.submission.client_tag is not None}
    if not keys and not client_tags:
        return {}
    earlier = list(rows.earlier(connection, account.id, keys, client_tags))
    by_key = {one.idempotency_key: one for one in earlier if one.idempotency_key is not None}
    by_tag = {one.client_tag: one for one in earlier if one.client_tag is not None}
    outcomes: dict[int, Outcome] = {}
    for index, analysis in refused.items():
        if (same_key := by_key.get(analysis.idempotency_key or "")) is not None:
            is_same = same_key.fingerprint == analysis.fingerprint()
            repeated = Preprocessed(same_key.message, same_key.links, replayed=True)
            outcomes[index] = repeated if is_same else IdempotencyKeyReusedError()
        elif (same_tag := by_tag.get(analysis.submission.client_tag or "")) is not None:
            outcomes[index] = ClientTagTakenError(same_tag.message.msgid)
    return outcomes


def _store_links(connection: Connection, link_rows: Mapping[int, Row]) -> dict[int, list[StoredLink]]:
    """Insert links by id, each under a random number that no other link has; return them by their message's id."""
    links: dict[int, list[StoredLink]] = {}
    missing = link_rows
    for _ in range(MAX_DRAWS):
        if not missing:
            return links
        numbers = zip(missing.items(), draw_numbers(len(missing)), strict=True)
        drawn = {id_: {"id": id_, **row, "number": number} for (id_, row), number in numbers}
        stored_ids = rows.insert_links(connection, list(drawn.values()))
        for row in drawn.values():
            if row["id"] in stored_ids:
                insort(links.setdefault(row["message_id"], []), rows.stored_link(row), key=lambda link: link.id)
        missing = {id_: row for id_, row in missing.items() if id_ not in stored_ids}
    raise RuntimeError("no free slug")


def draw_numbers(count: int) -> list[int]:
    """Return so many random numbers for links. To ask the system for each of them would take ten times as long."""
    return [drawn >> _SURPLUS for drawn in array("Q", secrets.token_bytes(8 * count))]


def _link_rows(message_id: int, account: Sender, analysis: Analysis, site: Site, now: dt.datetime) -> Iterator[Row]:
    """Yield the rows of a message's links, without ids and numbers. They live from when the message is to be sent."""
    expires_on = within_limits.due_on(account, analysis, now) + site.link_life
    for position, (part, found) in enumerate(analysis.links, FIRST):
        target = found.target
        yield {
            "message_id": message_id,
            "position": position,
            "part": part.value,
            "base_url": site.base_url,
            "target": target.link,
            "location": target.location if target.location != target.link else None,
            "starts_at": found.start,
            "ends_at": found.end,
            "expires_on": expires_on,
            "count_as_click": analysis.count_as_click,
            "accessed_on": None,
            "off_on": None,
        }
