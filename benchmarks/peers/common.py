"""What the programs of this folder share: samples, waits that end, and the memory of processes.

Each program runs as the first process of namespaces of its own (see `run`): loopback is all of its network, every address
and port is free, and all that it started ends with it.
"""
import json
import os
import signal
import string
import subprocess
import sys
import threading
import time

here = os.path.dirname(os.path.abspath(__file__))

# Several times what a system takes on two idle processors.
SECONDS_MAXIMUM = 600


class Bench:
    """The command line (OUTPUT ROUNDS QUICK FOLDER), and where samples go."""

    def __init__(self, subject):
        output, rounds, quick, self.folder = sys.argv[1:]
        self.subject, self.rounds_asked, self.quick = subject, int(rounds), quick == "1"
        self.output = open(output, "a", encoding="utf-8")
        self.started = []
        # Waits have deadlines of their own; this one is for what nobody thought of.
        signal.signal(signal.SIGALRM, lambda *_: fail(f"{subject} took more than {SECONDS_MAXIMUM} s: {self.folder}"))
        signal.alarm(SECONDS_MAXIMUM)
        threading.Thread(target=end_with_caller, daemon=True).start()
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    def write(self, **what):
        self.output.write(json.dumps({"benchmark": "peers", **what}) + "\n")
        self.output.flush()

    def version(self, version):
        self.write(subject=self.subject, version=version)

    def note(self, text):
        self.write(note=text)

    def sample(self, case, n, round, value, unit, **more):
        self.write(subject=self.subject, case=case, n=n, round=round, value=tenths(value), unit=unit, **more)

    def timed(self, case, n, one_round, at_least, seconds=0):
        """Rounds of a case that was warmed up; `one_round` makes sure that everybody answered. All that were asked for where
        `seconds` are enough for them, else fewer."""
        end, taken = time.monotonic() + seconds, []
        while len(taken) < self.rounds_asked and (len(taken) < at_least or time.monotonic() < end):
            begin = time.monotonic()
            one_round()
            taken.append(time.monotonic() - begin)
            self.sample(case, n, len(taken), taken[-1] * 1e6, "us")
        median = sorted(taken)[len(taken) // 2]
        say(f"{self.subject}: {case} of {n}: {len(taken)} rounds, median {median * 1e3:.0f} ms")

    def memory(self, case, n, groups, **more):
        """The mean over groups of processes: each is a list of process ids."""
        pss, rss = zip(*(memory_of(group) for group in groups))
        value = sum(pss) / len(groups)
        self.sample(case, n, 1, value, "KiB", rss=tenths(sum(rss) / len(groups)), **more)
        say(f"{self.subject}: {case} with {n}: {value:.0f} KiB PSS")

    def start(self, command, log, **options):
        """A process in the background; all it says goes to the log."""
        with open(log, "ab") as sink:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, **options)
        process.log = log
        self.started.append(process)
        return process

    def wait(self, what, log, seconds, condition):
        """Waits until the condition holds; a started process that ended, or the deadline, is the end of everything."""
        deadline = time.monotonic() + seconds
        while not condition():
            for process in self.started:
                if process.poll() is not None:
                    fail(f"{process.args[0]} ended with status {process.returncode}: {process.log}")
            if time.monotonic() > deadline:
                fail(f"{what}: not within {seconds} s: {log}")
            time.sleep(0.02)

    def end(self, process):
        self.started.remove(process)
        process.kill()
        process.wait()

    def fill(self, template, path, **values):
        """Writes a file of configuration from a template beside this program."""
        with open(os.path.join(here, template), encoding="utf-8") as source:
            text = string.Template(source.read()).substitute(values)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as sink:
            sink.write(text)


def end_with_caller():
    """`run` holds the other end of standard input, and nothing is ever written there."""
    os.read(0, 1)
    fail("the caller is gone")


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def fail(text):
    say(text)
    # Threads and children of others must not keep this process: where the first process ends, all end.
    os._exit(1)


def tenths(value):
    return round(value, 1)


def says(log, word):
    with open(log, encoding="utf-8", errors="replace") as source:
        return word in source.read()


def listening(port):
    """How many sockets listen on a TCP port, whichever their addresses."""
    with open("/proc/net/tcp", encoding="ascii") as source:
        rows = [line.split() for line in source][1:]
    return sum(row[3] == "0A" and row[1].endswith(f":{port:04X}") for row in rows)


def processes():
    """(process, parent, name) of all processes there are."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as source:
                    stat = source.read()
            except (FileNotFoundError, ProcessLookupError):
                continue
            name, rest = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 1:].split()
            if rest[0] != "Z":
                yield int(entry), int(rest[1]), name


def trees(roots):
    """Of each root: the process and all that descend from it."""
    parents = {process: parent for process, parent, _ in processes()}
    found = {root: [root] for root in roots}
    for process in parents:
        above = parents[process]
        while above in parents and above not in found:
            above = parents[above]
        if above in found and process not in found:
            found[above].append(process)
    return found


def memory_of(group):
    """(PSS, RSS) in KiB of some processes together."""
    sums = {"Pss:": 0, "Rss:": 0}
    for process in group:
        try:
            with open(f"/proc/{process}/smaps_rollup", encoding="utf-8") as source:
                lines = source.read().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue  # It ended meanwhile, and holds nothing.
        for line in lines:
            words = line.split()
            if words[0] in sums:
                sums[words[0]] += int(words[1])
    return sums["Pss:"], sums["Rss:"]
