"""The types of the fields that both generations of the e-mail API have."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from shortener.rules.mail import custom_headers
from shortener.rules.mail.address import MailAddress
from shortener.rules.wire.strict_json import nests_deeper
from shortener.validation.types import ShortText
from shortener.vendors.infobip.email import placeholders

LONGEST_SUBJECT: Final = 1_000  # characters


def _sender(text: str) -> str:
    MailAddress.parse_sender(text)
    return text


def address(text: str) -> str:
    """Return the address in a text such as `Anna <anna@example.com>`; ValueError if there is none."""
    return str(MailAddress.parse_sender(text.strip()))


def _headers(value: object) -> object:
    """Take headers as an object or its JSON text; each must be one that a sender may add."""
    if value is None or value == "":
        return {}
    try:
        document = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or len(document) > custom_headers.MOST or nests_deeper(document):
        raise ValueError(f"must be a JSON object of at most {custom_headers.MOST} headers")
    found = {str(name): str(value) for name, value in document.items()}
    for name, text in found.items():
        if fault := custom_headers.fault(name, text):
            raise ValueError(fault)
    return found


def _unsupported(value: object) -> None:
    if value not in (None, "", []):
        raise ValueError("is not supported here; send the content itself")


def _values(value: object) -> Mapping[str, str]:
    return {} if value == "" else placeholders.values(value)


MailSender = Annotated[ShortText, AfterValidator(_sender)]
Address = Annotated[str, Field(min_length=1, max_length=320), AfterValidator(address)]
Headers = Annotated[Mapping[str, str] | None, BeforeValidator(_headers, json_schema_input_type=Any)]
Unsupported = Annotated[None, BeforeValidator(_unsupported)]
Values = Annotated[Mapping[str, str] | None, BeforeValidator(_values, json_schema_input_type=Any)]
