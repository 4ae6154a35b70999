"""Markdown tables of figures: medians of all subjects side by side, every percentile, and what was measured along with them."""
import statistics
from dataclasses import replace

from .figures import REFERENCES, Figure, Ratio
from .samples import Key
from .targets import Outcome
from .units import number, readable, whole

# So many rounds at each end of a soak are held against each other.
SOAK_EDGE = 20
# Further keys of samples that are times in µs.
FURTHER_TIMES = ("p50", "p90", "p99", "drain", "call")


def table(head: list[str], rows: list[list[str]]) -> str:
    """Numbers are on the right: those of every column but the words of the first ones."""
    words = [column for column, name in enumerate(head) if any(not looks_like_figure(row[column]) for row in rows)]
    rule = ["---" if column in words else "--:" for column in range(len(head))]
    lines = [head, rule, *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def looks_like_figure(cell: str) -> bool:
    return cell in ("", "–") or cell[0].isdigit()


def variant(key: Key) -> str:
    return " ".join(word for _, word in key.variant)


def spread(ratio: Ratio) -> str:
    return f"{number(ratio.median)} × ({number(ratio.p10)}–{number(ratio.p90)})"


def without_empty_columns(head: list[str], rows: list[list[str]]) -> str:
    kept = [column for column in range(len(head)) if any(row[column] not in ("", "–") for row in rows)]
    return table([head[column] for column in kept], [[row[column] for column in kept] for row in rows])


def medians(figures: list[Figure], size: str) -> str:
    """One row a case and size, one column a subject, and what each is against the reference."""
    subjects = list(dict.fromkeys(figure.series.key.subject for figure in figures))
    reference = REFERENCES.get(figures[0].series.key.benchmark)
    compared = [
        subject for subject in subjects
        if any(figure.against for figure in figures if figure.series.key.subject == subject)
    ]
    rows: dict[tuple, dict[str, Figure]] = {}
    for figure in figures:
        key = figure.series.key
        rows.setdefault((key.case, variant(key), key.n), {})[key.subject] = figure
    head = ["case", "", size, *subjects, *(f"{subject} against {reference}" for subject in compared)]
    cells = []
    for (case, words, n), by_subject in rows.items():
        values = [
            readable(by_subject[subject].percentiles.p50, by_subject[subject].series.unit) if subject in by_subject else "–"
            for subject in subjects
        ]
        ratios = [
            spread(by_subject[subject].against) if subject in by_subject and by_subject[subject].against else "–"
            for subject in compared
        ]
        cells.append([case, words, whole(n) if n else "", *values, *ratios])
    return without_empty_columns(head, cells)


def percentiles(figures: list[Figure], size: str) -> str:
    head = ["case", "", size, "subject", "rounds", "p50", "p90", "p99", "maximum", "pairs", "against"]
    rows = []
    for figure in figures:
        key, unit, at = figure.series.key, figure.series.unit, figure.percentiles
        ratio = figure.against
        rows.append([
            key.case, variant(key), whole(key.n) if key.n else "", key.subject, whole(figure.series.rounds),
            *(readable(value, unit) for value in (at.p50, at.p90, at.p99, at.maximum)),
            str(ratio.pairs) if ratio else "–", f"{spread(ratio)} {ratio.subject}" if ratio else "–",
        ])
    return without_empty_columns(head, rows)


def along(figures: list[Figure], size: str) -> str | None:
    """Medians of what was measured along with the values."""
    found = []
    units: dict[str, str] = {}
    for figure in figures:
        measured = dict(figure.further)
        units |= {name: unit_of(name) for name in measured}
        for group, parts in figure.parts.items():
            measured |= parts
            units |= {name: "us" if group == "steps" else unit_of(name) for name in parts}
        if measured:
            found.append((figure.series.key, measured))
    if not found:
        return None
    names = list(dict.fromkeys(name for _, measured in found for name in measured))
    rows = [
        [key.case, variant(key), whole(key.n) if key.n else "", key.subject]
        + [readable(measured[name], units[name]) if name in measured else "–" for name in names]
        for key, measured in found
    ]
    return without_empty_columns(["case", "", size, "subject", *names], rows)


def unit_of(name: str) -> str:
    """Of a further key of a sample: times are µs, unless the name says which they are."""
    if name in FURTHER_TIMES:
        return "us"
    last = name.rpartition("_")[2]
    return last if last in ("us", "ms", "s", "bytes", "KiB", "MiB") else "count"


def losses(figures: list[Figure], size: str) -> str | None:
    """Packets of all rounds, those lost of those sent; a case is one as on and off, or rotate_ and so on."""
    found = {figure.series.key: figure.series for figure in figures}
    rows = []
    for key, sent in found.items():
        lost = found.get(replace(key, case=key.case.removesuffix("sent") + "lost"))
        if key.case.endswith("sent") and lost:
            total, missing = sum(sent.values), sum(lost.values)
            rows.append([
                key.subject, key.case.removesuffix("sent").rstrip("_") or "all toggles", variant(key), whole(key.n),
                whole(sent.rounds), whole(round(total)), whole(round(missing)),
                f"{number(100 * missing / total)} %" if total else "–"])
    head = ["subject", "toggles", "", size, "rounds", "sent", "lost", "of those sent"]
    return without_empty_columns(head, rows) if rows else None


def ends(figures: list[Figure]) -> str | None:
    """The first rounds of a long run beside its last ones."""
    rows = []
    for figure in figures:
        if figure.series.rounds < 2 * SOAK_EDGE:
            continue
        first, last = first_and_last(figure)
        unit = figure.series.unit
        rows.append([
            figure.series.key.case, figure.series.key.subject, readable(first, unit), readable(last, unit),
            f"{number(last / first)} ×" if first else "–"])
    return table(["case", "subject", f"first {SOAK_EDGE}", f"last {SOAK_EDGE}", "last against first"], rows) if rows else None


def first_and_last(figure: Figure) -> tuple[float, float]:
    """Medians of so many rounds at the beginning and at the end."""
    rounds = figure.series.by_round()
    ordered = [rounds[number] for number in sorted(rounds)]
    return statistics.median(ordered[:SOAK_EDGE]), statistics.median(ordered[-SOAK_EDGE:])


def targets(outcomes: list[Outcome]) -> str:
    rows = [
        [outcome.target.name, outcome.target.bound.text, "–" if outcome.measured is None else number(outcome.measured),
         f"**{outcome.word}**", outcome.distance, outcome.detail]
        for outcome in outcomes
    ]
    return table(["what", "target", "measured", "", "by how much", "made of"], rows)
