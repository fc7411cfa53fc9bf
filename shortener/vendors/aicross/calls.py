"""What all calls of the vendor have: their blueprint, their credentials and their descriptions."""

from typing import Any, Final

from flask import Blueprint, Request

from shortener.errors import MonthlyLimitError, QuietHoursError
from shortener.vendors.aicross import fields
from shortener.vendors.aicross.faults import STATUSES, AicrossRefusal
from shortener.web import credentials
from shortener.web.access import Sender
from shortener.web.description.operation import CURSOR, Answer, Credentials, Operation, Parameter, query
from shortener.web.vendor_requests import read

NAME: Final = "aicross"  # of the folder
TAG: Final = "AI CROSS"
BLUEPRINT: Final = Blueprint(NAME, __name__)
KEY: Final = "Credentials are the field or parameter `token`, the account's token."
CREDENTIALS: Final = Credentials(schemes={}, sentence=KEY)
_MORE: Final = {"Link": "The next page, if there is one."}
_CREDENTIALS: Final = (
    query("token", "The token of the account.", required=True, examples=["TOKEN"]),
    query("clientId", "Anything; it is given back.", required=True, maxLength=fields.LONGEST_ID, examples=["12345"]),
)


def authenticate(request: Request) -> Sender:
    """Return the account of the field or parameter `token`; CallError or CredentialsError."""
    token = fields.optional(read().fields, "token") or fields.required(request.args, "token")
    return credentials.with_token(None, token)


def question(name: str, sentence: str, *parameters: Parameter, is_long: bool = False) -> Operation:
    """Describe a GET; one that `is_long` has a cursor."""
    return Operation(
        TAG,
        {200: Answer(sentence, sometimes=_MORE if is_long else {})},
        parameters=(*_CREDENTIALS, *parameters, *((CURSOR,) if is_long else ())),
        name=f"{NAME}_{name}",
        refusal=AicrossRefusal,
        statuses=STATUSES,
        key=KEY,
    )


def order(name: str, sentence: str, properties: dict[str, Any], example: dict[str, str]) -> Operation:
    """Describe a POST, with the fields that it has besides the credentials; those of the example are required."""
    schema = {
        "title": f"Aicross{name.title()}",
        "type": "object",
        "properties": {
            "token": {"type": "string", "description": "The token of the account."},
            "clientId": {"type": "string", "description": "Anything; it is given back."},
            **properties,
        },
        "required": ["token", "clientId", *example],
        "examples": [{"token": "TOKEN", "clientId": "12345", **example}],
    }
    return Operation(
        TAG,
        {200: Answer(sentence)},
        body=schema,
        refusals=(MonthlyLimitError, QuietHoursError),
        name=f"{NAME}_{name}",
        refusal=AicrossRefusal,
        statuses=STATUSES,
        key=KEY,
    )
