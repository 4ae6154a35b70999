"""REPORT.md: the main plot, the targets, then a section a benchmark."""
from collections.abc import Collection
from pathlib import Path

from . import tables
from .descriptions import DESCRIPTIONS, TITLES, Description
from .figures import Figure
from .samples import Run
from .targets import Outcome
from .units import readable

MAIN_PLOT = "toggle"
# Longer tables of what is beside the point are folded.
ROWS_SHOWN = 30
# Written by people, beside this file; not there means that there is nothing to say.
CHAPTERS = (("gains.md", "What was made faster"), ("limits.md", "Where a target is missed"))


def document(run: Run, figures: list[Figure], outcomes: list[Outcome], plots: Collection[str], chapters: Path) -> str:
    """- plots: the names of those that were drawn.
    - chapters: the folder of the chapters that people write."""
    by_benchmark: dict[str, list[Figure]] = {}
    for figure in figures:
        by_benchmark.setdefault(figure.series.key.benchmark, []).append(figure)
    described = list(DESCRIPTIONS)
    described += [Description(name, name, "", "size") for name in by_benchmark if name not in TITLES]
    parts = [
        beginning(run, plots), reached(outcomes),
        *(chapter(chapters / name, title) for name, title in CHAPTERS),
        *(section(one, by_benchmark.get(one.name, []), run, plots) for one in described),
        reading(), skipped(run), conditions(run), REPEAT,
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def beginning(run: Run, plots: Collection[str]) -> str:
    at = run.conditions
    text = (
        "# Benchmarks\n\n"
        "How long does it take until a whole fleet is encrypted, as a function of its size? Measured side by side in one run with "
        "the floor, which is the same rounds in C, and with the tools that people would otherwise use: "
        f"{at['machine']}, {at['cores']} cores, commit {at['commit']}, {at['date']}.")
    return text + (f"\n\n{image(MAIN_PLOT, 'Toggle latency over the number of agents')}" if MAIN_PLOT in plots else "")


def image(name: str, words: str) -> str:
    return f"![{words}](plots/{name}.svg)"


def reached(outcomes: list[Outcome]) -> str:
    counts = [(word, sum(outcome.word == word for outcome in outcomes)) for word in ("met", "MISSED", "not measured")]
    text = ", ".join(f"{count} {word.lower()}" for word, count in counts if count)
    return f"## Targets\n\nOf {len(outcomes)}: {text}. Ratios are of one run, pair by pair.\n\n{tables.targets(outcomes)}"


def chapter(file: Path, title: str) -> str | None:
    if not file.exists():
        return None
    text = file.read_text().strip()
    # Its own title gives way to the report's.
    if text.startswith("# "):
        text = text.partition("\n")[2].strip()
    return f"## {title}\n\n{text}"


def section(described: Description, figures: list[Figure], run: Run, plots: Collection[str]) -> str:
    name = described.name
    parts = [f"## {described.title}", described.text]
    parts += [image(plot, words) for plot, words in described.plots if plot in plots and plot != MAIN_PLOT]
    if figures:
        parts.append("Medians:\n\n" + tables.medians(figures, described.size))
        ends = tables.ends(figures) if name == "soak" else None
        if ends:
            parts.append("Medians of the first rounds beside the last:\n\n" + ends)
        losses = tables.losses(figures, described.size)
        if losses:
            parts.append("Packets of all rounds together:\n\n" + losses)
        along = tables.along(figures, described.size)
        if along:
            title = "Medians of what was measured along with them"
            parts.append(folded(title, along) if along.count("\n") > ROWS_SHOWN else f"{title}:\n\n{along}")
        parts.append(folded("Percentiles", tables.percentiles(figures, described.size)))
    else:
        parts.append("Not measured in this run.")
    parts.append(listed([line["note"] for line in run.notes if line["benchmark"] == name]))
    parts.append(listed([skip(line) for line in run.skipped if line["benchmark"] == name]))
    return "\n\n".join(part for part in parts if part)


def folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def listed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def skip(line: dict) -> str:
    subject = line.get("subject")
    return f"Skipped{f', {subject}' if subject else ''}: {line['skipped']}"


def reading() -> str:
    return (
        "## How to read the figures\n\n"
        "Percentiles are HdrHistogram's with three significant digits; the maximum is exact. What is compared is measured in "
        "turns within a round, after a round to warm up that is not counted; only in peers, memory and storm one subject comes "
        "after the other. The ratio is taken round by round, and its median stands before the span from p10 to p90. With ten "
        "rounds p99 is the maximum.")


def skipped(run: Run) -> str:
    if not run.skipped:
        return "## Skipped\n\nNothing."
    return "## Skipped\n\n" + listed([f"{line['benchmark']}: {skip(line)}" for line in run.skipped])


def conditions(run: Run) -> str:
    at = run.conditions
    rows = [["machine", at["machine"]], ["cores", str(at["cores"])], ["memory", readable(at["memory_MiB"], "MiB")],
            ["kernel", at["kernel"]], ["commit", at["commit"]], ["date", at["date"]]]
    rows += [[name, version] for name, version in at["versions"].items()]
    rows += [[f"{line.get('subject', '')} ({line['benchmark']})", line["version"]] for line in run.versions]
    return "## Conditions\n\n" + tables.table(["what", "of this run"], rows)


REPEAT = """\
## How to repeat it

```sh
make bench               # all of it, and this report
make bench ONLY=netlink  # one benchmark; figures are printed, nothing is written
make bench-quick         # a short run of everything that shows that it runs
```

`results.json` has all figures of this report."""
