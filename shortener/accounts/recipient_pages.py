"""What recipients see on the pages of dead links: the sender's name and contact, or another page altogether."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field
from sqlalchemy import bindparam, select

from shortener.config.settings import Settings
from shortener.config.types import Contact, Line, Url
from shortener.storage.lookups import Readers
from shortener.storage.models import Base
from shortener.validation.models import Fields


class RecipientPages(NamedTuple):
    """What the pages say about the sender; NULL: what the installation has, for a link of an account."""

    sender_name: str | None
    sender_contact: str | None
    fallback_url: str | None  # where visitors of dead links are redirected to, instead of a page


LONGEST: Final = 2_000  # characters of a URL
COLUMNS: Final = RecipientPages._fields  # of the table `account`, and names of settings
_TABLES: Final = Base.metadata.tables
_LINK, _MESSAGE, _ACCOUNT = _TABLES["link"], _TABLES["message"], _TABLES["account"]
_OF_LINK: Final = (
    select(*_ACCOUNT.c[COLUMNS])
    .join(_MESSAGE, _MESSAGE.c.account_id == _ACCOUNT.c.id)
    .join(_LINK, _LINK.c.message_id == _MESSAGE.c.id)
    .where(_LINK.c.id == bindparam("link_id"))
)


class _Changes(Fields):
    sender_name: Line | None = None
    sender_contact: Contact | None = None
    fallback_url: Annotated[Url, Field(max_length=LONGEST)] | None = None


def changes(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return new values of an account by column: what is not given stays, null takes it away.

    InvalidFieldsError with everything that is wrong.
    """
    checked = _Changes.check(fields)
    return {name: getattr(checked, name) for name in checked.model_fields_set}


def of_installation(settings: Settings) -> RecipientPages:
    """Return what the operator has set, for links that do not exist."""
    return RecipientPages(*[getattr(settings, name) for name in COLUMNS])


def of_link(readers: Readers, link_id: int, settings: Settings) -> RecipientPages:
    """Return what the link's account has, each value that it has not from the settings. Takes one look-up.

    Name and contact go together: a sender's name is not shown with the contact of somebody else.
    """
    row, own = readers.row(_OF_LINK, {"link_id": link_id}), of_installation(settings)
    if row is None:
        return own
    name, contact, fallback = row
    if name is None and contact is None:
        return own._replace(fallback_url=fallback or own.fallback_url)
    # An account that tells recipients who it is wants them to read it, not to see the operator's page.
    return RecipientPages(name, contact, fallback)
