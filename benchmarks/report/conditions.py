"""The machine, the sources and the versions of a run. Needs nothing beside Python: it is called before anything is measured."""
import datetime
import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent.parent
# What a run writes; sources that differ from the commit in nothing else are the commit's.
WRITTEN = ("benchmarks/results.json", "benchmarks/REPORT.md", "benchmarks/plots")
COMMANDS = {
    "swift": ["swift", "--version"],
    "cc": ["cc", "-dumpfullversion"],
    "libzmq": ["pkg-config", "--modversion", "libzmq"],
    "libmnl": ["pkg-config", "--modversion", "libmnl"],
    "iproute2": ["ip", "-V"],
}


def conditions() -> dict:
    return {
        "machine": machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_MiB": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2,
        "kernel": f"{platform.system()} {platform.release()}",
        "commit": commit(),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "versions": versions(),
    }


def machine() -> str:
    """The processor's name; not every architecture tells one."""
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def said(command: list[str]) -> str | None:
    """Nothing where there is no such program, or it does not say."""
    try:
        answer = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or answer.stderr.strip() or None


def commit() -> str:
    name = said(["git", "rev-parse", "--short", "HEAD"])
    if name is None:
        return "unknown"
    changed = said(["git", "status", "--porcelain", "--", ".", *(f":(exclude){path}" for path in WRITTEN)])
    return f"{name} and changes" if changed else name


def versions() -> dict:
    found = {"system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"), "python": platform.python_version()}
    for name, command in COMMANDS.items():
        text = said(command)
        if text:
            number = re.search(r"\d+(\.\d+)+", text)
            found[name] = number[0] if number else text.splitlines()[0]
    for name in ("hdrhistogram", "matplotlib"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            pass
    return found
