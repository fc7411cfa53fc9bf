"""What an account asks for when it starts an export."""

import datetime as dt
import hashlib
import json
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from shortener.reporting.message_filter import FILTERS, Conditions, clicked_or_not
from shortener.rules import export_place

ENDINGS: Final = ("csv", "jsonl")


def _is_name(value: str) -> str:
    if not export_place.is_name(value):
        raise ValueError(
            "must be 1 to 128 letters, digits, dots, hyphens and underscores, and begin with a letter or digit"
        )
    return value


class NewExport(Conditions):
    """An export: the file's format and place, and the messages that it has."""

    model_config = ConfigDict(
        title="NewExport",
        json_schema_extra={
            "examples": [{"format": "csv", "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}]
        },
    )

    format: Annotated[Literal["csv", "jsonl"], Field(description="`jsonl` is JSON Lines.")]
    delimiter: Annotated[
        Literal["comma", "semicolon", "tab"] | None, Field(description="The delimiter of CSV; default: comma.")
    ] = None
    bucket: Annotated[
        str | None,
        Field(
            max_length=222, description="One of the buckets that the operator allows; default: the operator's first."
        ),
    ] = None
    name: Annotated[
        Annotated[str, Field(json_schema_extra={"pattern": export_place.NAME}), AfterValidator(_is_name)] | None,
        Field(
            description="The file's name, which no other export of the account has, "
            "and which does not end in `.csv` or `.jsonl` against its format; default: made of time and ID."
        ),
    ] = None
    clicked: Annotated[
        Annotated[bool, BeforeValidator(clicked_or_not, json_schema_input_type=bool | Literal["true", "false"])] | None,
        Field(description="Whether a click has counted. Excludes messages without a link."),
    ] = None

    @field_validator("end")
    @classmethod
    def _is_not_before_start(cls, value: dt.datetime | None, info: ValidationInfo) -> dt.datetime | None:
        start = info.data.get("start")
        if value is not None and start is not None and value < start:
            raise ValueError("must not be earlier than from")
        return value

    @field_validator("name")
    @classmethod
    def _ends_like_the_format(cls, value: str | None, info: ValidationInfo) -> str | None:
        _, dot, ending = (value or "").lower().rpartition(".")
        if dot and ending in ENDINGS and ending != info.data.get("format", ending):
            raise ValueError("must not end like a file of the other format")
        return value

    @field_validator("delimiter")
    @classmethod
    def _is_of_csv(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("format") == "jsonl":
            raise ValueError("is only allowed with csv")
        return value

    def wanted(self) -> dict[str, str]:
        """Its filter, as parameters of a URL."""
        return {name: value for name, value in self.parameters().items() if name in FILTERS}

    def fingerprint(self) -> bytes:
        """The SHA-256 of the given fields, the same for equal exports however they were written."""
        given = self.model_dump(exclude_none=True)
        canonical = json.dumps(given, sort_keys=True, ensure_ascii=False, default=dt.datetime.isoformat)
        return hashlib.sha256(canonical.encode()).digest()
