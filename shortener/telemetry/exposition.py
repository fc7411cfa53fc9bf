"""Write metrics as Prometheus reads them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from shortener.telemetry.families import BUCKETS, Book, Counter, Family, Histogram, Names

MANY: Final = 20  # a family with more series leaves out those that have counted nothing


def counted(book: Book, names: Names) -> Iterator[Metric]:
    """Yield all families that processes count, with their series."""
    totals = book.numbers.totals()
    for family in book.families:
        yield _metric(family, totals, names)


def render(metrics: Iterable[Metric], accept: str) -> tuple[str, bytes]:
    """Return content type and text, as the header `Accept` of the request prefers."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(list(metrics)))
    encode, content_type = choose_encoder(accept)
    return content_type, encode(registry)


def _metric(family: Family, totals: Sequence[float], names: Names) -> Metric:
    made = _empty(family)
    series = list(family.series(totals))
    for values, numbers in series:
        labels = [names.shown(value) for value in values]
        if len(series) > MANY and not any(numbers):
            continue
        if isinstance(made, HistogramMetricFamily):
            bounds = [*map(str, BUCKETS), "+Inf"]
            made.add_metric(labels, list(zip(bounds, accumulate(numbers[:-1]), strict=True)), numbers[-1])
        else:
            made.add_metric(labels, numbers[0])
    return made


def _empty(family: Family) -> CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily:
    if isinstance(family, Histogram):
        return HistogramMetricFamily(family.name, family.about, labels=family.labels)
    if isinstance(family, Counter):
        return CounterMetricFamily(family.name, family.about, labels=family.labels)
    return GaugeMetricFamily(family.name, family.about, labels=family.labels)


class _Given(Collector):
    """Gives the registry what is to be written."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        return self._metrics
