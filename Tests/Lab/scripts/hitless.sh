#!/bin/bash
# What happens to a protected fleet without anybody turning it on or off, under traffic on every edge: keys are rotated, a
# path is blocked, an SA and a policy are deleted by hand, another key daemon runs, a node leaves. Nothing may be lost, but
# for what the deletion itself loses.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=hitless
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" -- "$scripts/hitless.sh" "$@"
. "$scripts/traffic.sh"
. "$scripts/api.sh"

start_rollout() { call POST /api/fleet/rollouts "{\"kind\": \"$1\"}"; }
spis() { local name; for name in $TESTUDO_NODES; do ip -n "$name" xfrm state list | grep -o 'spi 0x[0-9a-f]*'; done | sort -u; }
one_set_everywhere() {
    local name peers=$(($(wc -w <<<"$TESTUDO_NODES") - 1))
    for name in $TESTUDO_NODES; do
        [ "$(ip -n "$name" xfrm state list | grep -c 'proto esp spi')" = $((peers * 4)) ] || return 1
    done
}
drop_esp() { for chain in INPUT OUTPUT; do ip netns exec "$1" iptables-legacy "$2" $chain -p 50 -s "$3" -j DROP; done; }

patch true; patch false
# A blocked edge fails the climb before any traffic has moved, and both ends are named.
before=$(xfrm_errors)
start_traffic --rate 100
ip netns exec node3 iptables-legacy -A INPUT -p 50 -s 10.77.0.2 -j DROP
patch true
check "protocol 50 dropped between two nodes: 500" is_status 500
check "with 66256898" answers '"code": "66256898"'
check "both nodes are named with the reason" answers 'node2: to node3: no echo through ESP'
check "every edge is back at clear" eventually 5 all_empty
ip netns exec node3 iptables-legacy -D INPUT -p 50 -s 10.77.0.2 -j DROP
patch true; check "without the block the same call works" is_status 200

for round in 1 2 3; do
    kept=$(spis)
    start_rollout rotate
    check "rotation $round is answered 201" is_status 201
    check "rotation $round: GET says enabled" is_enabled true
    check "rotation $round: every SPI is new" [ -z "$(comm -12 <(echo "$kept") <(spis))" ]
    check "rotation $round: one set of SAs everywhere" one_set_everywhere
done
call PATCH /api/security/ipsec '{"replay_window": 1024}'
check "another replay window is a rotation" is_status 200
check "and every SA has it" bash -c '[ "$(ip -n node1 xfrm state list | grep -c "replay_window 1024")" = 12 ]'
call PATCH /api/security/ipsec '{"replay_window": 0}'
check "no replay window: no ESN" bash -c '! ip -n node1 xfrm state list | grep -q esn'
call PATCH /api/security/ipsec '{"replay_window": 64}'
# By itself, once an SA has sent as many packets as the configuration allows.
configuration=$TESTUDO_LAB/coordinator/coordinator.yaml
cp "$configuration" "$configuration.kept"
echo 'rotation: {packets: 300}' >>"$configuration"
kept=$(spis)
restart coordinator
has_rotated() {
    call GET '/api/fleet/rollouts?kind=rotate&outcome=success&return_records=false'
    ! answers '"num_records": 0' && [ -z "$(comm -12 <(echo "$kept") <(spis))" ]
}
check "keys are changed by themselves after 300 packets" eventually 30 has_rotated
mv "$configuration.kept" "$configuration"
restart coordinator
check "the coordinator with its old configuration finds all nodes" eventually 20 all_present
check "nothing was lost by four rotations, three windows and a blocked edge" expect_no_loss "rotations"
check "no xfrm error counter moved" [ "$(xfrm_errors)" = "$before" ]

# A policy deleted by hand is put back, an SA's edge gets fresh keys; the operator hears of both.
has_policy() { ip -n node1 xfrm policy list src 10.77.0.1 dst 10.77.0.2 dir out | grep -q 'proto esp'; }
policy_is_reported() { call GET '/api/fleet/nodes/node1?fields=problems'; answers 'were put back'; }
ip -n node1 xfrm policy delete src 10.77.0.1/32 dst 10.77.0.2/32 dir out
check "a deleted policy is back within 2 s" eventually 2 has_policy
check "and reported" eventually 3 policy_is_reported
other=$(ip -n node4 xfrm state list src 10.77.0.4 dst 10.77.0.3)
spi=$(ip -n node1 xfrm state list src 10.77.0.1 dst 10.77.0.2 | grep -o '0x[0-9a-f]\{8\}' | head -1)
began=$(date +%s%N)
ip -n node1 xfrm state delete src 10.77.0.1 dst 10.77.0.2 proto esp spi "$spi"
converged() { call GET '/api/fleet/rollouts?max_records=1'; answers '"kind": "converge"' && answers '"outcome": "success"'; }
mended() { ip -n node1 xfrm state list src 10.77.0.1 dst 10.77.0.2 | grep -q 'proto esp' && converged; }
check "a deleted SA's edge has fresh keys within 10 s" eventually 10 mended
echo "hitless: a deleted SA was seen and mended in $((($(date +%s%N) - began) / 1000000)) ms, drain included"
check "no other edge was touched" [ "$(ip -n node4 xfrm state list src 10.77.0.4 dst 10.77.0.3)" = "$other" ]
check "GET says enabled again" eventually 3 is_enabled true

# Another key daemon makes its node degraded.
cp "$(command -v sleep)" "$TESTUDO_LAB/charon"
ip netns exec node2 "$TESTUDO_LAB/charon" 600 &
daemon=$!
is_degraded() { call GET '/api/fleet/nodes/node2?fields=degraded,problems'; answers 'charon runs'; }
check "charon on node2 is reported with what to do" eventually 15 is_degraded
kill $daemon; wait $daemon 2>/dev/null

# A living node leaves under traffic between the others.
call DELETE /api/fleet/nodes/node4
check "a living node descends and leaves" is_status 200
check "it keeps nothing" eventually 5 is_empty node4
check "the others keep each other" is_enabled true
conclude
