"""People who sign in to the dashboard, their sessions, and failed attempts to sign in."""

import datetime as dt

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from shortener.rules.role import Role
from shortener.storage.models.base import Base
from shortener.storage.models.column_types import RowId


class Person(Base):
    """Somebody who signs in to the dashboard: for an account, as an operator of the installation, or both."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    # A name or an e-mail address in lower case, as it is typed at the sign-in.
    name: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]  # its Argon2 hash, which includes the parameters
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role | None]  # within the account
    operator: Mapped[bool] = mapped_column(default=False)
    created_on: Mapped[dt.datetime]
    disabled_on: Mapped[dt.datetime | None]
    time_zone: Mapped[str | None]  # in which pages show times; NULL: the account's


class SignedIn(Base):
    """A session of a signed-in person in one browser. Its cookie is stored only as its SHA-256."""

    __tablename__ = "session"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    created_on: Mapped[dt.datetime]
    expires_on: Mapped[dt.datetime] = mapped_column(index=True)


class PasswordLink(Base):
    """The link with which a person can choose a password, at most one. Its token is stored only as its SHA-256."""

    __tablename__ = "password_link"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), unique=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    is_invitation: Mapped[bool]  # the person has never had a password
    created_on: Mapped[dt.datetime]
    expires_on: Mapped[dt.datetime]


class SignInFailure(Base):
    """A sign-in that failed or has not ended yet. Too many for one name or from one network block further ones."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index(None, "name_sha256", "tried_on"), Index(None, "network", "tried_on"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    # A hash, because the typed name may be unknown, of any length, or a password in the wrong field.
    name_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    network: Mapped[str]
    tried_on: Mapped[dt.datetime] = mapped_column(index=True)
