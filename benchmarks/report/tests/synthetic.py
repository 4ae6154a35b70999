"""Samples of a run that never was: every benchmark, with figures drawn around those that are given."""
import json
import random

SUMMARY_SIZES = (10, 100, 1_000, 2_000, 5_000, 10_000)
EDGE_SIZES = (10, 100)
ROUNDS = 10
STEPS = {
    "preflight": 0.1, "offers": 0.1, "accept": 0.2, "probe": 0.1, "send": 0.15, "enforce": 0.15, "verify": 0.1, "journal": 0.05}
CONDITIONS = {
    "machine": "A processor", "cores": 2, "memory_MiB": 24_000, "kernel": "Linux 6.1", "commit": "abc1234",
    "date": "2026-01-01T00:00:00Z", "versions": {"system": "Debian 12", "python": "3.11.7"},
}


class Samples:
    """Lines of a samples file, with the same noise for the same seed."""

    def __init__(self, seed: int = 1):
        self.random = random.Random(seed)
        self.lines: list[dict] = []

    def add(self, benchmark, case, n, values: dict[str, float], unit="us", rounds=ROUNDS, noise=0.05, further=None, **variant):
        """A round has all subjects in turn: `values` is the middle of each."""
        for number in range(1, rounds + 1):
            for subject, middle in values.items():
                value = middle * self.random.uniform(1 - noise, 1 + noise)
                self.lines.append({
                    "benchmark": benchmark, "subject": subject, "case": case, "n": n, "round": number, "value": value,
                    "unit": unit, **variant, **(further(subject, n, value) if further else {})})

    def say(self, **line):
        self.lines.append(line)

    def text(self) -> str:
        return "".join(json.dumps(line) + "\n" for line in self.lines)


def steps(subject, n, value) -> dict:
    if subject != "testudo":
        return {}
    parts = {name: share * value for name, share in STEPS.items()}
    return {"steps": parts | {"fan_out": 3.0 * n, "fan_in": 5.0 * n}, "drain": 50_000}


def toggles(samples: Samples) -> None:
    for n in SUMMARY_SIZES:
        for case, cost in (("enable", 60), ("disable", 45)):
            floor = 800 + cost * n
            samples.add("toggle", case, n, {"testudo": 1.2 * floor, "floor": floor}, further=steps)
    for n in EDGE_SIZES:
        for case, cost in (("enable", 90), ("disable", 60)):
            samples.add("toggle", case, n, {"testudo": 900 + cost * n + 2 * n * n}, further=steps, mode="edges")
        samples.add("toggle", "agreement", n, {"testudo": 61.5})
        samples.add("toggle", "roster_bytes", n, {"testudo": 90 * n * n}, "bytes", noise=0)
        samples.add("toggle", "roster_encode", n, {"testudo": 0.2 * n * n})
    for n in (10, 100):
        samples.add("join", "join", n, {"testudo": 800 * n})


def netlink(samples: Samples) -> None:
    for family in ("ipv4", "ipv6"):
        for n in (10, 100, 1_000, 5_000):
            for case in ("accept", "send", "enforce", "clear", "apply"):
                values = {"testudo": 6.3, "libmnl": 6, "ip-batch": 40, "ip": 1_500}
                if n == 5_000:
                    del values["ip"]
                samples.add("netlink", case, n, values, family=family)
        samples.add("netlink", "dump", 10_000, {"testudo": 0.9, "libmnl": 0.7}, family=family)


def others(samples: Samples) -> None:
    for n in (2, 4, 8):
        for case in ("on", "off", "rotate"):
            samples.add("esp", case, n, {"testudo": 20_000 + 9_000 * n})
        samples.add(
            "esp", "lost", n, {"testudo": 0, "strongswan": 400}, "count",
            further=lambda subject, n, value: {"toggles": 3, "tcp_longest_gap_ms": 12.5})
        samples.add("esp", "sent", n, {"testudo": 9_000, "strongswan": 9_000}, "count")
    for n in (10, 50, 100):
        rounds = {"testudo": 30 * n, "nats": 45 * n, "salt": 9_000 * n, "ansible": 60_000 * n}
        samples.add("peers", "round", n, rounds)
        samples.add("peers", "toggle", n, {"testudo": 110 * n})
        samples.add("peers", "agent_memory", n, {"testudo": 9_000, "salt": 68_000, "nats": 11_000}, "KiB")
    samples.say(benchmark="peers", subject="salt", version="3007.1")
    samples.say(benchmark="peers", subject="ansible", note="Ansible leaves no agent on a node.")
    for case, rate in (("get", 16_000), ("list", 4_600), ("change", 6_300), ("associations", 420), ("get_during_rollouts", 12_000)):
        samples.add(
            "rest", case, 100, {"testudo": rate, "hello": 19_000}, "per_s",
            further=lambda subject, n, value: {"p50": 64e6 / value, "p99": 180e6 / value})
    for n in (100, 1_000, 10_000):
        samples.add("memory", "coordinator", n, {"testudo": 30 + 300 / n, "libzmq": 26 + 200 / n}, "KiB")
        samples.add("memory", "wire_bytes", n, {"testudo": 2_900 * n}, "bytes")
        samples.add("memory", "processor", n, {"coordinator": 0.0001 * n, "agents": 0.0002 * n}, "s")
    for n in (10, 100, 1_000, 5_000):
        samples.add("memory", "agent", n, {"testudo": 8_000 + 6 * n}, "KiB")
    for n in (1_000, 10_000):
        samples.add("storm", "back", n, {"testudo": 0.6 + 0.0004 * n, "libzmq": 0.5 + 0.0003 * n}, "s")
        samples.add("storm", "patch", n, {"testudo": 0.9 + 0.0005 * n}, "s")
        samples.add("storm", "false_disconnects", n, {"testudo": 0}, "count")
    samples.add("soak", "toggle", 100, {"testudo": 11_000}, rounds=200)
    samples.add("soak", "rss", 100, {"testudo": 61_000}, "KiB", rounds=200, noise=0.005)
    samples.add("soak", "descriptors", 100, {"testudo": 240}, "count", rounds=200, noise=0)
    samples.add("micro", "order_encode", 0, {"testudo": 0.34})
    samples.add("micro", "machine_steps", 0, {"testudo": 1_400_000}, "per_s")


def whole_run() -> Samples:
    samples = Samples()
    samples.say(conditions=CONDITIONS)
    toggles(samples)
    netlink(samples)
    others(samples)
    samples.say(benchmark="esp", subject="ip", skipped="the kernel has no ESP")
    return samples
