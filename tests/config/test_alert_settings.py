"""Settings of alerts: what needs what is said in a sentence."""

import pytest

from shortener.config.settings import Settings
from shortener.errors import SettingsError
from tests.alerts.test_kind import SECRET

MAIL = {"SHORTENER_ALERT_MAIL": "a@example.com, b@example.com"}


def test_mails_need_a_relay() -> None:
    with pytest.raises(SettingsError, match="SHORTENER_ALERT_MAIL: needs a mail relay: set SHORTENER_SMTP_URL or"):
        Settings.from_env(MAIL)


@pytest.mark.parametrize("name", ["SHORTENER_SMTP_URL", "SHORTENER_ALERT_SMTP_URL"])
def test_either_relay_carries_the_mails(name: str) -> None:
    settings = Settings.from_env(MAIL | {name: "smtp://relay.example"})
    assert (settings.alert_relay, len(settings.alert_mail)) == ("smtp://relay.example", 2)


def test_a_relay_alone_sends_no_alerts() -> None:
    assert Settings.from_env({"SHORTENER_SMTP_URL": "smtp://relay.example"}).alert_relay is None


def test_an_own_url_needs_a_secret() -> None:
    url = {"SHORTENER_ALERT_URL": "https://ops.example.com/alerts"}
    with pytest.raises(SettingsError, match="SHORTENER_ALERT_URL: needs SHORTENER_ALERT_SECRET"):
        Settings.from_env(url)
    assert Settings.from_env(url | {"SHORTENER_ALERT_SECRET": SECRET}).alert_secret == SECRET


@pytest.mark.parametrize("secret", ["whsec_c2hvcnQ=", SECRET.removeprefix("whsec_"), "whsec_*"])
def test_a_secret_of_another_form_is_refused(secret: str) -> None:
    with pytest.raises(SettingsError, match="SHORTENER_ALERT_SECRET: must be whsec_ and 24 to 64 random bytes"):
        Settings.from_env({"SHORTENER_ALERT_SECRET": secret})
