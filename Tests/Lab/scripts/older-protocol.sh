#!/bin/bash
# An agent that announces an older protocol: the fleet is refused with 66257199 before anything has changed, until an agent
# of this version has taken its place. Runs with any kernel.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=older-protocol
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --kernel simulated -- "$scripts/older-protocol.sh"
. "$scripts/api.sh"
kill -KILL "$(pid_of node2)"
eventually 5 is_gone node2
"$TESTUDO_BIN/testudo-agent" run --config "$TESTUDO_LAB/node2/agent.conf" --kernel simulated --announced-protocol 0 \
    >>"$TESTUDO_LAB/node2/log" 2>&1 &
older=$!
check "the coordinator notices" eventually 20 grep -q 'agent of another protocol' "$TESTUDO_LAB/coordinator/log"
patch true
check "PATCH is refused with 500" is_status 500
check "with 66257199" answers '"code": "66257199"'
check "and the node's name and version" answers 'node2: the agent speaks protocol 0'
check "GET says false" is_enabled false
kill -KILL $older
wait $older 2>/dev/null
"$TESTUDO_LAB/node2/start"
works() { patch true; [ "$status" = 200 ]; }
check "an agent of this version is welcome in its place, and PATCH works" eventually 20 works
conclude
