"""Reads the samples of a run and groups them into series: all values of one subject in one case at one size."""
import json
import math
import statistics
from dataclasses import dataclass, field

KNOWN_KEYS = {"benchmark", "subject", "case", "n", "round", "value", "unit"}


class SamplesError(Exception):
    """A line that is no sample, or a run that cannot be reported; the message names the line or what is missing."""


@dataclass(frozen=True)
class Key:
    """What a series measures. `variant` has the further keys that are words, such as ("family", "ipv4")."""

    benchmark: str
    case: str
    n: int
    subject: str
    variant: tuple[tuple[str, str], ...] = ()

    def of(self, subject: str) -> "Key":
        """The same for another subject."""
        return Key(self.benchmark, self.case, self.n, subject, self.variant)


@dataclass(frozen=True)
class Sample:
    """One value, with what was measured along with it: numbers, and groups of numbers such as the steps of a toggle."""

    round: int
    value: float
    further: dict[str, float]
    parts: dict[str, dict[str, float]]


@dataclass
class Series:
    key: Key
    unit: str
    samples: list[Sample] = field(default_factory=list)

    @property
    def values(self) -> list[float]:
        return [sample.value for sample in self.samples]

    @property
    def rounds(self) -> int:
        return len({sample.round for sample in self.samples})

    def by_round(self) -> dict[int, float]:
        """One value a round: the median, where a round gave several."""
        rounds: dict[int, list[float]] = {}
        for sample in self.samples:
            rounds.setdefault(sample.round, []).append(sample.value)
        return {number: statistics.median(values) for number, values in rounds.items()}


@dataclass
class Run:
    conditions: dict | None = None
    series: dict[Key, Series] = field(default_factory=dict)
    notes: list[dict] = field(default_factory=list)
    skipped: list[dict] = field(default_factory=list)
    versions: list[dict] = field(default_factory=list)

    @property
    def benchmarks(self) -> list[str]:
        """Those that gave any line, in order of appearance."""
        seen = [key.benchmark for key in self.series]
        seen += [line["benchmark"] for line in self.skipped + self.notes + self.versions]
        return list(dict.fromkeys(seen))

    def find(self, benchmark: str, case: str | None = None, n: int | None = None, subject: str | None = None,
             **variant: str) -> list[Series]:
        """All series with these properties, the smallest size first."""
        found = [
            series for key, series in self.series.items()
            if key.benchmark == benchmark and case in (None, key.case) and n in (None, key.n)
            and subject in (None, key.subject) and variant.items() <= dict(key.variant).items()
        ]
        return sorted(found, key=lambda series: series.key.n)

    def faults(self, ran: list[str]) -> list[str]:
        """The benchmarks among `ran` that gave neither a sample nor a word on why they were skipped as a whole."""
        skipped = {line["benchmark"] for line in self.skipped if line.get("subject", "all") in ("all", "none", "testudo")}
        measured = {key.benchmark for key in self.series}
        return [f"{name}: no samples, and nothing says why" for name in ran if name not in measured | skipped]


def read(lines) -> Run:
    """- lines: of a samples file, one JSON object each."""
    run = Run()
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            take(json.loads(text), run)
        except (ValueError, SamplesError) as error:
            raise SamplesError(f"line {number}: {error}: {text.strip()[:200]}") from None
    return run


def take(line, run: Run) -> None:
    if not isinstance(line, dict):
        raise SamplesError("not an object")
    if "conditions" in line:
        if run.conditions is not None:
            raise SamplesError("conditions a second time: samples of two runs")
        run.conditions = line["conditions"]
        return
    if not isinstance(line.get("benchmark"), str):
        raise SamplesError("no benchmark")
    for kind, kept in (("note", run.notes), ("skipped", run.skipped), ("version", run.versions)):
        if kind in line:
            # A benchmark may say the same at each size.
            if line not in kept:
                kept.append(line)
            return
    take_sample(line, run)


def take_sample(line: dict, run: Run) -> None:
    for name in ("subject", "case", "unit"):
        if not isinstance(line.get(name), str):
            raise SamplesError(f"no {name}")
    value, n, round_number = line.get("value"), line.get("n", 0), line.get("round", 0)
    if not is_figure(value):
        raise SamplesError("value is no number of 0 or more")
    if not isinstance(n, int) or not isinstance(round_number, int):
        raise SamplesError("n or round is no whole number")
    variant, further, parts = {}, {}, {}
    for name, what in line.items():
        if name in KNOWN_KEYS:
            continue
        if isinstance(what, str):
            variant[name] = what
        elif is_figure(what):
            further[name] = what
        elif isinstance(what, dict) and all(map(is_figure, what.values())):
            parts[name] = what
        else:
            raise SamplesError(f"{name} is neither a word nor a number nor an object of numbers")
    # The fleet of a toggle is in this mode unless it says otherwise, and the floor is the floor of that.
    if line["benchmark"] == "toggle" and line["case"] in ("enable", "disable"):
        variant.setdefault("mode", "summary")
    key = Key(line["benchmark"], line["case"], n, line["subject"], tuple(sorted(variant.items())))
    series = run.series.setdefault(key, Series(key, line["unit"]))
    if series.unit != line["unit"]:
        raise SamplesError(f"the unit was {series.unit} before")
    series.samples.append(Sample(round_number, value, further, parts))


def is_figure(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
