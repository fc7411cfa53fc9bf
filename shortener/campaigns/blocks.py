"""Files in the database, in blocks: every node can read them, and they live as long as the database."""

import io
from collections.abc import Iterator
from typing import IO, Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from shortener.storage import db
from shortener.storage.models import CampaignBlock

SIZE: Final = 256 * 1024  # bytes of a block of a file
FILE: Final = "file"
RESULT: Final = "result"


def write(session: Session, campaign_id: int, source: IO[bytes]) -> None:
    """Store a file that was uploaded."""
    number = 0
    while content := source.read(SIZE):
        add(session, campaign_id, FILE, number, content)
        number += 1


def add(session: Session, campaign_id: int, kind: str, number: int, content: bytes) -> None:
    """Store one block."""
    row = {"campaign_id": campaign_id, "kind": kind, "number": number, "content": content}
    session.execute(insert(CampaignBlock), [row])


def read(campaign_id: int, kind: str) -> Iterator[bytes]:
    """Yield the blocks in order, each read in a transaction of its own."""
    last = -1
    while True:
        query = select(CampaignBlock.number, CampaignBlock.content).where(
            CampaignBlock.campaign_id == campaign_id, CampaignBlock.kind == kind, CampaignBlock.number > last
        )
        with db.read() as session:
            found = session.execute(query.order_by(CampaignBlock.number).limit(1)).first()
        if found is None:
            return
        last = found.number
        yield found.content


def opened(campaign_id: int) -> io.BufferedReader:
    """Return the file, to be read from its beginning."""
    return io.BufferedReader(_Blocks(read(campaign_id, FILE)), SIZE)


class _Blocks(io.RawIOBase):
    """A stream of blocks."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, memoryview(b"")

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the current block reaches."""
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
