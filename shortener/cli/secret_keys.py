"""The key that encrypts the stored secrets."""

from dataclasses import asdict

from shortener.accounts import reencryption
from shortener.cli import audit
from shortener.cli.commands import Group, Refused
from shortener.cli.output import as_json, show
from shortener.rules.deed import Deed
from shortener.running.services import services
from shortener.storage import db
from shortener.typed_command import typed

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
    Safe to repeat. Afterwards, remove SHORTENER_SECRET_KEY_OLD.
    Example: shortener secret-key reseal
    """
    with db.write() as session:
        count = reencryption.reencrypt(session, services().settings.secret_keys)
        audit.note(session, Deed.SECRETS_RESEALED, **asdict(count))
    if count.unopened:
        raise Refused(
            f"{count.unopened} stored secrets cannot be decrypted with either key; {count.resealed} were encrypted "
            "again. Set SHORTENER_SECRET_KEY_OLD to the key that they were encrypted with, and repeat this. If that "
            f"key is lost: {typed('account secret rotate --all')}"
        )
    show(asdict(count), wants_json)
