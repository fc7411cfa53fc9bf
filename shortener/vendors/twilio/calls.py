"""What all calls of the vendor have: their blueprint, their credentials and their descriptions."""

from typing import Any, Final

from flask import Blueprint, Request
from werkzeug.exceptions import NotFound

from shortener.errors import ShortenerError
from shortener.vendors.twilio import names
from shortener.vendors.twilio.refusals import TwilioRefusal
from shortener.web import credentials
from shortener.web.access import Sender
from shortener.web.description.operation import Answer, Operation, Parameter

TAG: Final = "Twilio"
BLUEPRINT: Final = Blueprint(names.NAME, __name__)
MESSAGES: Final = f"/{names.VERSION}/Accounts/<account_sid>/Messages.json"
MESSAGE: Final = f"/{names.VERSION}/Accounts/<account_sid>/Messages/<message_sid>.json"


def authenticate(request: Request) -> Sender:
    """Return the account of the credentials, whose SID may begin with `AC`; CredentialsError if there is none."""
    sid, token = credentials.given(request)
    return credentials.with_token(names.sid(sid) if sid is not None else None, token)


def refuse_other(account: Sender, account_sid: str) -> None:
    """Raise NotFound unless the path names the account of the credentials."""
    if names.sid(account_sid) != account.sid:
        raise NotFound


def operation(
    name: str,
    answers: dict[int, Answer],
    *,
    body: Any = None,
    parameters: tuple[Parameter, ...] = (),
    refusals: tuple[type[ShortenerError], ...] = (),
) -> Operation:
    """Describe a call."""
    return Operation(
        TAG,
        answers,
        body=body,
        parameters=parameters,
        refusals=refusals,
        codes={400: ("invalid_fields",), 404: ("not_found",)},
        name=f"{names.NAME}_{name}",
        refusal=TwilioRefusal,
    )
