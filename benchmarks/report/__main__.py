"""python3 -m report SAMPLES.jsonl --out FOLDER     writes results.json, REPORT.md and plots/; for a whole run
python3 -m report SAMPLES.jsonl --print          prints tables and targets, writes nothing; for a run of some benchmarks
python3 -m report SAMPLES.jsonl --quick          the same for a smoke run; fails where a benchmark gave no samples
python3 -m report conditions                     prints the line of the samples file that says where a run was made

With --ran NAME... the benchmarks that were run are these, and not those that gave any line; --out takes whole runs only.
A target that is missed fails nothing."""
import argparse
import json
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["conditions"]:
        from .conditions import conditions

        print(json.dumps({"conditions": conditions()}, ensure_ascii=False))
        return 0
    parser = argparse.ArgumentParser(prog="report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("samples", type=Path, help="one JSON object a line")
    parser.add_argument("--out", type=Path, help="the folder that the report is written into")
    parser.add_argument("--print", action="store_true", help="write nothing")
    parser.add_argument("--quick", action="store_true", help="a smoke run: write nothing, see that there are samples")
    parser.add_argument("--ran", nargs="+", metavar="NAME", help="the benchmarks that were run")
    options = parser.parse_args(arguments)
    writes = not options.print and not options.quick
    if writes and options.out is None:
        parser.error("--out, --print or --quick")
    return report(options, writes)


def report(options: argparse.Namespace, writes: bool) -> int:
    # Here, so that the conditions can be told before any of this is installed.
    from .descriptions import TITLES
    from .figures import figures
    from .samples import SamplesError, read
    from .targets import outcomes

    try:
        run = read(options.samples.read_text().splitlines())
        expected = list(TITLES) if writes else options.ran or run.benchmarks
        faults = run.faults(expected) or ([] if run.series else ["no samples at all"])
        if writes and run.conditions is None:
            faults.append("no conditions: `python3 -m report conditions` tells them")
        for fault in faults:
            print(f"bench: {fault}", file=sys.stderr)
        if faults and writes:
            raise SamplesError("not a whole run: nothing is written; --print shows it")
        measured, reached = figures(run), outcomes(run)
    except (OSError, SamplesError, ValueError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if writes:
        write(options.out, run, measured, reached)
    else:
        show(run, measured)
    tell(reached)
    return 1 if faults else 0


def write(folder: Path, run, measured, reached) -> None:
    from . import plots
    from .document import document
    from .results import results

    drawings = plots.draw(run)
    text = document(run, measured, reached, drawings, Path(__file__).parent)
    figures = json.dumps(results(run, measured, reached), indent=2, ensure_ascii=False)
    # All of it is made before any of it is written.
    plots.save(drawings, folder / "plots")
    (folder / "REPORT.md").write_text(text)
    (folder / "results.json").write_text(figures + "\n")


def show(run, measured) -> None:
    from . import tables
    from .descriptions import DESCRIPTIONS

    sizes = {description.name: description.size for description in DESCRIPTIONS}
    for name in run.benchmarks:
        of_one = [figure for figure in measured if figure.series.key.benchmark == name]
        print(f"\n{name}")
        for text in (tables.percentiles(of_one, sizes.get(name, "size")), tables.along(of_one, sizes.get(name, "size"))):
            if of_one and text:
                print(f"{text}\n")
        for line in run.notes + run.skipped + run.versions:
            if line["benchmark"] == name:
                words = " ".join(str(value) for key, value in line.items() if key != "benchmark")
                print(f"- {words}")


def tell(reached) -> None:
    from .units import number

    print()
    for outcome in reached:
        measured = "" if outcome.measured is None else f"{number(outcome.measured)}, {outcome.distance}; "
        print(f"{outcome.word}: {outcome.target.name} ({outcome.target.bound.text}): {measured}{outcome.detail}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
