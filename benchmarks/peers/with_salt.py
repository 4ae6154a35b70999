"""A fan-out with Salt: one salt-master, N salt-minions, each with its own configuration and keys.

A round is `salt '*' cmd.run /bin/true` by a LocalClient that stays (case "round"), or by the command line (case "cli").
Run with the Python that Salt is installed in; arguments as in common.py.
"""
import json
import logging
import os
import subprocess
import sys
import time

import salt.client
import salt.version

from common import Bench, fail, say, trees

# Minions that are starting at once: many, for each waits much; not all, for each also needs a second of a processor.
STARTING_MAXIMUM = 20
ANSWER_SECONDS = 60

bench = Bench("salt")
programs = os.path.dirname(sys.executable)
master = os.path.join(bench.folder, "master")
configuration = os.path.join(master, "master")
command = [os.path.join(programs, "salt"), "-c", master, "--timeout", str(ANSWER_SECONDS), "--static", "--out", "json"]
minions = {}


def accepted():
    try:
        return len(os.listdir(os.path.join(master, "pki", "minions")))
    except FileNotFoundError:
        return 0


def start_minions(count):
    begin, before = time.monotonic(), len(minions)
    while len(minions) < count:
        name = f"node{len(minions) + 1}"
        folder = os.path.join(bench.folder, name)
        bench.fill("salt-minion.conf.in", os.path.join(folder, "minion"), folder=folder, name=name)
        minions[name] = bench.start([os.path.join(programs, "salt-minion"), "-c", folder], folder + ".log")
        bench.wait("minions' keys accepted", minions[name].log, 60, lambda: len(minions) - accepted() < STARTING_MAXIMUM)
    bench.wait("all minions' keys accepted", master + ".log", 60, lambda: accepted() == count)
    client = salt.client.LocalClient(configuration)
    bench.wait("an answer of every minion", master + ".log", 60,
               lambda: len(client.cmd("*", "test.ping", timeout=5)) == count)
    say(f"salt: {count - before} more minions started in {time.monotonic() - begin:.0f} s")
    return client


def check(answers, count):
    """The command ran everywhere, and well: Salt's own exit status does not say so."""
    wrong = [name for name in minions if answers.get(name, {}).get("retcode") != 0]
    if wrong or len(answers) != count:
        fail(f"salt: {len(answers)} of {count} answered, not well: {wrong}: {master}.log")


# Salt complains to the terminal where nothing else is said.
logging.getLogger("salt").addHandler(logging.FileHandler(os.path.join(bench.folder, "client.log")))
logging.getLogger("salt").propagate = False
bench.fill("salt-master.conf.in", configuration, folder=master)
started = bench.start([os.path.join(programs, "salt-master"), "-c", master], master + ".log")
bench.version(salt.version.__version__)

for count in [2] if bench.quick else [10, 50, 100]:
    client = start_minions(count)

    def by_client():
        check(client.cmd("*", "cmd.run", ["/bin/true"], timeout=ANSWER_SECONDS, full_return=True), count)

    def by_command():
        said = subprocess.run([*command, "*", "cmd.run", "/bin/true"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              timeout=ANSWER_SECONDS + 30, check=True)
        # The command itself prints nothing; what a minion says instead is an error.
        answers = json.loads(said.stdout)
        check({name: {"retcode": 0 if answer == "" else answer} for name, answer in answers.items()}, count)

    by_client()
    bench.timed("round", count, by_client, at_least=2 if count > 10 else 3, seconds=10)
    if count <= 10:
        by_command()
        bench.timed("cli", count, by_command, at_least=5)
    bench.memory("agent_memory", count, trees([minion.pid for minion in minions.values()]).values())
    bench.memory("server_memory", count, trees([started.pid]).values())

bench.note("salt: a round is one LocalClient.cmd of a Python process that stays, without the command line's start; minions run "
           "jobs in threads (multiprocessing: false), which is faster here than the default")
bench.note("salt: agent_memory is of the two processes of a salt-minion (the second is the minion, the first starts it again), the "
           "mean of all; what N of them share on one machine is counted once, so that a minion alone takes more: up to `rss`. "
           "server_memory is of all processes of the salt-master together")
