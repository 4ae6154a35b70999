"""Values as people read them: three significant digits, in the unit that fits."""

TIMES = ((1_000_000, "s"), (1_000, "ms"), (1, "µs"), (0.001, "ns"))
SIZES = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"), (1, "B"))
WORDS = {"per_s": "/s", "Mbit_s": " Mbit/s", "percent": " %", "count": ""}
# What a unit is a multiple of. Others are only themselves.
BASES = {
    "us": ("us", 1), "ms": ("us", 1_000), "s": ("us", 1_000_000),
    "bytes": ("bytes", 1), "KiB": ("bytes", 1024), "MiB": ("bytes", 1024**2),
}


def converted(value: float, unit: str, other: str) -> float:
    (base, multiple), (other_base, other_multiple) = (BASES.get(one, (one, 1)) for one in (unit, other))
    if base != other_base:
        raise ValueError(f"{unit} is not comparable with {other}")
    return value * multiple / other_multiple


def number(value: float) -> str:
    """Three significant digits, whole numbers in full, thousands apart."""
    if abs(value) >= 100 or value == round(value):
        return whole(round(value))
    return f"{value:#.3g}".rstrip(".")


def whole(value: int) -> str:
    return f"{value:,}".replace(",", " ")


def readable(value: float, unit: str) -> str:
    base, multiple = BASES.get(unit, (unit, 1))
    if base == "us":
        return scaled(value * multiple, TIMES)
    if base == "bytes":
        return scaled(value * multiple, SIZES)
    return number(value) + WORDS.get(unit, f" {unit}")


def scaled(value: float, units: tuple[tuple[float, str], ...]) -> str:
    if value == 0:
        return "0"
    size, name = next((unit for unit in units if value >= unit[0]), units[-1])
    return f"{number(value / size)} {name}"
