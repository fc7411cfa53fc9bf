"""Errors that the product raises, each with a stable code; `web/problems.py` maps them to HTTP statuses."""

import datetime as dt
import shlex
from itertools import islice
from typing import Final

from shortener.typed_command import typed

MOST_NAMED: Final = 50  # fields in one error
LONGEST_NAME: Final = 200  # characters of a field's name that an error repeats


class ShortenerError(Exception):
    """The parent of all errors of the product; `str()` says what to do about it."""

    code = "error"


class SettingsError(ShortenerError):
    """Settings are missing or invalid; `faults` has a sentence for each."""

    code = "settings"

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("The settings cannot be used:\n" + "\n".join(f"  - {fault}" for fault in faults))


class InvalidFieldsError(ShortenerError):
    """Fields or parameters are invalid; `fields` maps the first 50 of them to the faults of each.

    A body can have 100,000 unknown fields: an answer that repeats them all would cost more than the request.
    """

    code = "invalid_fields"

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self.fields = {_short(name): faults for name, faults in islice(fields.items(), MOST_NAMED)}
        sentence = "Some fields are invalid; `errors` says which and why."
        if len(fields) > MOST_NAMED:
            sentence += f" It has the first {MOST_NAMED} of them."
        super().__init__(sentence)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


class ClientTagTakenError(ShortenerError):
    """The account has already used this `client_tag`, for the message `msgid`."""

    code = "client_tag_taken"

    def __init__(self, msgid: str) -> None:
        self.msgid = msgid
        super().__init__("This client_tag belongs to an earlier message; get that message, or use another client_tag.")


class IdempotencyKeyReusedError(ShortenerError):
    """The `Idempotency-Key` was used before with another body."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used before with another body; use a new key for a new request.")


class MonthlyLimitError(ShortenerError):
    """The account has stored as many messages in this month as it may; the next month begins after `wait`."""

    code = "monthly_limit"

    def __init__(self, limit: int, next_month_on: dt.datetime, now: dt.datetime) -> None:
        self.wait = next_month_on - now
        super().__init__(
            f"This account may have {limit:,} message{'' if limit == 1 else 's'} in a month, and none is left. "
            f"The next month begins on {next_month_on:%Y-%m-%d at %H:%M} UTC; the operator of this "
            "installation can raise the limit."
        )


class MessageRateError(ShortenerError):
    """The account has stored more messages than `rate` in each second; it must wait so many seconds."""

    code = "message_rate"

    def __init__(self, rate: int, wait: float) -> None:
        self.wait = dt.timedelta(seconds=wait)
        super().__init__(
            f"This account may store {rate:,} message{'' if rate == 1 else 's'} in a second, and has stored more; the "
            "header Retry-After says when to go on."
        )


class QuietHoursError(ShortenerError):
    """The message's time is in the account's quiet hours, which end on `until`."""

    code = "quiet_hours"

    def __init__(self, until: dt.datetime) -> None:
        self.until = until
        super().__init__(
            f"This account has quiet hours until {until:%Y-%m-%d %H:%M} UTC, and takes messages only for a later time."
        )


class MessageNotFoundError(ShortenerError):
    """The account has no such message."""

    code = "message_not_found"

    def __init__(self) -> None:
        super().__init__("This account has no message with that msgid.")


class NotCancelableError(ShortenerError):
    """The message is not sent, or its hand-over has begun."""

    code = "not_cancelable"

    def __init__(self) -> None:
        super().__init__(
            "Only a message that waits for its hand-over can be canceled; this one has no gateway, or it is too late."
        )


class NotHeldError(ShortenerError):
    """The message is not held, so there is nothing to decide."""

    code = "not_held"

    def __init__(self) -> None:
        super().__init__(
            "This message is not held. Only a message that its gateway may or may not have taken can be repeated or "
            "given up, for 72 hours."
        )


class CampaignNotFoundError(ShortenerError):
    """The account has no such campaign."""

    code = "campaign_not_found"

    def __init__(self) -> None:
        super().__init__("This account has no campaign with that id.")


class CampaignStartedError(ShortenerError):
    """The campaign is not in the state for this: it was started, canceled or done before."""

    code = "campaign_started"

    def __init__(self) -> None:
        super().__init__("This campaign was started, canceled or done before.")


class TooManyCampaignsError(ShortenerError):
    """The account keeps as many campaigns as it may."""

    code = "too_many_campaigns"

    def __init__(self, most: int) -> None:
        super().__init__(f"This account has {most} campaigns; delete one before you upload another.")


class ExportsNotConfiguredError(ShortenerError):
    """The operator has given no storage for exports."""

    code = "exports_not_configured"

    def __init__(self) -> None:
        super().__init__(
            "This installation writes no exports, because its operator has not set SHORTENER_EXPORT_URL. "
            "GET /v1/messages/export returns the same file."
        )


class ExportNotFoundError(ShortenerError):
    """The account has no such export."""

    code = "export_not_found"

    def __init__(self) -> None:
        super().__init__("This account has no export with that id.")


class ExportNameTakenError(ShortenerError):
    """Another export of the account has the same bucket and name."""

    code = "export_name_taken"

    def __init__(self) -> None:
        super().__init__("Another export of this account has this name; use another one, or leave it out.")


class ExportSettledError(ShortenerError):
    """The export is not waiting or under way, so it cannot be canceled."""

    code = "export_settled"

    def __init__(self) -> None:
        super().__init__("Only an export that is waiting or under way can be canceled; this one has ended.")


class OpenExportsError(ShortenerError):
    """The account has as many exports that are waiting or under way as it may have."""

    code = "too_many_open_exports"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"This account has {most} exports that are waiting or under way; ask again when one has ended."
        )


class NotErasableError(ShortenerError):
    """The message's gateway may still need what would be erased, or say something about it."""

    code = "not_erasable"

    def __init__(self) -> None:
        super().__init__("This message cannot be erased before it is known what became of it; try again later.")


class CallbackNotFoundError(ShortenerError):
    """The account has no such callback."""

    code = "callback_not_found"

    def __init__(self) -> None:
        super().__init__("This account has no callback with that id.")


class CallbackOpenError(ShortenerError):
    """The callback is not settled yet, so it cannot be replayed."""

    code = "callback_open"

    def __init__(self) -> None:
        super().__init__(
            "This callback is still being attempted; only delivered or exhausted callbacks can be replayed."
        )


class CredentialsError(ShortenerError):
    """The request has no valid credentials."""

    code = "credentials_invalid"


class AccountDisabledError(CredentialsError):
    """The credentials are valid, but the operator has disabled the account."""

    code = "account_disabled"

    def __init__(self) -> None:
        super().__init__("This account is disabled; ask the operator of this installation.")


class WrongCredentialsLimitError(ShortenerError):
    """Credentials are wrong, and so were many others from this network or with this SID; `wait` is in seconds."""

    code = "too_many_wrong_credentials"

    def __init__(self, wait: int) -> None:
        self.wait = dt.timedelta(seconds=wait)
        super().__init__(
            "These credentials belong to no account, and many wrong ones have come from this network or with this SID. "
            "Right ones work at any time."
        )


class TokenExpiredError(CredentialsError):
    """The token is known, but has expired."""

    code = "token_expired"

    def __init__(self) -> None:
        super().__init__("This token has expired; use the account's newer token, or create one.")


class ScopeError(ShortenerError):
    """The token lacks the scope, `scope`, that this call needs."""

    code = "scope_missing"

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(
            f"This token lacks the scope `{scope}`, which this call needs; use another token of the account, or "
            "create one that has it."
        )


class TokenNameError(ShortenerError):
    """The account has no token with this name, or already has one; or the name is invalid.

    `fault` says it in the words of a form.
    """

    code = "token_name"

    def __init__(self, sentence: str, fault: str = "is the name of no token") -> None:
        self.fault = fault
        super().__init__(sentence)


class AccountNameError(ShortenerError):
    """No account has this name, or another one already has it."""

    code = "account_name"


class CampaignError(ShortenerError):
    """A file of messages cannot be read or written."""

    code = "campaign"


class BackupError(ShortenerError):
    """A backup cannot be made, is damaged, or must not replace this database."""

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
                f"{secret} cannot be decrypted, although others can: {wrong}, or run "
                f"`{typed(f'account secret rotate {shlex.quote(account)}')}` and give the account's receivers the new "
                "signing secret."
            )
            return
        super().__init__(
            f"{secret} cannot be decrypted: {wrong}; if it is lost, run `{typed('account secret rotate --all')}` and "
            "give every receiver its new signing secret."
        )


class DatabaseVersionError(ShortenerError):
    """The tables are of an earlier version, or of a later one whose last revision is `later`, or there are none."""

    code = "database_version"

    def __init__(self, later: str | None = None, *, is_empty: bool = False) -> None:
        super().__init__(
            f"The database has no tables yet. If the settings name the right one, run `{typed('db upgrade')}` first."
            if is_empty
            else f"A later version of the product has upgraded the database (to {later}); run that version."
            if later
            else "The database is of an older version of the product. Stop the product, make a backup and run "
            f"`{typed('db upgrade')}`; see docs/operate/upgrade.md."
        )


class ClockError(ShortenerError):
    """The clock is too far ahead of the last recorded time, `seen_on`: messages that are not old could be deleted."""

    code = "clock"

    def __init__(self, seen_on: dt.datetime, now: dt.datetime) -> None:
        super().__init__(
            f"The clock says {now:%Y-%m-%d %H:%M} UTC, {(now - seen_on).days} days after the last recorded time "
            f"({seen_on:%Y-%m-%d %H:%M}), so nothing is deleted. If the clock is right, because the product did not "
            f"run for so long or this is a restored backup, confirm it with `{typed('prune --trust-clock')}`."
        )


class PersonNameError(ShortenerError):
    """No person has this name, or another one already has it; or the person would have no access to anything."""

    code = "person_name"


class LastOwnerError(ShortenerError):
    """A change would leave an account without an owner who can sign in."""

    code = "last_owner"

    def __init__(self) -> None:
        super().__init__("The account would have no owner left who can sign in.")


class LinkMailError(ShortenerError):
    """A link cannot be mailed to a person, or the relay did not take the mail."""

    code = "link_mail"


class PasswordError(ShortenerError):
    """A password that is not accepted."""

    code = "password"


class CommonPasswordError(PasswordError):
    """A password that an attacker would guess first."""

    code = "common_password"

    def __init__(self) -> None:
        super().__init__(
            "This password is easy to guess: it is a common one, or contains the name of the person or the account. "
            "Combine a few words."
        )


class SignInError(ShortenerError):
    """Name or password is wrong; the error does not say which."""

    code = "sign_in"

    def __init__(self) -> None:
        super().__init__("The name or password is wrong.")


class SignInBusyError(ShortenerError):
    """Too many people are signing in to this process."""

    code = "sign_in_busy"

    def __init__(self) -> None:
        super().__init__("Too many people are signing in; try again in a few seconds.")


class SignInLimitError(ShortenerError):
    """Too many sign-ins with this name or from this network have failed; the next one is allowed after `wait`."""

    code = "sign_in_limit"

    def __init__(self, wait: dt.timedelta) -> None:
        self.wait = wait
        super().__init__("Too many sign-ins have failed; try again in a minute.")
