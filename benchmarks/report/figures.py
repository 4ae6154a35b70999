"""Percentiles of a series by HdrHistogram, and ratios of two series pair by pair."""
import math
import statistics
from dataclasses import dataclass

from hdrh.histogram import HdrHistogram

from .samples import Key, Run, Series
from .units import converted

SIGNIFICANT_DIGITS = 3
# What the others of a benchmark are held against, where they are held against anything.
REFERENCES = {"toggle": "floor", "netlink": "libmnl", "peers": "testudo", "rest": "hello", "memory": "libzmq", "storm": "libzmq"}


@dataclass(frozen=True)
class Percentiles:
    p50: float
    p90: float
    p99: float
    maximum: float


@dataclass(frozen=True)
class Ratio:
    """A subject against its reference, pair by pair: the median of the pairs' ratios, and where most of them are."""

    subject: str
    pairs: int
    median: float
    p10: float
    p90: float


@dataclass(frozen=True)
class Figure:
    """All that is reported of one series."""

    series: Series
    percentiles: Percentiles
    against: Ratio | None
    # Medians of what was measured along with the value.
    further: dict[str, float]
    parts: dict[str, dict[str, float]]


def percentiles(values: list[float]) -> Percentiles:
    """HdrHistogram keeps whole numbers: values are scaled by a power of ten so that the smallest keeps its digits."""
    smallest, greatest = min((value for value in values if value > 0), default=1), max(values)
    scale = 10 ** max(0, SIGNIFICANT_DIGITS - math.floor(math.log10(smallest)))
    histogram = HdrHistogram(1, max(2, math.ceil(greatest * scale)), SIGNIFICANT_DIGITS)
    for value in values:
        histogram.record_value(round(value * scale))
    at = histogram.get_percentile_to_value_dict([50, 90, 99])
    # A bucket ends above the values in it: nothing is above the greatest value.
    p50, p90, p99 = (min(digits(at[percent] / scale), greatest) for percent in (50, 90, 99))
    return Percentiles(p50, p90, p99, greatest)


def p50(series: Series) -> float:
    return percentiles(series.values).p50


def digits(value: float) -> float:
    """Without the noise that division by a power of ten leaves."""
    return float(f"{value:.6g}")


def quantile(values: list[float], share: float) -> float:
    """Between the two values around it."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def ratio(subject: Series, reference: Series) -> Ratio | None:
    """Nothing where no round has both: figures of different moments are not compared."""
    one = converted(1, subject.unit, reference.unit)
    own, other = subject.by_round(), reference.by_round()
    ratios = [one * own[number] / other[number] for number in own if other.get(number, 0) > 0]
    if not ratios:
        return None
    return Ratio(reference.key.subject, len(ratios), statistics.median(ratios), quantile(ratios, 0.1), quantile(ratios, 0.9))


def reference_of(key: Key, run: Run) -> Series | None:
    name = REFERENCES.get(key.benchmark)
    return run.series.get(key.of(name)) if name and name != key.subject else None


def figure(series: Series, run: Run) -> Figure:
    reference = reference_of(series.key, run)
    further, groups = {}, {}
    for sample in series.samples:
        for name, value in sample.further.items():
            further.setdefault(name, []).append(value)
        for group, parts in sample.parts.items():
            for name, value in parts.items():
                groups.setdefault(group, {}).setdefault(name, []).append(value)
    return Figure(
        series, percentiles(series.values), ratio(series, reference) if reference else None, medians(further),
        {group: medians(parts) for group, parts in groups.items()})


def medians(values: dict[str, list[float]]) -> dict[str, float]:
    return {name: digits(statistics.median(of_one)) for name, of_one in values.items()}


def figures(run: Run) -> list[Figure]:
    """In the order in which they are reported: by benchmark and case as they came, then by size, ours first."""
    places = {}
    for key in run.series:
        places.setdefault((key.benchmark, key.case), len(places))
        places.setdefault(("subject", key.subject), len(places))

    def place(series: Series):
        key = series.key
        return (run.benchmarks.index(key.benchmark), places[key.benchmark, key.case], key.variant, key.n,
                key.subject != "testudo", places["subject", key.subject])
    return [figure(series, run) for series in sorted(run.series.values(), key=place)]
