"""What can go wrong, each with a stable code. No HTTP here: `web/problems.py` gives each its status."""

import datetime as dt
import shlex
from itertools import islice
from typing import Final

MOST_NAMED: Final = 50  # fields in one refusal
LONGEST_NAME: Final = 200  # characters of a field's name that a refusal repeats


class ShortenerError(Exception):
    """The parent of everything the product refuses; `str()` says what to do about it."""

    code = "error"


class SettingsError(ShortenerError):
    """Settings are missing or wrong; `faults` names every one of them."""

    code = "settings"

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("The settings are not usable:\n" + "\n".join(f"  - {fault}" for fault in faults))


class InvalidFieldsError(ShortenerError):
    """A message was handed in with unusable fields; `fields` maps the first 50 of them to what is wrong with each.

    A body can hold 100,000 unknown names: an answer that repeats them all would cost more than the request.
    """

    code = "invalid_fields"

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self.fields = {_short(name): faults for name, faults in islice(fields.items(), MOST_NAMED)}
        sentence = "Some fields cannot be used; `errors` says which and why."
        if len(fields) > MOST_NAMED:
            sentence += f" It names the first {MOST_NAMED} of them."
        super().__init__(sentence)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


class ClientTagTakenError(ShortenerError):
    """The account has used this `client_tag` before, for the message `msgid`."""

    code = "client_tag_taken"

    def __init__(self, msgid: str) -> None:
        self.msgid = msgid
        super().__init__("This client_tag belongs to an earlier message; look at that one, or use another tag.")


class IdempotencyKeyReusedError(ShortenerError):
    """The `Idempotency-Key` came before with another body."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came before with another body; use a new key for a new message.")


class MessageNotFoundError(ShortenerError):
    """The account has no such message."""

    code = "message_not_found"

    def __init__(self) -> None:
        super().__init__("This account has no message with that msgid.")


class CallbackNotFoundError(ShortenerError):
    """The account has no such callback."""

    code = "callback_not_found"

    def __init__(self) -> None:
        super().__init__("This account has no callback with that id.")


class CallbackOpenError(ShortenerError):
    """The callback is still being attempted: there is nothing to replay."""

    code = "callback_open"

    def __init__(self) -> None:
        super().__init__("This callback is still being attempted; only a delivered or exhausted one can be replayed.")


class CredentialsError(ShortenerError):
    """The request carries no credentials that open anything."""

    code = "credentials_invalid"


class AccountDisabledError(CredentialsError):
    """The credentials are right, but the operator has switched the account off."""

    code = "account_disabled"

    def __init__(self) -> None:
        super().__init__("This account is disabled; ask the operator of this installation.")


class AccountNameError(ShortenerError):
    """No account, or already one, has this name."""

    code = "account_name"


class CampaignError(ShortenerError):
    """A file of messages cannot be read or written as a whole."""

    code = "campaign"


class BackupError(ShortenerError):
    """A backup cannot be made, is not whole, or must not replace what a database holds."""

    code = "backup"


class SecretKeyError(ShortenerError):
    """A stored secret cannot be decrypted with any of the given keys."""

    code = "secret_key"

    def __init__(self, account: str | None = None, *, others_decrypt: bool = False) -> None:
        """Name the account of the newest signing secret; `others_decrypt`: whether another secret can be decrypted."""
        self.account, self.others_decrypt = account, others_decrypt
        key = "SHORTENER_SECRET_KEY (without it, the file secret_key in SHORTENER_DATA)"
        wrong = f"{key} is not the key that it was encrypted with. Set that key"
        if account is None:
            secret = "A stored signing secret"  # noqa: S105 - no password
        else:
            secret = f"The newest signing secret, of the account {account},"
        if account is not None and others_decrypt:
            super().__init__(
                f"{secret} cannot be decrypted, although others can: {wrong}, or run `flask --app wsgi account secret "
                f"rotate {shlex.quote(account)}` and give the account's receivers the new signing secret."
            )
            return
        super().__init__(
            f"{secret} cannot be decrypted: {wrong}; if it is lost, run `flask --app wsgi account secret rotate --all` "
            "and give every receiver its new signing secret."
        )


class DatabaseVersionError(ShortenerError):
    """An earlier version made the database, and this one has not upgraded it."""

    code = "database_version"

    def __init__(self) -> None:
        super().__init__(
            "The database is of an older version of the product: stop it, make a backup, run "
            "`flask --app wsgi db upgrade`; see docs/operate/upgrade.md."
        )


class ClockError(ShortenerError):
    """The clock is too far ahead of the time that was last seen, `seen_on`: what is removed by it may be too young."""

    code = "clock"

    def __init__(self, seen_on: dt.datetime, now: dt.datetime) -> None:
        super().__init__(
            f"The clock says {now:%Y-%m-%d %H:%M} UTC, {(now - seen_on).days} days after the time that was last seen "
            f"({seen_on:%Y-%m-%d %H:%M}): nothing is removed by it. If it is right, because nothing ran for so "
            "long or this is a restored backup, `flask --app wsgi prune --trust-clock` says so."
        )


class PersonNameError(ShortenerError):
    """No person, or already one, has this name; or the person would see nothing."""

    code = "person_name"


class PasswordError(ShortenerError):
    """A password that cannot be taken."""

    code = "password"


class CommonPasswordError(PasswordError):
    """A password that is tried first by whoever guesses."""

    code = "common_password"

    def __init__(self) -> None:
        super().__init__(
            "This password is easy to guess: it is a common one, or holds the name of the person or the account. Put a "
            "few words together."
        )


class SignInError(ShortenerError):
    """Nobody has this name and this password. It does not tell which of the two is wrong."""

    code = "sign_in"

    def __init__(self) -> None:
        super().__init__("Name or password is wrong.")


class SignInBusyError(ShortenerError):
    """Too many people sign in to this process at this moment."""

    code = "sign_in_busy"

    def __init__(self) -> None:
        super().__init__("Too many people sign in at this moment; try again in a few seconds.")


class SignInLimitError(ShortenerError):
    """The name, or where it was tried, has failed too often to be tried at once; `wait` says for how long."""

    code = "sign_in_limit"

    def __init__(self, wait: dt.timedelta) -> None:
        self.wait = wait
        super().__init__("Too many sign-ins have failed; try again in a minute.")
