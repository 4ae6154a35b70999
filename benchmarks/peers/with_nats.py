"""A fan-out with NATS: nats-server, N subscribers, one request and N answers.

The subscribers and the requester are nats.c, compiled with cc. Arguments as in common.py; nats-server is looked for in PATH.
"""
import os
import subprocess

from common import Bench, fail, here, listening, say, says, memory_of, tenths

PORT = 4222

bench = Bench("nats")
program = os.path.join(bench.folder, "nats")
subprocess.run(["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", os.path.join(here, "nats.c"), "-o", program], check=True)
bench.fill("nats.conf.in", os.path.join(bench.folder, "nats.conf"))
said = subprocess.run(["nats-server", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
bench.version(said.split()[-1].lstrip("v"))

for count in [10] if bench.quick else [10, 50, 100, 1000]:
    # A server for each size: what it holds is of these connections alone.
    server = bench.start(["nats-server", "--config", os.path.join(bench.folder, "nats.conf")],
                         os.path.join(bench.folder, "server.log"))
    bench.wait("a server", server.log, 20, lambda: listening(PORT) == 1)
    _, idle = memory_of([server.pid])
    agents = bench.start([program, "agents", str(PORT), str(count)], os.path.join(bench.folder, f"agents-{count}.log"))
    bench.wait("subscribers", agents.log, 60, lambda: says(agents.log, "ready"))
    request = subprocess.run([program, "request", str(PORT), str(count), str(bench.rounds_asked)], stdout=subprocess.PIPE,
                             timeout=120, check=False)
    rounds = [int(line) for line in request.stdout.split()]
    if request.returncode != 0 or len(rounds) != bench.rounds_asked:
        fail(f"nats: the requester ended with status {request.returncode} after {len(rounds)} rounds: {server.log}")
    for number, microseconds in enumerate(rounds, 1):
        bench.sample("round", count, number, microseconds, "us")
    say(f"nats: round of {count}: {len(rounds)} rounds, median {sorted(rounds)[len(rounds) // 2] / 1e3:.1f} ms")
    _, busy = memory_of([server.pid])
    bench.memory("server_memory", count, [[server.pid]], rss_a_connection=tenths((busy - idle) / count))
    bench.end(agents)
    bench.end(server)
bench.note("nats: subscribers and requester speak NATS's protocol without a client library (nats.c): one process holds all "
           "subscribers, one thread, epoll, TCP without TLS, 200 bytes a request and an answer")
bench.note("nats: there is no agent to weigh: server_memory has rss_a_connection, the growth of nats-server's RSS by a connection "
           "after the rounds")
