import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

from ..__main__ import main
from ..document import document
from ..figures import figures
from ..plots import DRAWINGS
from ..samples import read
from ..targets import outcomes
from .synthetic import Samples, whole_run


class InAFolder(unittest.TestCase):
    """Calls the report on samples, in a folder of the test's own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.out = self.folder / "out"
        self.out.mkdir()

    def report(self, samples: Samples, *options: str) -> tuple[int, str, str]:
        file = self.folder / "samples.jsonl"
        file.write_text(samples.text())
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()) as complained:
            status = main([str(file), *options])
        return status, said.getvalue(), complained.getvalue()

    def write(self, samples: Samples) -> tuple[int, str, str]:
        return self.report(samples, "--out", str(self.out))

    def written(self) -> dict[str, bytes]:
        return {str(file.relative_to(self.out)): file.read_bytes() for file in self.out.rglob("*") if file.is_file()}


class WholeRun(InAFolder):
    def test_it_is_written_and_the_same_samples_give_the_same_bytes(self):
        status, said, _ = self.write(whole_run())
        first = self.written()

        self.assertEqual(status, 0)
        self.assertEqual(set(first), {"results.json", "REPORT.md", *(f"plots/{name}.svg" for name in DRAWINGS)})
        results = json.loads(first["results.json"])
        self.assertEqual(results["conditions"]["commit"], "abc1234")
        self.check_targets(results["targets"], said)
        self.check_figures(results["figures"])
        text = first["REPORT.md"].decode()
        for name in DRAWINGS:
            self.assertEqual(text.count(f"(plots/{name}.svg)"), 1, name)
        self.write(whole_run())
        self.assertEqual(first, self.written())

    def check_targets(self, targets, said):
        # Ansible leaves no agent whose memory could be measured.
        self.assertEqual([one["met"] for one in targets].count(None), 1)
        for target in targets:
            word = {True: "met", False: "MISSED", None: "not measured"}[target["met"]]
            self.assertIn(f"{word}: {target['name']}", said)
            self.assertEqual(target["met"] is None, target["measured"] is None)

    def check_figures(self, all_figures):
        [toggle] = [
            one for one in all_figures
            if (one["case"], one["n"], one["subject"], one.get("mode")) == ("enable", 1_000, "testudo", "summary")]
        self.assertEqual((toggle["unit"], toggle["rounds"], toggle["against"]["subject"]), ("us", 10, "floor"))
        self.assertLessEqual(toggle["p50"], toggle["maximum"])
        self.assertEqual(toggle["medians"]["steps"]["fan_out"], 3_000)
        [soak] = [one for one in all_figures if (one["benchmark"], one["case"]) == ("soak", "rss")]
        self.assertIn("last_20", soak)

    def test_a_plot_of_an_earlier_run_is_not_kept_and_its_lack_is_said(self):
        (self.out / "plots").mkdir()
        (self.out / "plots" / "storm.svg").write_text("of an earlier run")
        samples = whole_run()
        # One sample of each is enough for the rest.
        samples.lines = [line for line in samples.lines if line.get("round", 1) == 1 and line.get("benchmark") != "storm"]
        samples.say(benchmark="storm", subject="testudo", skipped="no memory for it")

        status, _, _ = self.write(samples)

        self.assertEqual(status, 0)
        self.assertEqual({name for name in self.written() if "plots" in name}, {
            f"plots/{name}.svg" for name in DRAWINGS if name != "storm"})
        text = (self.out / "REPORT.md").read_text()
        self.assertIn("## Storm", text)
        self.assertIn("Not measured in this run.", text)
        self.assertIn("no memory for it", text)


class PartOfARun(InAFolder):
    def test_a_part_of_a_run_is_printed_and_not_written(self):
        samples = whole_run()
        samples.lines = [line for line in samples.lines if line.get("benchmark") == "netlink"]

        status, _, complained = self.write(samples)
        self.assertEqual((status, self.written()), (1, {}))
        self.assertIn("toggle: no samples", complained)

        status, said, _ = self.report(samples, "--print")
        self.assertEqual((status, self.written()), (0, {}))
        self.assertIn("not measured: toggle at N = 1 000", said)
        self.assertIn("| apply | ipv4 | 1 000 | testudo | 10 |", said)

    def test_a_smoke_run_fails_without_samples_and_by_no_figure(self):
        samples = Samples()
        samples.add("storm", "back", 10_000, {"testudo": 600}, "s", rounds=2)
        status, said, _ = self.report(samples, "--quick", "--ran", "storm")
        self.assertEqual(status, 0)
        self.assertIn("MISSED: 10 000 agents back", said)

        status, _, complained = self.report(samples, "--quick", "--ran", "storm", "soak")
        self.assertEqual(status, 1)
        self.assertIn("soak: no samples", complained)

        samples.say(benchmark="peers", subject="salt", version="3007.1")
        self.assertEqual(self.report(samples, "--quick")[0], 1)
        self.assertEqual(self.report(Samples(), "--quick")[0], 1)


class Document(InAFolder):
    def test_chapters_that_people_write_come_after_the_targets(self):
        run = read(whole_run().text().splitlines())
        (self.folder / "gains.md").write_text("# A title of its own\n\nLess was copied.\n")

        text = document(run, figures(run), outcomes(run), ["toggle"], self.folder)

        order = ["(plots/toggle.svg)", "## Targets", "## What was made faster\n\nLess was copied.", "## Toggle latency"]
        places = [text.index(part) for part in order]
        self.assertEqual(places, sorted(places))
        self.assertNotIn("Where a target is missed", text)


class Conditions(unittest.TestCase):
    def test_they_are_a_line_of_samples_and_name_what_the_report_needs(self):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(main(["conditions"]), 0)

        run = read(said.getvalue().splitlines())
        self.assertLessEqual({"machine", "cores", "memory_MiB", "kernel", "commit", "date", "versions"}, set(run.conditions))
        self.assertIn("## Conditions", document(run, [], outcomes(run), [], Path("/nonexistent")))


if __name__ == "__main__":
    unittest.main()
