"""E-mail addresses as we take them: written the same way everywhere, so that nothing in one can end a command."""

import re
from dataclasses import dataclass
from typing import Final, Self

import idna

from shortener.rules.mail import header_text

_PART: Final = r"[^\s\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff()<>\[\]:;@\\,\"]"
_ADDRESS: Final = re.compile(f"({_PART}{{1,64}})@({_PART}{{1,253}})")
_DOMAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_NAMED: Final = re.compile("([^<>]*)<([^<>]+)>")


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address with its domain in ASCII, and the name in front of it, empty if there is none."""

    local: str
    domain: str
    name: str = ""

    def __str__(self) -> str:
        """Return the address without the name."""
        return f"{self.local}@{self.domain}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address in a text that has nothing else; ValueError with a sentence if it is none."""
        return cls(*_parts(text, "must be one e-mail address"))

    @classmethod
    def parse_sender(cls, text: str) -> Self:
        """Return what `Acme <news@acme.example>` names, or an address alone; ValueError if it is neither."""
        header_text.one_line(text)
        named = _NAMED.fullmatch(text)
        name, plain = (named[1].strip(), named[2]) if named else ("", text)
        if len(name) > 1 and name[0] == name[-1] == '"':
            name = name[1:-1]
        sentence = "must be an e-mail address, such as shop@example.com or Shop <shop@example.com>"
        return cls(*_parts(plain, sentence), name)


def _parts(text: str, sentence: str) -> tuple[str, str]:
    parts = _ADDRESS.fullmatch(text)
    if parts is None or "=?" in text:
        raise ValueError(sentence)
    local, domain = parts.groups()
    try:
        domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except ValueError:  # of which IDNAError is one
        raise ValueError(sentence) from None
    if not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise ValueError(sentence)
    return local, domain
