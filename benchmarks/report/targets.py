"""What the benchmarks must reach: each target has a bound and takes its figure from a run, or says that it was not measured."""
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

from .figures import ratio
from .samples import Key, Run
from .units import converted, number, readable, whole

TOGGLES = ("enable", "disable")


@dataclass(frozen=True)
class Bound:
    text: str
    low: float | None = None
    high: float | None = None
    # The bound itself does not reach it.
    strict: bool = False

    def met(self, measured: float) -> bool:
        if self.strict:
            return (self.low is None or measured > self.low) and (self.high is None or measured < self.high)
        return (self.low is None or measured >= self.low) and (self.high is None or measured <= self.high)

    def distance(self, measured: float) -> str:
        """By how much it is met or missed, from the nearest bound."""
        nearest = min((end for end in (self.low, self.high) if end is not None), key=lambda end: abs(measured - end))
        difference = abs(measured - nearest)
        if None not in (self.low, self.high) and self.low < self.high:
            return f"{number(difference)} {'inside' if self.met(measured) else 'outside'}"
        if nearest == 0:
            return f"by {number(difference)}" if difference else "exactly"
        if measured >= 2 * nearest:
            return f"{number(measured / nearest)} × the bound"
        return f"by {100 * difference / nearest:.3g} %"


@dataclass(frozen=True)
class Measured:
    value: float
    # What it is made of, in words.
    detail: str


@dataclass(frozen=True)
class Target:
    name: str
    bound: Bound
    measure: Callable[[Run], Measured | None]
    # Whose absence explains that it was not measured.
    benchmark: str
    subject: str = "testudo"


@dataclass(frozen=True)
class Outcome:
    target: Target
    measured: float | None
    met: bool | None
    # What the figure is made of, or why there is none.
    detail: str

    @property
    def word(self) -> str:
        return {True: "met", False: "MISSED", None: "not measured"}[self.met]

    @property
    def distance(self) -> str:
        return "" if self.measured is None else self.target.bound.distance(self.measured)


def outcomes(run: Run) -> list[Outcome]:
    return [outcome(target, run) for target in TARGETS]


def outcome(target: Target, run: Run) -> Outcome:
    measured = target.measure(run)
    if measured is None:
        return Outcome(target, None, None, absence(target, run))
    return Outcome(target, measured.value, target.bound.met(measured.value), measured.detail)


def absence(target: Target, run: Run) -> str:
    whole_benchmark = (target.subject, "testudo", "all", "none")
    reasons = [
        line["skipped"] for line in run.skipped
        if line["benchmark"] == target.benchmark and line.get("subject", "all") in whole_benchmark
    ]
    return "; ".join(reasons) or "the run has no samples of it"


# One of these a shape of target.

def against(subject: str, reference: str, benchmark: str, cases: tuple[str, ...], worst: Callable, n: int | None,
            or_largest: bool = False, reference_case: str | None = None, **variant: str) -> Callable[[Run], Measured | None]:
    """The median ratio of the pairs at size `n`, or else at the largest with both where that is said to do; the worst of the
    cases, which must all be there, and of variants such as families."""
    def measure(run: Run) -> Measured | None:
        found = []
        for case in cases:
            for own in run.find(benchmark, case, None if or_largest else n, subject, **variant):
                for other in run.find(benchmark, reference_case or case, own.key.n, reference, **variant):
                    pairs = ratio(own, other) if compatible(own.key, other.key) else None
                    if pairs:
                        found.append((words(own.key, other.key), own.key, pairs))
        sizes = {key.n for _, key, _ in found}
        size = n if n in sizes else max(sizes, default=0)
        found = [one for one in found if one[1].n == size]
        if {key.case for _, key, _ in found} != set(cases):
            return None
        common = set.intersection(*(set(told) for told, _, _ in found))
        described = [
            " ".join([*(word for word in told if word not in common), f"{number(pairs.median)} × ({pairs.pairs} pairs)"])
            for told, _, pairs in found
        ]
        return Measured(worst(pairs.median for _, _, pairs in found), f"N = {whole(size)}: " + ", ".join(described))
    return measure


def compatible(one: Key, other: Key) -> bool:
    """Neither says otherwise of what both say, such as the family."""
    words, others = dict(one.variant), dict(other.variant)
    return all(others.get(name, word) == word for name, word in words.items())


def words(own: Key, other: Key) -> list[str]:
    return list(dict.fromkeys([own.case, *(word for _, word in own.variant + other.variant)]))


def cost_a_node(few: int, many: int) -> Callable[[Run], Measured | None]:
    """Fan-out and fan-in of a toggle a node, of many nodes over few; the worse of on and off."""
    def measure(run: Run) -> Measured | None:
        costs = {(case, n): fan_a_node(run, case, n) for case in TOGGLES for n in (few, many)}
        if None in costs.values():
            return None
        ratios = {case: costs[case, many] / costs[case, few] for case in TOGGLES}
        detail = ", ".join(
            f"{case} {number(ratios[case])} × ({readable(costs[case, few], 'us')} → {readable(costs[case, many], 'us')})"
            for case in TOGGLES)
        return Measured(max(ratios.values(), key=lambda value: abs(value - 1)), detail)
    return measure


def fan_a_node(run: Run, case: str, n: int) -> float | None:
    """The median of fan-out and fan-in together, in µs a node."""
    for series in run.find("toggle", case, n, "testudo", mode="summary"):
        both = [sample.parts.get("steps", {}) for sample in series.samples]
        sums = [steps["fan_out"] + steps["fan_in"] for steps in both if "fan_out" in steps and "fan_in" in steps]
        if sums:
            return median(sums) / n
    return None


def greatest(benchmark: str, case: str, n: int, unit: str) -> Callable[[Run], Measured | None]:
    """The greatest value of any round: a limit holds for all of them."""
    def measure(run: Run) -> Measured | None:
        found = run.find(benchmark, case, n, "testudo")
        values = [converted(value, series.unit, unit) for series in found for value in series.values]
        if not values:
            return None
        return Measured(max(values), f"the greatest of {len(values)}, median {readable(median(values), unit)}")
    return measure


def lost_packets(run: Run) -> Measured | None:
    """Of all rounds; none were lost only where some were sent."""
    lost, sent = losses(run, "testudo")
    if not sent:
        return None
    others = dict.fromkeys(series.key.subject for series in run.find("esp", "lost") if series.key.subject != "testudo")
    beside = []
    for name in others:
        theirs, theirs_sent = losses(run, name)
        beside.append(f"{name} lost {whole(theirs)} of {whole(theirs_sent)}")
    return Measured(lost, "; ".join([f"{whole(sent)} sent", *(beside or ["strongSwan was not measured"])]))


def losses(run: Run, subject: str) -> tuple[int, int]:
    """Lost, and sent, where both were counted."""
    counted = [(series, run.series.get(replace(series.key, case="sent"))) for series in run.find("esp", "lost", subject=subject)]
    both = [(sum(lost.values), sum(sent.values)) for lost, sent in counted if sent]
    return round(sum(lost for lost, _ in both)), round(sum(sent for _, sent in both))


def faster(times: float) -> Bound:
    return Bound(f"≥ {times:g} × faster", low=times)


TARGETS = [
    *(
        Target(
            f"toggle at N = {whole(n)}, without drain and probe's network time, against raw C", Bound("≤ 1.3 ×", high=1.3),
            against("testudo", "floor", "toggle", TOGGLES, max, n, mode="summary"), "toggle", "floor")
        for n in (1_000, 10_000)
    ),
    Target(
        "cost a node, N = 100 → 10 000", Bound("0.75 to 1.25 ×", low=0.75, high=1.25), cost_a_node(100, 10_000), "toggle"),
    Target(
        "netlink apply, 1 000 peers, against C with libmnl", Bound("≤ 1.1 ×", high=1.1),
        against("testudo", "libmnl", "netlink", ("apply",), max, 1_000), "netlink", "libmnl"),
    Target(
        "netlink apply against `ip -batch`", faster(5),
        against("ip-batch", "testudo", "netlink", ("apply",), min, 1_000, or_largest=True), "netlink", "ip-batch"),
    Target(
        "netlink apply against one `ip` a change", faster(200),
        against("ip", "testudo", "netlink", ("apply",), min, 1_000, or_largest=True), "netlink", "ip"),
    *(
        Target(
            f"{name}, N = 100: one of its rounds against our whole toggle without drain", faster(50),
            against(name.lower(), "testudo", "peers", ("round",), min, 100, reference_case="toggle"), "peers", name.lower())
        for name in ("Salt", "Ansible")
    ),
    *(
        Target(
            f"{name}, N = 100: memory an agent", Bound("≥ 4 × less", low=4),
            against(name.lower(), "testudo", "peers", ("agent_memory",), min, 100), "peers", name.lower())
        for name in ("Salt", "Ansible")
    ),
    Target(
        "NATS, N = 100: one of its rounds without CURVE against one of ours with it", Bound("> 1 × faster", low=1, strict=True),
        against("nats", "testudo", "peers", ("round",), min, 100), "peers", "nats"),
    Target(
        "GET against a bare hello, requests a second", Bound("≥ 0.8 ×", low=0.8),
        against("testudo", "hello", "rest", ("get",), min, None, or_largest=True), "rest"),
    Target(
        "coordinator's memory a connected agent against libzmq alone", Bound("≤ 1.2 ×", high=1.2),
        against("testudo", "libzmq", "memory", ("coordinator",), max, None, or_largest=True), "memory", "libzmq"),
    Target(
        "agent's memory with 1 000 peers, MiB", Bound("≤ 20 MiB", high=20), greatest("memory", "agent", 1_000, "MiB"),
        "memory"),
    Target(
        "10 000 agents back after a coordinator's kill, s", Bound("≤ 6 s", high=6), greatest("storm", "back", 10_000, "s"),
        "storm"),
    Target(
        "10 000 agents: false disconnects in the 60 s after they are back", Bound("0", low=0, high=0),
        greatest("storm", "false_disconnects", 10_000, "count"), "storm"),
    Target("real ESP, on, off and rotate under traffic: packets lost", Bound("0", low=0, high=0), lost_packets, "esp"),
]
