"""Read the fields of a receipt: tolerant in how a name is spelled, strict in which message and state it tells.

A time or a code that cannot be read is not worth losing a receipt for.
"""

import datetime as dt
import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from shortener.errors import InvalidFieldsError
from shortener.receipts.incoming import RAW_BYTES, IncomingReceipt
from shortener.validation.models import Faults

LONGEST: Final = 200  # characters of an id or a code
MOST_RECEIPTS: Final = 1_000  # in one request
_NOT_STORABLE: Final = re.compile("[\0\ud800-\udfff]")
T = TypeVar("T")
log = logging.getLogger(__name__)


class ReceiptFields:
    """The fields of one receipt. `err-code`, `err_code` and `errCode` are the same name.

    What is wrong is collected; `checked` raises InvalidFieldsError with all of it.
    """

    def __init__(self, given: Mapping[str, Any], within: str = "") -> None:
        """Take the fields; `within` is put before their names in faults, such as `results[0].`."""
        self._given, self._within = given, within
        self._values: dict[str, Any] = {}
        for name, value in given.items():
            self._values.setdefault(_plain(name), value)
        self.faults: Faults = {}

    def text(self, name: str, *, longest: int = LONGEST) -> str:
        """The value as text, empty if it is missing or null."""
        value = self._values.get(_plain(name))
        if value is None:
            return ""
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            return self._fault(name, "must be a text or a number")
        text = str(value).strip()
        if len(text) > longest:
            return self._fault(name, f"must have at most {longest} characters")
        if not _is_storable(text):
            return self._fault(name, "must be valid Unicode without the character NUL")
        return text

    def cut(self, name: str, *, longest: int = LONGEST) -> str:
        """The value as text that can be stored, whatever it is."""
        return storable(self._values.get(_plain(name)), longest=longest)

    def required(self, name: str) -> str:
        """The value as text, which must not be missing."""
        text = self.text(name)
        if not text and self._within + name not in self.faults:
            return self._fault(name, "is required")
        return text

    def one_of(self, name: str, table: Mapping[str, T]) -> T | None:
        """What the table has for the value, in any case; it must be one of the table's. None with a fault."""
        text = self.required(name).lower()
        if text and text not in table:
            self._fault(name, f"must be one of {', '.join(table)}")
        return table.get(text)

    def moment(self, name: str, *formats: str, zone: dt.tzinfo = dt.UTC) -> dt.datetime | None:
        """The value as a time: in one of the formats and that zone, or ISO 8601. None if it is missing, or no time."""
        return _moment(self.cut(name), formats, zone)

    def within(self, name: str) -> "ReceiptFields":
        """The fields of an object in this one; none if it is missing. Its faults are ours."""
        value = self._values.get(_plain(name))
        if value is not None and not isinstance(value, Mapping):
            self._fault(name, "must be an object")
            value = None
        inner = ReceiptFields(value or {}, f"{self._within}{name}.")
        inner.faults = self.faults
        return inner

    def texts(self, name: str) -> list[str]:
        """The texts of a list; others in it are passed over."""
        value = self._values.get(_plain(name))
        return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []

    def checked(self, value: T | None) -> T:
        """The value; InvalidFieldsError with all that is wrong, if anything is."""
        if self.faults or value is None:
            raise InvalidFieldsError(self.faults)
        return value

    def raw(self) -> str | None:
        """The receipt as it came, as JSON, cut to what is stored; None if it is nested too deep to be written."""
        try:
            text = json.dumps(self._given, ensure_ascii=False, separators=(",", ":"))
        except RecursionError:
            return None
        return text.encode("utf-8", "replace")[:RAW_BYTES].decode("utf-8", "ignore")

    def _fault(self, name: str, sentence: str) -> str:
        self.faults.setdefault(self._within + name, []).append(sentence)
        return ""


def storable(value: object, *, longest: int = LONGEST) -> str:
    """A text or a number as text that both databases can store and index; empty if it is neither."""
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return _NOT_STORABLE.sub("\ufffd", text.strip()[:longest])


def each(
    fields: Mapping[str, Any], name: str, read: Callable[[ReceiptFields], IncomingReceipt | None]
) -> list[IncomingReceipt]:
    """The receipts of a list, each as `read` makes it; None is passed over.

    So is what cannot be read, because a gateway repeats all of them or none; but InvalidFieldsError if that is all that
    there is, if there is no such list, or if it is too long.
    """
    value = fields.get(name)
    if not isinstance(value, list):
        raise InvalidFieldsError({name: ["must be a list"]})
    if len(value) > MOST_RECEIPTS:
        raise InvalidFieldsError({name: [f"must have at most {MOST_RECEIPTS:,} entries"]})
    found, faults = list[IncomingReceipt](), Faults()
    for index, one in enumerate(value):
        try:
            receipt = read(_entry(one, f"{name}[{index}]"))
        except InvalidFieldsError as error:
            faults |= error.fields
        else:
            found += [receipt] if receipt else []
    if faults and not found:
        raise InvalidFieldsError(faults)
    if faults:
        log.warning("of several receipts some cannot be read: %.500s", ", ".join(faults))
    return found


def _entry(value: object, at: str) -> ReceiptFields:
    if not isinstance(value, Mapping):
        raise InvalidFieldsError({at: ["must be an object"]})
    return ReceiptFields(value, f"{at}.")


def _plain(name: str) -> str:
    """The name without what vendors write differently: case, hyphens, underscores."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_storable(text: str) -> bool:
    """Whether both databases can store the text: no NUL, no lone surrogate."""
    return _NOT_STORABLE.search(text) is None


def _moment(text: str, formats: tuple[str, ...], zone: dt.tzinfo) -> dt.datetime | None:
    for form in formats:
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=zone).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            continue
    try:
        found = dt.datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
