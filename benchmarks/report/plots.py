"""The plots of a run, as SVG: each is a function of the run that draws it, or nothing where its samples are missing."""
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from .figures import p50, quantile, ratio
from .samples import Run, Series
from .targets import TOGGLES
from .units import converted, number, readable, whole

WIDTH = 9.5
# Told apart by people who do not see all colours, on white in a dark page too.
COLOURS = {
    "testudo": "#0b5fa5", "floor": "#7a7a7a", "libmnl": "#7a7a7a", "libzmq": "#7a7a7a", "hello": "#7a7a7a",
    "ip-batch": "#e69f00", "ip": "#d55e00", "nats": "#009e73", "salt": "#cc79a7", "ansible": "#d55e00",
    "strongswan": "#d55e00",
}
STEPS = ("#0b5fa5", "#56b4e9", "#009e73", "#b5cf6b", "#f0e442", "#e69f00", "#d55e00", "#cc79a7", "#8064a2", "#4d4d4d", "#17becf")
LEFT = "#bdbdbd"
LIMIT = "#d55e00"
TITLES = {"enable": "on", "disable": "off"}
NAMES = {"testudo": "Testudo", "floor": "floor: C on raw libzmq", "libmnl": "C with libmnl", "ip-batch": "ip -batch",
         "ip": "one ip a change", "libzmq": "libzmq alone", "salt": "Salt", "ansible": "Ansible", "nats": "NATS"}
STYLE = {
    # Letters are outlines: the same on every machine, whichever fonts it has.
    "svg.fonttype": "path",
    # Names inside the file are the same for the same figures.
    "svg.hashsalt": "testudo",
    "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10, "axes.titleweight": "bold",
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#555555", "axes.grid": True,
    "grid.color": "#e3e3e3", "grid.linewidth": 0.6, "axes.axisbelow": True, "legend.frameon": False,
    "lines.linewidth": 1.6, "lines.markersize": 4, "figure.facecolor": "white", "axes.facecolor": "white",
}


def draw(run: Run) -> dict[str, Drawing]:
    """By file name without its ending."""
    with matplotlib.rc_context(STYLE):
        drawings = {name: drawing(run) for name, drawing in DRAWINGS.items()}
    return {name: drawing for name, drawing in drawings.items() if drawing is not None}


def save(drawings: dict[str, Drawing], folder: Path) -> None:
    """A plot that this run has no samples for is not left from an earlier one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in DRAWINGS:
        (folder / f"{name}.svg").unlink(missing_ok=True)
    with matplotlib.rc_context(STYLE):
        for name, drawing in drawings.items():
            drawing.savefig(folder / f"{name}.svg", metadata={"Date": None})


def panels(columns: int, rows: int = 1, height: float = 3.6, **options) -> tuple[Drawing, list[Axes]]:
    drawing = Drawing(figsize=(WIDTH, height * rows), layout="constrained")
    return drawing, list(drawing.subplots(rows, columns, squeeze=False, **options).flat)


def unit_axis(axis, unit: str) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: readable(value, unit)))
    axis.set_minor_formatter(NullFormatter())


def size_axis(axes: Axes, sizes: list[int], label: str) -> None:
    """Logarithmic, with a tick at each size that was measured and a number at those that have the room for it."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(roomy(sizes)))
    axes.xaxis.set_minor_locator(FixedLocator(sizes))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: whole(round(value))))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(label)


def roomy(sizes: list[int]) -> list[int]:
    """Powers of ten first, then those that are far enough from all of these."""
    kept: list[int] = []
    for size in sorted(set(sizes), key=lambda size: (str(size).strip("0") != "1", size)):
        if all(max(size, other) >= 2.4 * min(size, other) for other in kept):
            kept.append(size)
    return kept


def from_zero(axes: Axes, room: float = 1.15) -> None:
    axes.set_ylim(0, axes.dataLim.y1 * room or 1)


def in_unit(series: Series, unit: str) -> float:
    return converted(p50(series), series.unit, unit)


def line(axes: Axes, found: list[Series], label: str, subject: str, band: bool = False, **style) -> None:
    """Medians by size; the band is from p10 to p90. Ours is above the others."""
    sizes = [series.key.n for series in found]
    look = {"marker": "o", "color": COLOURS[subject], "zorder": 3 if subject == "testudo" else 2} | style
    [drawn] = axes.plot(sizes, [p50(series) for series in found], label=label, **look)
    if band:
        low, high = ([quantile(series.values, share) for series in found] for share in (0.1, 0.9))
        axes.fill_between(sizes, low, high, color=drawn.get_color(), alpha=0.15, linewidth=0)


def toggle(run: Run) -> Drawing | None:
    if not run.find("toggle", "enable", subject="testudo", mode="summary"):
        return None
    drawing, both = panels(2, height=4.2, sharey=True)
    for axes, case in zip(both, TOGGLES):
        own = run.find("toggle", case, subject="testudo", mode="summary")
        floor = run.find("toggle", case, subject="floor", mode="summary")
        edges = run.find("toggle", case, subject="testudo", mode="edges")
        line(axes, own, "Testudo, median and p10 to p90", "testudo", band=True)
        if floor:
            line(axes, floor, "floor: the same rounds in C on raw libzmq", "floor", band=True, linestyle="--")
        if edges:
            line(axes, edges, "Testudo, every agent keeps all its edges", "testudo", linestyle=":", marker="s")
        annotate(axes, own, floor)
        axes.set_yscale("log")
        unit_axis(axes.yaxis, "us")
        size_axis(axes, [series.key.n for series in own + edges], "agents")
        axes.set_title(f"{TITLES[case]}: until the whole fleet is there, without drain")
    drawing.legend(*both[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return drawing


def annotate(axes: Axes, own: list[Series], floor: list[Series]) -> None:
    """How many times the floor ours takes, beside each point of the floor."""
    by_size = {series.key.n: series for series in own}
    for series in floor:
        pairs = ratio(by_size[series.key.n], series) if series.key.n in by_size else None
        if pairs:
            axes.annotate(
                f"{number(pairs.median)} ×", (series.key.n, p50(series)), xytext=(5, -11), textcoords="offset points",
                fontsize=8, color=COLOURS["testudo"])
    # Room for the outer ones.
    axes.margins(x=0.1, y=0.08)


def toggle_steps(run: Run) -> Drawing | None:
    found = {case: run.find("toggle", case, subject="testudo", mode="summary") for case in TOGGLES}
    found = {case: [series for series in all_sizes if steps_of(series)] for case, all_sizes in found.items()}
    if not all(found.values()):
        return None
    names = list(dict.fromkeys(name for case in TOGGLES for series in found[case] for name in shares(series)))
    colours = dict(zip((name for name in names if name != "other"), STEPS)) | {"other": LEFT}
    drawing, axes = panels(3, height=4)
    for one, case in zip(axes, TOGGLES):
        stack(one, found[case], colours)
        one.set_title(f"{TITLES[case]}: share of the steps")
    handles = [matplotlib.patches.Patch(color=colours[name], label=name) for name in names]
    drawing.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    for case, style in zip(TOGGLES, ("-", "--")):
        for part, colour in (("fan_out", "#0b5fa5"), ("fan_in", "#d55e00")):
            costs = [(series.key.n, steps_of(series)[part] / series.key.n) for series in found[case] if part in steps_of(series)]
            label = f"{part.replace('_', '-')}, {TITLES[case]}"
            axes[2].plot([n for n, _ in costs], [cost for _, cost in costs], style, marker="o", color=colour, label=label)
    size_axis(axes[2], [series.key.n for series in found["enable"]], "agents")
    from_zero(axes[2], 1.4)
    unit_axis(axes[2].yaxis, "us")
    axes[2].set_title("cost a node, median")
    axes[2].legend()
    return drawing


def steps_of(series: Series) -> dict[str, float]:
    """Medians."""
    values: dict[str, list[float]] = {}
    for sample in series.samples:
        for name, value in sample.parts.get("steps", {}).items():
            values.setdefault(name, []).append(value)
    return {name: quantile(of_one, 0.5) for name, of_one in values.items()}


def shares(series: Series) -> dict[str, float]:
    """Of the toggle, in percent. The drain is not in it; fan-out and fan-in are in the steps."""
    steps = {name: value for name, value in steps_of(series).items() if name not in ("drain", "fan_out", "fan_in")}
    left = p50(series) - sum(steps.values())
    if left > 0:
        steps["other"] = left
    whole_toggle = sum(steps.values())
    return {name: 100 * value / whole_toggle for name, value in steps.items()} if whole_toggle else {}


def stack(axes: Axes, found: list[Series], colours: dict[str, str]) -> None:
    places = range(len(found))
    below = [0.0] * len(found)
    for name, colour in colours.items():
        heights = [shares(series).get(name, 0) for series in found]
        axes.bar(places, heights, bottom=below, width=0.75, color=colour, edgecolor="white", linewidth=0.4)
        below = [bottom + height for bottom, height in zip(below, heights)]
    axes.set_xticks(places, [short(series.key.n) for series in found])
    axes.set_xlabel("agents")
    axes.grid(axis="x", visible=False)
    unit_axis(axes.yaxis, "percent")


def short(n: int) -> str:
    return f"{n // 1_000}k" if n >= 1_000 and n % 1_000 == 0 else str(n)


def netlink(run: Run) -> Drawing | None:
    cases = [case for case in ("accept", "send", "enforce", "clear", "apply", "dump") if run.find("netlink", case)]
    if not cases:
        return None
    columns = min(3, len(cases))
    drawing, axes = panels(columns, -(-len(cases) // columns), height=3, sharey=True)
    for one in axes[len(cases):]:
        one.set_visible(False)
    subjects = [subject for subject in ("testudo", "libmnl", "ip-batch", "ip") if run.find("netlink", subject=subject)]
    # Families.
    variants = sorted({series.key.variant for series in run.find("netlink")})
    styles = dict(zip(variants, ("-", ":", "--", "-.") * len(variants)))
    for one, case in zip(axes, cases):
        for subject in subjects:
            for variant, style in styles.items():
                found = [series for series in run.find("netlink", case, subject=subject) if series.key.variant == variant]
                if found:
                    line(one, found, " ".join([NAMES[subject], *(word for _, word in variant)]), subject, linestyle=style)
        one.set_yscale("log")
        unit_axis(one.yaxis, "us")
        size_axis(one, [series.key.n for series in run.find("netlink", case)], "peers")
        one.set_title(case)
    handles = {label: handle for one in axes for handle, label in zip(*one.get_legend_handles_labels())}
    drawing.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    return drawing


def peers(run: Run) -> Drawing | None:
    rounds = [("testudo", "round", "Testudo, a round"), ("testudo", "toggle", "Testudo, a whole toggle"),
              *((name, "round", f"{NAMES[name]}, a round") for name in ("nats", "salt", "ansible"))]
    memory = [(name, "agent_memory", NAMES[name]) for name in ("testudo", "nats", "salt", "ansible")]
    if not run.find("peers", "round"):
        return None
    drawing, axes = panels(2, height=4, width_ratios=[1.7, 1])
    bars(axes[0], run, rounds, "us", logarithmic=True)
    axes[0].set_title("until all N have answered, logarithmic")
    bars(axes[1], run, memory, "MiB", logarithmic=False)
    axes[1].set_title("memory an agent")
    return drawing


def bars(axes: Axes, run: Run, kinds: list[tuple[str, str, str]], unit: str, logarithmic: bool) -> None:
    """A group a size, a bar a kind with its median written on it."""
    kinds = [kind for kind in kinds if run.find("peers", kind[1], subject=kind[0])]
    sizes = sorted({series.key.n for subject, case, _ in kinds for series in run.find("peers", case, subject=subject)})
    if not kinds:
        return axes.set_visible(False)
    width = 0.84 / len(kinds)
    for index, (subject, case, label) in enumerate(kinds):
        found = run.find("peers", case, subject=subject)
        places = [sizes.index(series.key.n) + (index - (len(kinds) - 1) / 2) * width for series in found]
        drawn = axes.bar(
            places, [in_unit(series, unit) for series in found], width * 0.92, label=label, color=COLOURS[subject],
            alpha=0.55 if case == "toggle" else 1)
        axes.bar_label(drawn, [readable(p50(series), series.unit) for series in found], fontsize=6.5, rotation=90, padding=2)
    # Room for what is written on the bars, and for the legend.
    if logarithmic:
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * (high / low) ** 0.45)
        axes.yaxis.set_major_locator(LogLocator())
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        from_zero(axes, 1.5)
    unit_axis(axes.yaxis, unit)
    axes.set_xticks(range(len(sizes)), [f"N = {whole(size)}" for size in sizes])
    axes.grid(axis="x", visible=False)
    axes.legend(loc="upper left", fontsize=8)


def memory(run: Run) -> Drawing | None:
    coordinator, agent = run.find("memory", "coordinator"), run.find("memory", "agent", subject="testudo")
    if not coordinator and not agent:
        return None
    drawing, axes = panels(2)
    for subject in ("testudo", "libzmq"):
        found = run.find("memory", "coordinator", subject=subject)
        if found:
            line(axes[0], found, NAMES[subject], subject)
    axes[0].set_title("coordinator, for each connected agent")
    if agent:
        axes[1].plot(
            [series.key.n for series in agent], [in_unit(series, "MiB") for series in agent], marker="o",
            color=COLOURS["testudo"], label="an agent")
        axes[1].plot([1_000], [20], marker="v", linestyle="", color=LIMIT, label="limit with 1 000 peers")
    axes[1].set_title("resident memory of an agent")
    for one, found, label, unit in (
        (axes[0], coordinator, "agents", coordinator[0].unit if coordinator else ""), (axes[1], agent, "peers", "MiB")):
        if not found:
            one.set_visible(False)
            continue
        size_axis(one, [series.key.n for series in found], label)
        from_zero(one)
        unit_axis(one.yaxis, unit)
        one.legend()
    return drawing


def soak(run: Run) -> Drawing | None:
    cases = [(case, title, unit) for case, title, unit in (
        ("toggle", "a toggle without drain", "us"), ("rss", "resident memory", "MiB"), ("descriptors", "descriptors", "count"))
        if run.find("soak", case)]
    if not cases:
        return None
    drawing, axes = panels(1, len(cases), height=1.8, sharex=True)
    for one, (case, title, unit) in zip(axes, cases):
        found = run.find("soak", case)
        for series, colour in zip(found, STEPS):
            words = " ".join([series.key.subject, *(word for _, word in series.key.variant)])
            rounds = series.by_round()
            one.plot(
                list(rounds), [converted(value, series.unit, unit) for value in rounds.values()], ".", markersize=3.5,
                color=colour, label=words)
        from_zero(one, 1.2)
        unit_axis(one.yaxis, unit)
        one.set_title(title, loc="left")
        if len(found) > 1:
            one.legend(loc="lower right", ncols=4)
    axes[-1].set_xlabel("toggle")
    return drawing


def storm(run: Run) -> Drawing | None:
    cases = [("testudo", "back", "all agents are back"), ("testudo", "patch", "a PATCH works"),
             ("libzmq", "back", "libzmq alone: as many peers connect")]
    cases = [one for one in cases if run.find("storm", one[1], subject=one[0])]
    if not cases:
        return None
    drawing, [axes] = panels(1, height=2.8)
    sizes = sorted(
        {series.key.n for subject, case, _ in cases for series in run.find("storm", case, subject=subject)}, reverse=True)
    for index, (subject, case, label) in enumerate(cases):
        found = run.find("storm", case, subject=subject)
        middle = [in_unit(series, "s") for series in found]
        above = [converted(max(series.values), series.unit, "s") - one for series, one in zip(found, middle)]
        # From above: the first case first.
        places = [sizes.index(series.key.n) - (index - (len(cases) - 1) / 2) * 0.28 for series in found]
        drawn = axes.barh(
            places, middle, 0.25, label=label, color=STEPS[index] if subject == "testudo" else COLOURS[subject],
            xerr=[[0] * len(found), above], error_kw={"ecolor": "#333333", "capsize": 3})
        axes.bar_label(drawn, [f" {readable(p50(series), series.unit)}" for series in found], padding=4, fontsize=8)
    axes.axvline(6, color=LIMIT, linewidth=1, linestyle="--", label="limit for 10 000 agents to be back")
    axes.set_xlim(0, max(axes.dataLim.x1, 6) * 1.1)
    unit_axis(axes.xaxis, "s")
    axes.set_yticks(range(len(sizes)), [f"{whole(size)} agents" for size in sizes])
    axes.grid(axis="y", visible=False)
    axes.set_title("after a coordinator's kill: median, and up to the maximum", loc="left")
    drawing.legend(loc="outside lower center", ncols=2)
    return drawing


DRAWINGS = {
    "toggle": toggle, "toggle-steps": toggle_steps, "netlink": netlink, "peers": peers, "memory": memory, "storm": storm,
    "soak": soak,
}
