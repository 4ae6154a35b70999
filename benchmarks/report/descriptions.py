"""What each benchmark measures and how, in words, in the order of the report."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Description:
    name: str
    title: str
    text: str
    # What `n` counts.
    size: str
    # File names of its plots, without .svg, with what each shows.
    plots: tuple[tuple[str, str], ...] = ()


DESCRIPTIONS = (
    Description(
        "toggle", "Toggle latency over N",
        "PATCH on and off of a whole fleet on one machine: the real bus with CURVE, the real coordinator and journal, the real "
        "code of agents, kernels in memory. The time is that of the whole toggle without its drain, which is a fixed wait, and "
        "without the probe's network time. In mode `summary` a kernel in memory holds one summary a node instead of every edge, "
        "and keys are stubbed; in mode `edges` each agent keeps all its edges, which are N² in all. The floor is a C program on "
        "raw libzmq that does the same number of rounds with messages of the same sizes, in turn with ours. `agreement` is the "
        "agreement on one edge's keys on one core: one machine cannot do it for N² edges in the time that N machines need, so "
        "it is measured by itself and is not in the toggles of mode `summary`. `roster_bytes` and `offers_bytes` are what a "
        "full mesh's roster and a node's offers take, `roster_encode` and `roster_decode` the time for it. Fan-out and fan-in "
        "are parts of the steps, not added to them.",
        "agents",
        (
            ("toggle", "How long the fleet takes, over its size"),
            ("toggle-steps", "Where the time of a toggle goes, and what a node costs"),
        )),
    Description(
        "join", "Joins",
        "A rebooted node in a fleet whose edges are protected: from its agent's first word until all its edges are protected "
        "again, with kernels in memory.",
        "nodes"),
    Description(
        "netlink", "Netlink",
        "The changes of one node with N peers in the host's kernel, in a network namespace of its own: ours, C with libmnl that "
        "sends the same batches, `ip -batch`, and one `ip` process a change. Times are µs an operation.",
        "peers", (("netlink", "Time an operation in the host's kernel, over the number of peers"),)),
    Description(
        "esp", "Real ESP in the lab",
        "On, off and rotate under traffic between namespaces of a kernel with ESP: time, packets lost of those sent, throughput "
        "before, during and after. Beside it strongSwan with the same mesh, loaded and terminated node by node as a "
        "configuration tool does it, and the cost of encryption itself without either.",
        "nodes"),
    Description(
        "peers", "Peers on the same machine",
        "A command on each of N nodes, all answers waited for: Salt, Ansible and NATS (requests with many replies, without "
        "encryption) beside one round of ours (with CURVE) and beside our whole toggle without its drain. Memory is of one "
        "agent and of the server: what its processes hold of their own, and their share "
        "of what all of them share (PSS); ours are the testudo-agents of the fleet in REST, with kernels in memory.",
        "nodes", (("peers", "A round, and memory an agent, beside other tools"),)),
    Description(
        "rest", "REST",
        "Requests a second over keep-alive TLS connections, each in turn with a bare `hello` of the same HTTP server: GET, a "
        "list of 20 nodes, a PATCH that changes nothing, pages of security associations, and GET while rollouts run.",
        "agents"),
    Description(
        "memory", "Memory and processor",
        "Resident memory of the coordinator an agent that is connected, beside a ROUTER of libzmq alone with as many peers; "
        "of an agent by its peers; bytes on the wire and processor seconds a toggle; and what heartbeats cost while nothing "
        "happens.",
        "agents or peers", (("memory", "Memory of the coordinator and of an agent"),)),
    Description(
        "storm", "Storm",
        "The coordinator is killed and started again with all agents connected: time until all are back, until a PATCH works, "
        "and how many connections agents lose in the minute after although nobody ended them. Beside it the time that as many "
        "peers of raw libzmq take to connect, with nothing behind them.",
        "agents", (("storm", "Back after a coordinator's kill"),)),
    Description(
        "soak", "Soak",
        "200 toggles one after another: whether latency, memory and descriptors stay as they are.",
        "agents", (("soak", "Latency, memory and descriptors over 200 toggles"),)),
    Description(
        "micro", "Parts",
        "Single parts on one core, by name.",
        "size"),
)

TITLES = {description.name: description.title for description in DESCRIPTIONS}
