"""results.json: all that a run said, as figures."""
from dataclasses import asdict

from .figures import Figure, digits
from .samples import Run
from .tables import SOAK_EDGE, first_and_last
from .targets import Outcome


def results(run: Run, figures: list[Figure], outcomes: list[Outcome]) -> dict:
    return {
        "conditions": run.conditions,
        "targets": [
            {"name": one.target.name, "target": one.target.bound.text,
             "measured": None if one.measured is None else digits(one.measured), "met": one.met, "detail": one.detail}
            for one in outcomes
        ],
        "figures": [written(figure) for figure in figures],
        "notes": run.notes,
        "skipped": run.skipped,
        "versions": run.versions,
    }


def written(figure: Figure) -> dict:
    key, series = figure.series.key, figure.series
    line = {"benchmark": key.benchmark, "case": key.case, "n": key.n, "subject": key.subject, **dict(key.variant),
            "unit": series.unit, "rounds": series.rounds, "samples": len(series.samples), **asdict(figure.percentiles)}
    if figure.against:
        line["against"] = {
            name: digits(value) if isinstance(value, float) else value for name, value in asdict(figure.against).items()}
    if figure.further or figure.parts:
        line["medians"] = {**figure.further, **figure.parts}
    if key.benchmark == "soak" and series.rounds >= 2 * SOAK_EDGE:
        first, last = first_and_last(figure)
        line[f"first_{SOAK_EDGE}"], line[f"last_{SOAK_EDGE}"] = digits(first), digits(last)
    return line
