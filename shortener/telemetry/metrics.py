"""What every process counts. Names and labels are part of the product: dashboards and alerts of operators use them."""

from typing import Final

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.visitors.visitor import Visitor
from shortener.telemetry.families import Book, Counter, Gauge, Histogram, Names

METHODS: Final = ("GET", "HEAD", "POST", "other")
STATUSES: Final = ("2xx", "3xx", "4xx", "5xx")
GROUPS: Final = ("redirect", "api", "receipts", "vendors", "dashboard", "other")
OUTCOMES: Final = tuple(outcome.value for outcome in AttemptOutcome if outcome is not AttemptOutcome.RUNNING)

book: Final = Book()
gateways: Final = Names(32)

processes: Final = Gauge(book, "shortener_processes", "Web and worker processes of this server that are alive.")
connections_open: Final = Gauge(book, "shortener_database_connections_open", "Open connections to the database.")
connections_used: Final = Gauge(book, "shortener_database_connections_in_use", "Connections that are working.")
connections_most: Final = Gauge(book, "shortener_database_connections_limit", "Connections that may be open.")
spool_used: Final = Gauge(book, "shortener_spool_bytes", "Bytes of waiting clicks in the spool files of the processes.")
spool_size: Final = Gauge(book, "shortener_spool_limit_bytes", "Bytes that these spool files can hold.")

starts: Final = Counter(book, "shortener_process_starts_total", "Processes that have started since the server has.")
requests: Final = Histogram(
    book,
    "shortener_http_request_duration_seconds",
    "Requests, and the time until their answers began.",
    group=GROUPS,
    method=METHODS,
    status=STATUSES,
)
clicks: Final = Counter(
    book, "shortener_clicks_total", "Clicks that were stored in the database.", visitor=[v.value for v in Visitor]
)
first_clicks: Final = Counter(book, "shortener_first_clicks_total", "Links that were clicked for the first time.")
spooled: Final = Counter(book, "shortener_clicks_spooled_total", "Clicks that went to the spool.")
callback_attempts: Final = Counter(
    book, "shortener_callback_attempts_total", "Attempts of callbacks that have ended.", outcome=OUTCOMES
)
sending_attempts: Final = Counter(
    book,
    "shortener_sending_attempts_total",
    "Attempts to hand a message to its gateway.",
    gateway=gateways.places,
    outcome=OUTCOMES,
)
export_attempts: Final = Counter(
    book, "shortener_export_attempts_total", "Attempts of exports that have ended.", outcome=OUTCOMES
)
receipts: Final = Counter(
    book, "shortener_receipts_total", "Receipts that were stored.", state=[state.value for state in MessageState]
)

_METHOD: Final = {method: method for method in METHODS}
_STATUS: Final = {status[0]: status for status in STATUSES}


def observe_request(group: str, method: str, status: str, seconds: float) -> None:
    """Count a request of a group of routes; its status is a number or line like `302 FOUND`."""
    requests.observe((group, _METHOD.get(method, "other"), _STATUS.get(status[0], "5xx")), seconds)
