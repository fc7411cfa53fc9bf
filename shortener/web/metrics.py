"""`GET /metrics`: what Prometheus reads. It needs a token of its own, because no account may see an installation."""

import hmac
import time
from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response, request
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from werkzeug.exceptions import NotFound

from shortener.config.settings import VERSION
from shortener.errors import CredentialsError
from shortener.reporting.installation_numbers import KINDS, InstallationNumbers
from shortener.rules.alerts.incident_kind import IncidentKind
from shortener.running.services import Services, services
from shortener.telemetry import exposition
from shortener.telemetry.metrics import book, gateways
from shortener.web.access import public
from shortener.web.description.operation import Answer, Operation, described

blueprint = Blueprint("metrics", __name__)
STARTED: Final = time.time()  # the server imports this before it forks


@blueprint.get("/metrics")
@described(
    Operation(
        "Operation",
        {200: Answer("The metrics, as text.", media=("text/plain",))},
        codes={401: ("credentials",), 404: ("not_found",)},
        sentence="Return the installation's metrics for Prometheus. Needs `SHORTENER_METRICS_TOKEN` as Bearer token.",
    )
)
@public
def metrics() -> Response:
    """Return the metrics; 404 without `SHORTENER_METRICS_TOKEN`, 401 without that token."""
    token = services().settings.metrics_token
    if token is None:
        raise NotFound
    scheme, _, given = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise CredentialsError("Send SHORTENER_METRICS_TOKEN: `Authorization: Bearer TOKEN`.")
    content_type, text = document(services(), request.headers.get("Accept", ""))
    return Response(text, content_type=content_type, headers={"Cache-Control": "no-store"})


def document(of: Services, accept: str) -> tuple[str, bytes]:
    """Return content type and text of all metrics."""
    of.watch.work()
    return exposition.render([*exposition.counted(book, gateways), *momentary(of)], accept)


def momentary(of: Services) -> Iterator[Metric]:
    """Yield what is read when somebody asks; numbers of the database only while that answers."""
    settings, numbers = of.settings, of.watch.numbers()
    build = GaugeMetricFamily("shortener_build_info", "The version; 1.", labels=("version", "server", "database"))
    build.add_metric((VERSION, settings.server, "sqlite" if settings.embedded else "postgresql"), 1)
    yield build
    yield GaugeMetricFamily("shortener_start_time_seconds", "When the server started, as Unix time.", STARTED)
    up = "Whether the database answers: 1 or 0."
    yield GaugeMetricFamily("shortener_database_up", up, 0 if numbers is None else 1)
    yield from _of_spool(of)
    yield from _of_database(numbers)


def _of_spool(of: Services) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("shortener_spool_clicks", "Clicks in this node's spool that wait for the database.")
    lost = CounterMetricFamily("shortener_clicks_lost_total", "Clicks of this node that could not be stored anywhere.")
    counts = of.spool_counts()
    if counts is not None:
        waiting.add_metric((), counts[0])
        lost.add_metric((), counts[1])
    yield from (waiting, lost)


def _of_database(numbers: InstallationNumbers | None) -> Iterator[Metric]:
    due = GaugeMetricFamily("shortener_jobs_due", "Jobs that are due now, at most 100,000.", labels=("kind",))
    oldest = GaugeMetricFamily(
        "shortener_oldest_due_job_seconds", "For how long the oldest of these jobs has been due.", labels=("kind",)
    )
    size = GaugeMetricFamily("shortener_database_size_bytes", "Size of the database.")
    pruned = GaugeMetricFamily(
        "shortener_last_prune_timestamp_seconds", "When a process last began to delete old messages, as Unix time."
    )
    told = GaugeMetricFamily("shortener_incidents_open", "Incidents that are not over.", labels=("kind",))
    if numbers is not None:
        for incident in IncidentKind:
            told.add_metric((incident,), numbers.incidents.get(incident, 0))
        for kind in KINDS:
            due.add_metric((kind,), numbers.due[kind].count)
            oldest.add_metric((kind,), numbers.due[kind].oldest.total_seconds())
        size.add_metric((), numbers.size)
        if numbers.pruned_on is not None:
            pruned.add_metric((), numbers.pruned_on.timestamp())
    yield from (due, oldest, size, pruned, told)
