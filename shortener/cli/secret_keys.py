"""The key that encrypts the stored secrets."""

from dataclasses import asdict
from typing import Final

import click

from shortener.accounts import reencryption
from shortener.accounts.reencryption import Count, Place
from shortener.cli import audit
from shortener.cli.commands import Group, Refused
from shortener.cli.output import as_json, show
from shortener.rules.deed import Deed
from shortener.running.services import services
from shortener.storage import db
from shortener.typed_command import typed

MAY_BE_REMOVED: Final = (
    "No stored secret needs the old key any more. Remove SHORTENER_SECRET_KEY_OLD and restart every process as soon "
    "as gateways have the new URLs for receipts ({command}) and receipts of earlier messages have come."
)
group = Group(
    "secret-key",
    help="The key that encrypts the stored secrets.\n\nExample: shortener secret-key reseal",
)


@group.command()
@as_json
def reseal(wants_json: bool) -> None:
    """Encrypt every stored secret with the current secret key.

    \b
    SHORTENER_SECRET_KEY is the new key, SHORTENER_SECRET_KEY_OLD the previous
    one. First restart every process with both: each then decrypts with either.
    The product may run meanwhile. If this is interrupted, repeat it.
    Afterwards, remove SHORTENER_SECRET_KEY_OLD.
    Example: shortener secret-key reseal
    """
    settings = services().settings
    count = _resealed(settings.secret_keys)
    if count.unopened:
        raise Refused(
            f"{count.unopened} stored secrets cannot be decrypted with either key; {count.resealed} were encrypted "
            "again. Set SHORTENER_SECRET_KEY_OLD to the key that they were encrypted with, and repeat this. If that "
            f"key is lost: {typed('account secret rotate --all')}"
        )
    with db.read() as session:
        left = reencryption.count(session, settings.secret_keys).resealed
    if left:
        raise Refused(
            f"Meanwhile {left} secrets were encrypted with the old key: a process does not have the new one yet. "
            "Restart every process with both keys, and repeat this."
        )
    show(asdict(count), wants_json)
    if settings.secret_key_old:
        click.echo(MAY_BE_REMOVED.format(command=typed("account receipts-url")), err=True)


def _resealed(secret_keys: tuple[str, ...]) -> Count:
    """Encrypt everything again in small transactions. Each that changes something has its entry in the audit log."""
    count = Count()
    place: Place | None = Place()
    while place is not None:
        before = count.resealed
        with db.write() as session:
            place = reencryption.reencrypt(session, secret_keys, count, place)
            if count.resealed > before:
                audit.note(session, Deed.SECRETS_RESEALED, resealed=count.resealed - before)
            elif place is None and not count.resealed:
                audit.note(session, Deed.SECRETS_RESEALED, **asdict(count))
    return count
