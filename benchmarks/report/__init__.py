"""The report of the benchmarks: reads the samples of a run, one JSON object a line, and writes results.json, REPORT.md and
the plots. `python3 -m report --help` says how it is called.

    samples.py       reads the lines, groups them into series
    figures.py       percentiles of a series, ratios of two, pair by pair
    targets.py       what must be reached, and whether it was
    descriptions.py  what each benchmark measures, in words
    units.py         values as people read them
    tables.py        Markdown tables
    plots.py         SVG
    document.py      REPORT.md
    results.py       results.json
    conditions.py    the machine and the versions of a run
"""
