#!/bin/bash
# The coordinator on a node's own address: the bus crosses protected edges and stays up through on and off, by its bypass.
# Control, with `without` as its argument in a lab that was
# started with --without-bus-bypass: there it must not.
# Run it in `deploy/lab/run --coordinator-on node1`.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=coordinator-on-node
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --coordinator-on node1 -- "$scripts/coordinator-on-node.sh"
. "$scripts/traffic.sh"
. "$scripts/api.sh"

if [ "${1:-}" = without ]; then
    patch true
    check "control: without the bypass the bus does not stay up" [ "$status" != 200 ]
    conclude
    exit
fi
start_traffic --rate 100
for target in true false true false; do
    patch $target; check "PATCH enabled=$target is answered 200" is_status 200
    check "GET says $target" is_enabled $target
done
lost=$(grep -c 'node fell silent' "$TESTUDO_LAB/coordinator/log")
check "no node fell silent ($lost)" [ "$lost" = 0 ]
check "nothing was lost" expect_no_loss "the bus on a node"

conclude
