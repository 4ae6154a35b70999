import json
import unittest

from ..samples import Key, SamplesError, read


def sample(**changed) -> dict:
    line = {"benchmark": "netlink", "subject": "testudo", "case": "apply", "n": 10, "round": 1, "value": 6.5, "unit": "us"}
    return line | changed


def run_of(*lines):
    return read(json.dumps(line) for line in lines)


class Reading(unittest.TestCase):
    def test_words_beside_the_known_keys_tell_series_apart_and_numbers_do_not(self):
        run = run_of(
            sample(family="ipv4", drain=3), sample(family="ipv6", drain=4), sample(family="ipv4", drain=5, round=2))

        ipv4 = run.series[Key("netlink", "apply", 10, "testudo", (("family", "ipv4"),))]
        self.assertEqual([one.further["drain"] for one in ipv4.samples], [3, 5])
        self.assertEqual(len(run.series), 2)

    def test_a_toggle_is_in_mode_summary_unless_it_says_otherwise(self):
        toggle = sample(benchmark="toggle", case="enable")
        run = run_of(toggle, toggle | {"mode": "edges"}, toggle | {"case": "agreement"})

        self.assertEqual([dict(key.variant) for key in run.series], [{"mode": "summary"}, {"mode": "edges"}, {}])

    def test_what_is_said_again_is_kept_once(self):
        note = {"benchmark": "peers", "note": "On loopback."}
        run = run_of(note, note, {"benchmark": "peers", "subject": "salt", "version": "3007.1"})

        self.assertEqual((run.notes, len(run.versions), run.series), ([note], 1, {}))

    def test_a_line_that_is_no_sample_is_named(self):
        broken = [
            sample(value=None), sample(value=-1), sample(value=True), sample(n="10"), sample(unit=7), sample(steps=[1]),
            sample(unit="s"), [], {"note": "of what?"}, {"value": 1},
        ]
        for line in broken:
            with self.subTest(line), self.assertRaisesRegex(SamplesError, "line 2: "):
                run_of(sample(), line)
        with self.assertRaisesRegex(SamplesError, "line 1: "):
            read(["{"])

    def test_samples_of_two_runs_are_not_one_run(self):
        with self.assertRaisesRegex(SamplesError, "two runs"):
            run_of({"conditions": {}}, {"conditions": {}})

    def test_a_benchmark_without_samples_is_a_fault_unless_it_was_skipped_as_a_whole(self):
        run = run_of(
            sample(), {"benchmark": "peers", "subject": "salt", "skipped": "no package"},
            {"benchmark": "esp", "subject": "testudo", "skipped": "no lab"})

        faults = run.faults(["netlink", "peers", "esp", "soak"])

        self.assertEqual([fault.split(":")[0] for fault in faults], ["peers", "soak"])
