import copy
import json
import unittest

from ..samples import read
from ..targets import TARGETS, Bound, outcomes
from .synthetic import whole_run

# For each target what must change in a run that meets it, so that it is missed: samples that have all of this, times that.
MISSED_BY = [
    ({"benchmark": "toggle", "subject": "testudo", "n": 1_000, "case": "disable"}, 1.2),
    ({"benchmark": "toggle", "subject": "floor", "n": 10_000, "case": "enable"}, 0.8),
    ({"benchmark": "toggle", "subject": "testudo", "n": 10_000, "case": "enable"}, "fan_in"),
    ({"benchmark": "netlink", "subject": "libmnl", "case": "apply", "n": 1_000, "family": "ipv6"}, 0.85),
    ({"benchmark": "netlink", "subject": "ip-batch", "case": "apply", "n": 1_000, "family": "ipv4"}, 0.5),
    ({"benchmark": "netlink", "subject": "ip", "case": "apply", "n": 1_000, "family": "ipv4"}, 0.5),
    ({"benchmark": "peers", "subject": "salt", "case": "round", "n": 100}, 0.1),
    ({"benchmark": "peers", "subject": "ansible", "case": "round", "n": 100}, 0.05),
    ({"benchmark": "peers", "subject": "salt", "case": "agent_memory", "n": 100}, 0.3),
    ({"benchmark": "peers", "subject": "ansible", "case": "agent_memory", "n": 100}, 0.01),
    ({"benchmark": "peers", "subject": "nats", "case": "round", "n": 100}, 0.5),
    ({"benchmark": "rest", "subject": "testudo", "case": "get"}, 0.8),
    ({"benchmark": "memory", "subject": "testudo", "case": "coordinator", "n": 10_000}, 1.2),
    ({"benchmark": "memory", "subject": "testudo", "case": "agent", "n": 1_000}, 2),
    ({"benchmark": "storm", "subject": "testudo", "case": "back", "n": 10_000, "round": 7}, 2),
    ({"benchmark": "storm", "subject": "testudo", "case": "false_disconnects", "n": 10_000, "round": 7}, "one"),
    ({"benchmark": "esp", "subject": "testudo", "case": "lost", "n": 8, "round": 7}, "one"),
]


def lines() -> list[dict]:
    """A run that meets all: with what is not in the usual one, an agent of Ansible's."""
    samples = whole_run()
    samples.add("peers", "agent_memory", 100, {"ansible": 60_000}, "KiB")
    return samples.lines


def outcomes_of(these: list[dict]):
    return outcomes(read(json.dumps(line) for line in these))


def change(line: dict, by) -> None:
    if by == "one":
        line["value"] += 1
    elif by == "fan_in":
        line["steps"] = line["steps"] | {"fan_in": 2 * line["steps"]["fan_in"]}
    else:
        line["value"] *= by


class TargetTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lines = lines()

    def test_there_is_one_for_each_bound_and_all_can_be_met(self):
        reached = outcomes_of(self.lines)

        self.assertEqual(len(MISSED_BY), len(TARGETS))
        self.assertEqual([one.target.name for one in reached if not one.met], [])

    def test_each_is_missed_when_its_figure_is_off_and_no_other_is(self):
        for index, (where, by) in enumerate(MISSED_BY):
            with self.subTest(TARGETS[index].name):
                changed = copy.deepcopy(self.lines)
                found = [line for line in changed if where.items() <= line.items() and line.get("mode") != "edges"]
                self.assertTrue(found)
                for line in found:
                    change(line, by)

                reached = outcomes_of(changed)

                self.assertEqual([place for place, one in enumerate(reached) if one.met is False], [index])
                self.assertEqual(reached[index].word, "MISSED")

    def test_each_is_not_measured_without_its_samples_and_says_why(self):
        for index, (where, _) in enumerate(MISSED_BY):
            with self.subTest(TARGETS[index].name):
                subject = {name: where[name] for name in ("benchmark", "subject", "case") if name in where}
                left = [line for line in self.lines if not subject.items() <= line.items()]
                left.append({"benchmark": where["benchmark"], "subject": where["subject"], "skipped": "it is not here"})

                missing = outcomes_of(left)[index]

                self.assertEqual((missing.met, missing.measured, missing.word), (None, None, "not measured"))
                if where["subject"] in (TARGETS[index].subject, "testudo"):
                    self.assertEqual(missing.detail, "it is not here")

    def test_no_packet_lost_is_nothing_when_none_was_sent(self):
        left = [line | {"value": 0} if line.get("case") == "sent" else line for line in self.lines]

        self.assertIsNone(outcomes_of(left)[-1].met)

    def test_one_of_on_and_off_is_not_enough(self):
        left = [line for line in self.lines if (line.get("benchmark"), line.get("case")) != ("toggle", "disable")]

        self.assertEqual([one.met for one in outcomes_of(left)[:3]], [None, None, None])

    def test_one_ip_a_change_may_be_of_fewer_peers_and_says_so(self):
        left = [line for line in self.lines if (line.get("subject"), line.get("n")) != ("ip", 1_000)]

        by_process = outcomes_of(left)[5]

        self.assertTrue(by_process.met)
        self.assertIn("N = 100:", by_process.detail)


class Bounds(unittest.TestCase):
    def test_the_bound_itself_reaches_it_unless_it_is_strict(self):
        self.assertTrue(Bound("", high=1.3).met(1.3))
        self.assertFalse(Bound("", high=1.3).met(1.3001))
        self.assertTrue(Bound("", low=5).met(5))
        self.assertFalse(Bound("", low=1, strict=True).met(1))
        self.assertTrue(Bound("", low=0.75, high=1.25).met(0.75))
        self.assertFalse(Bound("", low=0.75, high=1.25).met(0.74))

    def test_the_distance_is_from_the_nearest_bound(self):
        self.assertEqual(Bound("", high=1.2).distance(1.5), "by 25 %")
        self.assertEqual(Bound("", low=50).distance(600), "12 × the bound")
        self.assertEqual(Bound("", low=0.75, high=1.25).distance(1.5), "0.250 outside")
        self.assertEqual(Bound("", low=0, high=0).distance(3), "by 3")
        self.assertEqual(Bound("", low=0, high=0).distance(0), "exactly")
