"""Errors: each has a stable code, and a status if it can occur on the web."""

import re

import pytest

from shortener import errors
from shortener.errors import ShortenerError
from shortener.web.problems import HTTP_CODES, STATUS, TITLES
from tests.support import ROOT

WEB = ROOT / "shortener" / "web"
# Codes are part of the interface: one that changes breaks a sender's program.
CODES = {
    errors.SettingsError: "settings",
    errors.InvalidFieldsError: "invalid_fields",
    errors.ClientTagTakenError: "client_tag_taken",
    errors.IdempotencyKeyReusedError: "idempotency_key_reused",
    errors.MonthlyLimitError: "monthly_limit",
    errors.MessageRateError: "message_rate",
    errors.QuietHoursError: "quiet_hours",
    errors.MessageNotFoundError: "message_not_found",
    errors.NotCancelableError: "not_cancelable",
    errors.NotHeldError: "not_held",
    errors.CampaignNotFoundError: "campaign_not_found",
    errors.CampaignStartedError: "campaign_started",
    errors.TooManyCampaignsError: "too_many_campaigns",
    errors.ExportsNotConfiguredError: "exports_not_configured",
    errors.ExportNotFoundError: "export_not_found",
    errors.ExportNameTakenError: "export_name_taken",
    errors.ExportSettledError: "export_settled",
    errors.OpenExportsError: "too_many_open_exports",
    errors.NotErasableError: "not_erasable",
    errors.CallbackNotFoundError: "callback_not_found",
    errors.CallbackOpenError: "callback_open",
    errors.CredentialsError: "credentials_invalid",
    errors.AccountDisabledError: "account_disabled",
    errors.WrongCredentialsLimitError: "too_many_wrong_credentials",
    errors.TokenExpiredError: "token_expired",
    errors.ScopeError: "scope_missing",
    errors.TokenNameError: "token_name",
    errors.AccountNameError: "account_name",
    errors.CampaignError: "campaign",
    errors.BackupError: "backup",
    errors.SecretKeyError: "secret_key",
    errors.DatabaseVersionError: "database_version",
    errors.ClockError: "clock",
    errors.PersonNameError: "person_name",
    errors.LastOwnerError: "last_owner",
    errors.LinkMailError: "link_mail",
    errors.PasswordError: "password",
    errors.CommonPasswordError: "common_password",
    errors.SignInError: "sign_in",
    errors.SignInBusyError: "sign_in_busy",
    errors.SignInLimitError: "sign_in_limit",
}
# Errors that only an operator gets, and the calls that raise them; nothing in web/ makes these calls.
NEVER_ON_THE_WEB = {
    errors.SettingsError: r"from_env|make_ready|migrations",
    errors.CampaignError: r"campaign_files|messages import .*\bcampaign\b",
    errors.DatabaseVersionError: r"migrations",
    errors.ClockError: r"clock\.check",
    errors.BackupError: r"backups",
    errors.SecretKeyError: r"decrypt|signing_keys",
}


def every(parent: type[ShortenerError] = ShortenerError) -> set[type[ShortenerError]]:
    return {found for child in parent.__subclasses__() for found in {child, *every(child)}}


def test_every_error_has_its_code_and_keeps_it() -> None:
    assert {error: error.code for error in every()} == CODES


def test_every_code_is_unique_and_plain() -> None:
    codes = [error.code for error in every()] + [code for code, _ in HTTP_CODES.values()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("error", sorted(every(), key=lambda error: error.__name__))
def test_an_error_states_its_code_itself(error: type[ShortenerError]) -> None:
    """An error with its parent's code could not be distinguished from it."""
    assert "code" in vars(error)


def test_every_error_on_the_web_has_a_status() -> None:
    assert set(STATUS) == every() - set(NEVER_ON_THE_WEB)


def test_every_status_is_a_refusal_with_a_title() -> None:
    assert all(400 <= status < 500 for status in STATUS.values())
    assert set(STATUS.values()) | set(HTTP_CODES) <= set(TITLES)


@pytest.mark.parametrize(("error", "calls"), NEVER_ON_THE_WEB.items(), ids=lambda part: getattr(part, "__name__", ""))
def test_internal_errors_stay_off_the_web(error: type[ShortenerError], calls: str) -> None:
    for path in WEB.rglob("*.py"):
        found = re.search(rf"\b({calls}|{error.__name__})\b", path.read_text(encoding="utf-8"))
        assert found is None, f"{path.name}: {found}"
