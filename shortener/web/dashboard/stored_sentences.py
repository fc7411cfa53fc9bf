"""Sentences that are stored in English, in the reader's language.

The worker stores a sentence about why an attempt failed, whose wording has changed between versions. English pages show
it unchanged; pages in other languages explain the outcome instead, and add the system's message.
"""

import re
from typing import Final

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from shortener.exports import attempt
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.web.dashboard.language import spoken

_REDIRECTED: Final = _("Only status 200 counts as delivered. Redirects are not followed.")
_OUTCOMES: Final[dict[AttemptOutcome, LazyString]] = {
    AttemptOutcome.ANSWERED: _("Only status 200 counts as delivered."),
    AttemptOutcome.TIMEOUT: _("The receiver did not respond in time."),
    AttemptOutcome.BLOCKED: _("Callbacks to this address are not allowed."),
    AttemptOutcome.UNRESOLVED: _("No address was found for the host name."),
    AttemptOutcome.REFUSED: _("No connection could be made."),
    AttemptOutcome.TLS: _("No trusted TLS connection could be made."),
    AttemptOutcome.BROKEN: _("The connection ended without an HTTP response."),
    AttemptOutcome.UNSIGNED: _("No signing secret of the account can be decrypted. The operator can create a new one."),
    AttemptOutcome.DECLINED: _("The gateway refused the message."),
    AttemptOutcome.BUSY: _("The gateway did not take the message and will be asked again."),
    AttemptOutcome.UNSURE: _("The gateway may have taken the message."),
    AttemptOutcome.UNWRITTEN: _("The file could not be written."),
    AttemptOutcome.INTERRUPTED: _("This system stopped before the attempt ended."),
}
_WITH_MESSAGE: Final = (AttemptOutcome.REFUSED, AttemptOutcome.TLS)  # of the system: "… (Connection refused)"
_IN_BRACKETS: Final = re.compile(r"\((.+)\)$")
_UNWRITTEN: Final = {
    "the storage did not answer in time": _("The storage did not answer in time."),
    attempt.NOT_ALLOWED: _("The operator does not allow this place any more."),
    attempt.DATABASE: _("The database could not be used."),
}
_ALREADY_THERE: Final = re.compile(r".+: a (?:file|folder) of that name is already there")
_OF_STORAGE: Final = re.compile(
    r"(?:the storage answered |the storage cannot be reached: |the file cannot be written: |(?=/))(.+)"
)
_ALL_FAILED: Final = re.compile(r"all ([0-9]+) attempts failed")


def attempt_detail(stored: str | None, outcome: str, status: int | None) -> str:
    """Why an attempt was not delivered; `status` is the HTTP status of the response, if there was one."""
    if spoken() == "en" or outcome not in _OUTCOMES:
        return stored or ""
    if outcome == AttemptOutcome.UNWRITTEN:
        if _ALREADY_THERE.fullmatch(stored or ""):
            return str(gettext("Something else of that name is already there."))
        if stored in _UNWRITTEN:
            return str(_UNWRITTEN[stored])
    is_redirect = status is not None and 300 <= status < 400
    sentence = str(_REDIRECTED if is_redirect else _OUTCOMES[AttemptOutcome(outcome)])
    message = _message(stored or "", outcome)
    return str(gettext("%(sentence)s (%(message)s)", sentence=sentence, message=message)) if message else sentence


def _message(stored: str, outcome: str) -> str | None:
    """What a system or a storage said itself, which is not translated."""
    if outcome == AttemptOutcome.UNWRITTEN:
        said = _OF_STORAGE.fullmatch(stored)
    else:
        said = _IN_BRACKETS.search(stored) if outcome in _WITH_MESSAGE else None
    return said[1] if said else None


def exhausted_because(stored: str) -> str:
    """Why a callback is exhausted."""
    if spoken() == "en":
        return stored
    if all_failed := _ALL_FAILED.fullmatch(stored):
        return str(gettext("all %(count)s attempts failed", count=all_failed[1]))
    return str(gettext("this system stopped too often during an attempt"))


def requested_by(stored: str) -> str:
    """Who asked for a replay: stored as `person NAME` or `account NAME`."""
    kind, _space, name = stored.partition(" ")
    if kind == "person":
        return str(gettext("person %(name)s", name=name))
    return str(gettext("account %(name)s", name=name)) if kind == "account" else stored
