"""Settings of an environment."""

from pathlib import Path

import pytest

from shortener.config.settings import Settings
from shortener.errors import SettingsError


def read(tmp_path: Path, **given: str) -> Settings:
    """Return the settings of an environment that sets these names, given without their prefix."""
    environ = {f"SHORTENER_{name}": value for name, value in given.items()}
    return Settings.from_env({"SHORTENER_DATA": str(tmp_path), "PATH": "/bin", **environ})


def faults(tmp_path: Path, **given: str) -> list[str]:
    """Return the faults of such settings."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, **given)
    return caught.value.faults
