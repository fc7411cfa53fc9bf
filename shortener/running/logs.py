"""Let gunicorn and Granian write their log as we write ours."""

import contextlib
import logging
import os
from collections.abc import Mapping
from typing import Any, Final

from granian.log import LogLevels
from gunicorn.glogging import Logger

from shortener.config import settings_file
from shortener.config.settings_file import PREFIX
from shortener.errors import SettingsError
from shortener.telemetry import log_setup

DEFAULTS: Final = {"LOG_LEVEL": "info", "LOG_FORMAT": "text"}


def begin() -> None:
    """Write the log as the settings say, before these are checked: a fault counts as the default, and is told later."""
    log_setup.use(_given("LOG_LEVEL"), _given("LOG_FORMAT"))


def _given(name: str) -> str:
    environ: Mapping[str, str] = os.environ
    with contextlib.suppress(SettingsError):  # whoever reads the settings says what is wrong
        environ = settings_file.environment()
    return environ.get(f"{PREFIX}{name}", DEFAULTS[name]).strip().lower()


class GunicornLog(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's own lines in our form and from our level on."""

    def setup(self, cfg: Any) -> None:
        """Prepare the log; called again when gunicorn reloads its configuration."""
        super().setup(cfg)
        # Not for debugging: it would write paths, which may contain keys of receipts.
        self.error_log.setLevel(max(logging.INFO, log_setup.level(_given("LOG_LEVEL"))))
        for handler in self.error_log.handlers:
            handler.setFormatter(log_setup.formatter(_given("LOG_FORMAT")))


def granian_level(name: str) -> LogLevels:
    """Return Granian's name of a level; not for debugging, when it writes about every connection."""
    return LogLevels.info if name == "debug" else LogLevels(name)


def granian_configuration(form: str) -> dict[str, Any]:
    """Return the configuration of Granian's log, which replaces its formatter and writes to standard error too."""
    handler = {"class": "logging.StreamHandler", "formatter": "ours", "stream": "ext://sys.stderr"}
    return {
        "formatters": {"ours": {"()": lambda: log_setup.formatter(form)}},
        "handlers": {"console": handler},
        "loggers": {
            "_granian": {"handlers": ["console"], "level": "INFO", "propagate": False},
            "granian.access": {"handlers": ["console"], "level": "INFO", "propagate": False},
        },
    }
