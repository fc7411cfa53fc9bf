"""Check a mail that is about to be sent: it has the headers that we write, and no other.

It reads what was written, and knows nothing of how: so a fault in the writing does not become somebody's header.
"""

from collections.abc import Sequence
from email import message_from_bytes
from email.message import Message
from typing import Final

from shortener.outbound.mail import Base64

_OF_MAIL: Final = ["Date", "From", "MIME-Version", "Message-ID", "Subject", "To"]
_OF_CONTENT: Final = frozenset({"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID"})


def check(content: Sequence[bytes | Base64], parts: int, more: Sequence[str] = ()) -> None:
    """Raise ValueError if the mail has another header than these, or another number of texts and files in it.

    `more` has the names of the headers that the sender of this mail has added.

    Files are in base64, which can be no header, and are passed over.
    """
    written = b"".join(piece for piece in content if isinstance(piece, bytes))
    mail = message_from_bytes(written)
    own = sorted(name for name in mail.keys() if name not in _OF_CONTENT)  # noqa: SIM118 - names may repeat
    ours = sorted([*_OF_MAIL, *more])
    all_parts = list(mail.walk())
    leaves = [part for part in all_parts if not part.is_multipart()]
    if not (
        _has_whole_line_ends(written)
        and own == ours
        and len(leaves) == parts
        and all(_is_ours(part, ours if part is mail else []) for part in all_parts)
    ):
        raise ValueError("the message cannot be written as a mail")


def _is_ours(part: Message, own: Sequence[str]) -> bool:
    names = [name for name in part.keys() if name not in own]  # noqa: SIM118
    return not part.defects and len(set(names)) == len(names) and _OF_CONTENT.issuperset(names)


def _has_whole_line_ends(written: bytes) -> bool:
    """Whether no CR and no LF stands alone, which some relays take for the end of a line."""
    return written.count(b"\r\n") == written.count(b"\r") == written.count(b"\n")
