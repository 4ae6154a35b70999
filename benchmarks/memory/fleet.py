"""fleet.py FOLDER BUS-PORT REST-PORT NODES KEY    a coordinator's configuration for a fleet whose first node is a real agent

The other nodes are agents of testudo-swarm: FOLDER/keys has both halves of their CURVE keys, the coordinator's first. KEY is the first
node's identity key; those of the others are nobody's, for they agree on no keys.

fleet.py FOLDER                                    gives that coordinator's journal the epoch of testudo-swarm"""
import base64
import hashlib
import sqlite3
import sys
from pathlib import Path

SWARM_EPOCH = 1


def quoted(text: str) -> str:
    """Z85 has no apostrophe."""
    return f"'{text}'"


def configuration(folder: Path, bus_port: int, rest_port: int, nodes: int, identity_key: str) -> str:
    keys = (folder / "keys").read_text().split()[1::2]
    lines = [
        "fleet: {name: memory}",
        f'bus: {{listen: "tcp://127.0.0.1:{bus_port}", key_file: "{folder}/coordinator/bus.key", addresses: [127.0.0.1]}}',
        f'rest: {{listen: "127.0.0.1:{rest_port}", directory: "{folder}/coordinator/rest"}}',
        f'state_directory: "{folder}/coordinator/state"',
        "rollout: {drain_milliseconds: 50}",
        "nodes:",
    ]
    for number, key in enumerate(keys[1:nodes + 1], 1):
        made = base64.b64encode(hashlib.sha256(str(number).encode()).digest()).decode()
        high, low = divmod(number - 1, 250)
        lines.append(
            f'  - {{name: node{number}, addresses: ["10.77.{high}.{low + 1}", "fd77::{high + 1}:{low + 1}"], '
            f"bus_key: {quoted(key)}, identity_key: {quoted(identity_key if number == 1 else made)}}}")
    return "\n".join(lines) + "\n"


where = Path(sys.argv[1])
if len(sys.argv) == 2:
    with sqlite3.connect(where / "coordinator/state/journal.sqlite") as journal:
        if journal.execute("UPDATE fleet SET epoch = ?", (SWARM_EPOCH,)).rowcount != 1:
            raise SystemExit("the journal has no fleet")
else:
    (where / "coordinator.yaml").write_text(configuration(where, *map(int, sys.argv[2:5]), sys.argv[5]))
