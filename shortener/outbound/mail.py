"""A mail as it is sent: in pieces, because one with files is large."""

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

_LINE: Final = 57  # bytes of a file in one line of base64
_LINES: Final = 1024  # in one piece
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_DOT: Final = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Base64:
    """A file, which is written in base64 only while it is sent."""

    content: bytes = field(repr=False)

    def __len__(self) -> int:
        """Return the bytes that it takes in the mail."""
        size = len(self.content)
        return -(-size // 3) * 4 + -(-size // _LINE) * 2

    def pieces(self) -> Iterator[bytes]:
        """Yield it as whole lines, none of which begins with a dot."""
        content = memoryview(self.content)
        for start in range(0, len(content), _LINE * _LINES):
            yield base64.encodebytes(content[start : start + _LINE * _LINES]).replace(b"\n", b"\r\n")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail for one recipient. The addresses have neither spaces nor control characters."""

    sender: str  # of the envelope: where bounces go
    recipient: str
    content: Sequence[bytes | Base64]  # each of whole lines
    envelope_id: str  # comes back in delivery status notifications; letters and digits
    has_utf8_headers: bool = False  # an address in them is not ASCII

    @property
    def needs_utf8(self) -> bool:
        """Whether an address can be written only with SMTPUTF8 (RFC 6531)."""
        return self.has_utf8_headers or not (self.sender + self.recipient).isascii()

    @property
    def size(self) -> int:
        """The bytes of the whole mail."""
        return sum(map(len, self.content))

    def as_bytes(self) -> bytes:
        """The whole mail, as its recipient gets it."""
        return b"".join(
            each for part in self.content for each in (part.pieces() if isinstance(part, Base64) else [part])
        )

    def pieces(self) -> Iterator[bytes]:
        """Yield what is sent after DATA: every line ends with CRLF, and no first dot is lost."""
        for part in self.content:
            if isinstance(part, Base64):
                yield from part.pieces()
            elif part:
                piece = _DOT.sub(b"..", _LINE_END.sub(b"\r\n", part))
                yield piece if piece.endswith(b"\r\n") else piece + b"\r\n"
