"""What a mail has besides its text and its files: whom its headers name, further headers, and images of its HTML."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from shortener.rules.mail import custom_headers, header_text
from shortener.rules.mail.address import MailAddress
from shortener.rules.mail.header_text import FOLD

KEY: Final = "mail"  # under which the extras of a message have these
NOBODY: Final = "undisclosed-recipients:;"  # RFC 5322, 3.6.3: a group without addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class MailExtras:
    """The extras of one mail. It still goes to its one recipient, whomever its headers name."""

    to: tuple[str, ...] | None = None  # None: its recipient; empty: nobody
    cc: tuple[str, ...] = ()
    reply_to: str | None = None  # `Acme <news@acme.example>`, or an address alone
    headers: Mapping[str, str] = field(default_factory=dict)
    inline: int = 0  # how many of its files, the first ones, are images of the HTML

    @classmethod
    def of(cls, extras: Mapping[str, Any]) -> Self:
        """Return those that stand in the extras of a message."""
        given = dict(extras.get(KEY) or {})
        lists: dict[str, Any] = {name: tuple(given.pop(name)) for name in ("to", "cc") if name in given}
        return cls(**lists, **given)

    def stored(self) -> dict[str, Any]:
        """Return the extras of a message that has these; those that are not given are left out."""
        given = asdict(self).items()
        return {KEY: {name: value for name, value in given if value or (name == "to" and value is not None)}}

    def lines(self, recipient: MailAddress) -> Iterator[str]:
        """Yield the lines of the headers; ValueError with a sentence if one cannot be written."""
        to = [recipient] if self.to is None else self._addresses("to", self.to)
        yield f"To: {_listed(to) or NOBODY}"
        if self.cc:
            yield f"Cc: {_listed(self._addresses('cc', self.cc))}"
        if self.reply_to:
            yield f"Reply-To: {named(self._sender(self.reply_to))}"
        for name, value in self.headers.items():
            if fault := custom_headers.fault(name, value):
                raise ValueError(f"the headers {fault}")
            yield f"{name}: {header_text.long(value)}"

    @property
    def names(self) -> list[str]:
        """The names of the headers that only these extras add."""
        return [*(["Cc"] if self.cc else []), *(["Reply-To"] if self.reply_to else []), *self.headers]

    @property
    def is_ascii(self) -> bool:
        """Whether every address in the headers can be written without SMTPUTF8."""
        texts = [*(self.to or ()), *self.cc, self.reply_to or ""]
        return all(text.rpartition("<")[2].rpartition("@")[0].isascii() for text in texts)

    @staticmethod
    def _addresses(what: str, texts: tuple[str, ...]) -> list[MailAddress]:
        try:
            return [MailAddress.parse(text) for text in texts]
        except ValueError as fault:
            raise ValueError(f"the header {what} {fault}") from None

    @staticmethod
    def _sender(text: str) -> MailAddress:
        try:
            return MailAddress.parse_sender(text)
        except ValueError as fault:
            raise ValueError(f"the address for replies {fault}") from None


def named(address: MailAddress) -> str:
    """Return an address as a header has it, behind its name if it has one."""
    name = header_text.phrase(address.name)
    return f"{name}{FOLD}<{address}>" if name else str(address)


def _listed(addresses: list[MailAddress]) -> str:
    return f",{FOLD}".join(map(str, addresses))
