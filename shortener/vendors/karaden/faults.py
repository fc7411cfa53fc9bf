"""The vendor's errors: an object `error` with a code, a sentence and the faults by field."""

from typing import Annotated, Any, Final, Literal

from flask import Response
from pydantic import BaseModel, Field

from shortener.errors import QuietHoursError
from shortener.web import problems

# The vendor's words are not published, except the first.
CODES: Final = {
    401: "unauthorized",
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    422: "unprocessable_entity",
    429: "too_many_requests",
}
STATUSES: Final = {409: 422}  # that the vendor has instead of ours
# The vendor's names of our fields, where the product itself finds a fault.
NAMES: Final = {
    "message": "body",
    "recipient": "to",
    "sender": "service_id",
    "send_on": "scheduled_at",
    "validity_period": "limited_at",
    "track_link": "is_shorten",
}


class KaradenError(BaseModel):
    """An error; `errors` has a list of sentences for each faulty field."""

    object: Literal["error"] = "error"
    code: str
    message: str
    errors: Annotated[dict[str, Any], Field(description="`object` is `default`.")]


def refuse(error: Exception) -> Response:
    """Answer an error."""
    problem = problems.of(error)
    status = STATUSES.get(problem["status"], problem["status"])
    faults = {NAMES.get(name, name): sentences for name, sentences in problem.get("errors", {}).items()}
    if isinstance(error, QuietHoursError):
        faults = {"scheduled_at": [problem["detail"]]}
    found = KaradenError(
        code=CODES.get(status, problem["code"]),
        message=problem["detail"],
        errors={**faults, "object": "default"},
    )
    return problems.json_response(found.model_dump(), status)
