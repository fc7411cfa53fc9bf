"""The audit log: who did what, when, from where, and to what."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from shortener.rules.deed import Deed, Origin
from shortener.storage.models.base import Base
from shortener.storage.models.column_types import Document, RowId


class AuditEntry(Base):
    """A deed. It never holds a secret, a recipient or a text."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "account_id", "done_on", "id"), Index(None, "done_on", "id"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    done_on: Mapped[dt.datetime]
    # NULL: it is about the installation, or about an account that is gone.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    origin: Mapped[Origin]
    # A person's name, a token's name, or a user of the operating system; NULL: a signed request, or nobody known.
    actor: Mapped[str | None]
    deed: Mapped[Deed]
    about: Mapped[str | None]  # such as the name of a token, or a msgid
    details: Mapped[dict[str, Any] | None] = mapped_column(Document)
