"""Acme's wire format: every answer has status 200, its credentials are parameters, and a path lies inside Xoxzo's."""

from typing import Any

from flask import Blueprint, Request, Response
from pydantic import BaseModel

from shortener.errors import CredentialsError
from shortener.messages.analysis import analyze
from shortener.messages.submission import Submission
from shortener.running.services import services
from shortener.vendors import Face
from shortener.web import incoming, problems
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.credentials import with_token
from shortener.web.description.operation import Answer, Operation, described

blueprint = Blueprint("acme", __name__)


class AcmeAnswer(BaseModel):
    """What Acme answers."""

    status: str
    error: str | None = None


def authenticate(request: Request) -> Sender:
    """Read the credentials from the parameters."""
    sid, token = request.args.get("api_key"), request.args.get("api_secret")
    if sid is None or token is None:
        raise CredentialsError("Give api_key and api_secret.")
    return with_token(sid, token)


def refuse(error: Exception) -> Response:
    """Answer 200, with what went wrong as numbers and names of our own choice."""
    status = problems.of(error)["status"]
    return problems.json_response({"status": str(status), "error": type(error).__name__}, 200)


@blueprint.post("/sms/messages/acme")
@described(
    Operation(
        "Acme", name="acme_send", answers={200: Answer("The message.", AcmeAnswer)}, body=Submission, refusal=AcmeAnswer
    )
)
@for_senders(Scope.SEND)
def send(account: Sender) -> dict[str, Any]:
    """Preprocess a message, as Acme has it."""
    submission = Submission.check(incoming.fields(), services().policy)
    site = services().site
    services().group_commit.preprocess(account, analyze(submission, account, site), site)
    return {"status": "0"}


@blueprint.get("/acme/broken")
@described(Operation("Acme", name="acme_broken", answers={200: Answer("Never.", AcmeAnswer)}, refusal=AcmeAnswer))
@for_senders(Scope.SEND)
def broken(account: Sender) -> dict[str, Any]:
    """Fail unexpectedly."""
    raise ZeroDivisionError(account.name)


FACE = Face(
    prefixes=("/sms/messages/acme", "/acme/"),
    refuse=refuse,
    authenticate=authenticate,
    tag="Acme",
    description="Acme's wire format.",
    blueprint=blueprint,
)
