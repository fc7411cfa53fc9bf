"""What a vendor's wire format adds to a submission."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shortener.errors import InvalidFieldsError
from shortener.messages.submission import Submission, digest
from shortener.rules.delivery.message_state import MessageState

_LONE: Final = re.compile("[\ud800-\udfff]")
UNSTORABLE: Final = "must not contain the character NUL or half of a surrogate pair"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFace:
    """What a vendor's wire format adds to a submission.

    `fields` are stored with the message and given back later, `extras` are for its gateway alone and erased with the
    recipient. `bulk_id` is the vendor's id of all messages of one request. A new state makes a callback if it is one of
    `told_states`; None stands for all. Of the states that a mapping has under one word only the first one makes one.
    The report is given out once by `pull_queue`, if there is one. `request` is the digest of the whole request, if the
    submission does not say all of it.
    """

    name: str = ""  # the vendor's folder; empty: it came in our own format
    fields: dict[str, Any] | None = None
    extras: dict[str, Any] | None = None
    bulk_id: str | None = None
    told_states: frozenset[MessageState] | Mapping[MessageState, MessageState] | None = None
    pull_queue: str | None = None
    request: bytes | None = None

    def check(self) -> None:
        """Raise InvalidFieldsError, which names the vendor's fields, for texts that no database keeps."""
        if self.bulk_id is None and not self.fields and not self.extras:
            return
        given = {"bulkId": self.bulk_id, **(self.fields or {}), **(self.extras or {})}
        if unstorable := [name for name, value in given.items() if not _is_storable([name, value])]:
            names = (name if _is_storable([name]) else "fields" for name in unstorable)
            raise InvalidFieldsError({name: [UNSTORABLE] for name in names})

    def told_column(self) -> list[str] | dict[str, str] | None:
        """Return `told_states` as they are stored."""
        if isinstance(self.told_states, Mapping):
            return {state.value: word.value for state, word in self.told_states.items()}
        return None if self.told_states is None else sorted(self.told_states)

    def fingerprint(self, submission: Submission) -> bytes:
        """Return the digest of all that the request says, so that a repeat with the same key can be told from another.

        It is the submission's own if the message came in our own format.
        """
        if not self.name:
            return submission.fingerprint()
        if self.request is not None:
            return digest([self.name, self.request.hex()])
        return digest([self.name, submission.fingerprint().hex(), self.fields or {}, self.extras or {}])


NO_FACE: Final = FromFace()


def _is_storable(values: Iterable[Any]) -> bool:
    """Whether PostgreSQL keeps all texts in JSON values and reads them again; nesting may be deep."""
    left = list(values)
    while left:
        value = left.pop()
        if isinstance(value, Mapping):
            left += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            left += value
        elif isinstance(value, str) and not _is_text(value):
            return False
    return True


def _is_text(value: str) -> bool:
    return "\0" not in value and (value.isascii() or _LONE.search(value) is None)
