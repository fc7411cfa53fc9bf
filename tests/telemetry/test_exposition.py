"""The text that Prometheus reads, read back by its own parser."""

from prometheus_client.parser import text_string_to_metric_families

from shortener.telemetry.exposition import counted, render
from shortener.telemetry.families import Book, Counter, Gauge, Histogram, Names
from shortener.telemetry.shared_numbers import SharedNumbers


def samples(book: Book, names: Names) -> dict[tuple[str, ...], float]:
    content_type, text = render(counted(book, names), "")
    assert content_type.startswith("text/plain; version=")
    families = text_string_to_metric_families(text.decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_counters_gauges_and_histograms_are_written() -> None:
    book, names = Book(SharedNumbers(rows=1, numbers=1024, momentary=16)), Names(2)
    names.know(["kannel"])
    Gauge(book, "open", "Open.").set(3)
    Counter(book, "sent_total", "Sent.", gateway=names.places).add(names.place("kannel"))
    Histogram(book, "took_seconds", "Took.", group=("a",)).observe(("a",), 0.002)
    many = Counter(book, "many_total", "Many.", one=[str(number) for number in range(30)])
    many.add("7")
    found = samples(book, names)
    assert found[("open",)] == 3
    assert (found[("sent_total", "kannel")], found[("sent_total", "other")]) == (1, 0)
    assert found[("took_seconds_count", "a")] == found[("took_seconds_bucket", "a", "0.0025")] == 1
    assert found[("took_seconds_bucket", "a", "0.001")] == 0
    assert [name for name in found if name[0] == "many_total"] == [("many_total", "7")]  # the others counted nothing


def test_openmetrics_is_written_if_asked_for() -> None:
    book = Book(SharedNumbers(rows=1, numbers=64, momentary=16))
    content_type, text = render(counted(book, Names(1)), "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")
