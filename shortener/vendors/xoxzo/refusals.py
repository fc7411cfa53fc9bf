"""Errors in Xoxzo's form."""

from flask import Response

from shortener.web import problems


def refuse(error: Exception) -> Response:
    """Answer an error: 400 with the faults by field, or its status with one sentence as `detail`."""
    problem = problems.of(error)
    if faults := problem.get("errors"):
        return problems.json_response({name: [*map(_sentence, each)] for name, each in faults.items()}, 400)
    detail = "Not found." if problem["status"] == 404 else problem["detail"]
    return problems.json_response({"detail": detail}, problem["status"])


def _sentence(fault: str) -> str:
    return f"This field {fault}." if fault.startswith(("is ", "must ")) else fault
