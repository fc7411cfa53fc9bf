"""Say which incidents are open."""

from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy.orm import Session

from shortener.alerts.incidents import count_open
from shortener.cli.doctor.finding import Finding, ok, warning

CHECK: Final = "incidents"


def examine(session: Session) -> Iterator[Finding]:
    """Count the open incidents."""
    yield judge(count_open(session))


def judge(counts: Mapping[str, int]) -> Finding:
    """Judge the number of open incidents by their kind."""
    if not counts:
        return ok(CHECK, "No incident is open.")
    listed = ", ".join(f"{kind} ({number})" for kind, number in sorted(counts.items()))
    return warning(CHECK, f"Open incidents: {listed}.", "See the operator's page and docs/operate/alerts.md.")
