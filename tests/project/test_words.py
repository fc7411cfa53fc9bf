"""One word per thing: no table, column, module or route uses a word that means another thing."""

import re
from collections.abc import Iterable, Iterator

from flask import Flask

from shortener import vendors
from shortener.storage.models import Base
from tests.support import ROOT

PACKAGE = ROOT / "shortener"
# Words that are not used for things, with the right words.
NOT_OURS = {
    "sms": "message",
    "notification": "message or callback",
    "url": "link",
    "code": "slug",
    "hash": "slug",
    "token": "slug",
    "hit": "click",
    "visit": "click",
    "user": "account, or visitor",
    "tenant": "account",
    "webhook": "callback",
    "delivery": "attempt",
    "payload": "event",
    "stats": "report",
}
# Names in which such a word is right.
MEANT = {
    "credential.token_sha256": "what an account shows is its TOKEN",
    "session.token_sha256": "what a browser shows is the session's token",
    "password_link.token_sha256": "what a link shows is its token",
    "callback.lease_token": "shows who holds the lease",
    "callback.url": "the sender's address, no link of a message",
    "link.base_url": "the address of this installation",
    "sending.lease_token": "shows who holds the lease",
    "account.receipts_url": "the sender's address, no link of a message",
    "account.fallback_url": "a page of the sender's, no link of a message",
    "message.receipts_url": "the sender's address, no link of a message",
    "account.alerts_url": "the sender's address, no link of a message",
    "alert.url": "the address of a receiver, no link of a message",
    "alert.lease_token": "shows who holds the lease",
    "campaign.lease_token": "shows who holds the lease",
    "export.lease_token": "shows who holds the lease",
    "message.code": "the gateway's word for a reason",
    "receipt.code": "the gateway's word for a reason",
}


def words(name: str) -> set[str]:
    """The words of a name in the singular."""
    parts = re.split(r"[^a-z0-9]+", name.lower())
    return {part for part in parts if part} | {part.removesuffix("s") for part in parts if part}


def wrong(names: Iterable[str]) -> set[str]:
    return {name for name in names if words(name.rpartition(".")[2]) & set(NOT_OURS)}


def columns() -> Iterator[str]:
    for table in Base.metadata.tables.values():
        yield from (f"{table.name}.{column.name}" for column in table.columns)


def test_no_table_has_the_name_of_another_thing() -> None:
    assert wrong(Base.metadata.tables) == set()


def test_no_column_has_the_name_of_another_thing() -> None:
    assert wrong(columns()) == set(MEANT)


def test_tables_are_named_in_the_singular() -> None:
    assert not [table for table in Base.metadata.tables if table.endswith("s")]


def test_time_columns_share_one_suffix() -> None:
    moments = {str(column) for table in Base.metadata.tables.values() for column in table.columns if is_moment(column)}
    assert moments
    assert not [name for name in moments if not name.endswith("_on")]


def is_moment(column: object) -> bool:
    return type(getattr(column, "type", None)).__name__ == "Instant"


def test_no_module_has_the_name_of_another_thing() -> None:
    modules = {path.stem for path in PACKAGE.rglob("*.py") if PACKAGE / "vendors" not in path.parents}
    assert wrong(modules) == {"sms_parts"}  # an SMS has parts; a message has others


def test_our_routes_use_the_products_names(app: Flask) -> None:
    """Vendors' paths are given by their formats."""
    theirs = tuple(f"{face.blueprint.name}." for face in vendors.load())
    ours = [rule.rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith(theirs)]
    assert len(ours) >= 5
    assert wrong(ours) == set()
