#!/bin/bash
# The coordinator on a node's own address: the bus crosses protected edges and stays up through on and off. The ladder
# itself moves the bus without loss, so what the bypass is for shows when ESP is broken: node2 drops protocol 50, and the
# bus must stay up all the same. With `without` as argument, in a lab without the bypass, it must not (the control).
# Run it in `deploy/lab/run --coordinator-on node1`.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=coordinator-on-node
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --coordinator-on node1 -- "$scripts/coordinator-on-node.sh"
. "$scripts/traffic.sh"
. "$scripts/api.sh"

if [ "${1:-}" != without ]; then
    start_traffic --rate 100
    for target in true false true false; do
        patch $target; check "PATCH enabled=$target is answered 200" is_status 200
        check "GET says $target" is_enabled $target
    done
    silent=$(grep -c 'node fell silent' "$TESTUDO_LAB/coordinator/log")
    check "no node fell silent ($silent)" [ "$silent" = 0 ]
    check "nothing was lost" expect_no_loss "the bus on a node"
else
    patch true; patch false # Loads the modules.
fi
patch true; check "on, so that the bus of node2 would be ESP without the bypass" is_status 200
for chain in INPUT OUTPUT; do ip netns exec node2 iptables-legacy -A $chain -p 50 -j DROP; done
check "protocol 50 is dropped on node2" \
    [ "$(ip netns exec node2 iptables-legacy -S | grep -c -e '-p esp')" = 2 ]
patch false
if [ "${1:-}" = without ]; then
    check "control: without the bypass the bus does not survive broken ESP" [ "$status" != 200 ]
    check "control: node2 is named" answers 'node2: '
else
    check "with broken ESP every node still takes orders" is_status 200
    patch true
    check "and the next climb fails in its probe" answers '"code": "66256898"'
fi
conclude
