#!/bin/bash
# Nodes that lose their kernel's state, and nodes that come: under traffic between the others, which may lose nothing. A
# reboot is a namespace whose XFRM state is flushed while its agent is dead and its link is down, closed from the record
# before the link comes up again.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=reboot
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" -- "$scripts/reboot.sh" "$@"
. "$scripts/traffic.sh"
. "$scripts/api.sh"

go_down() {
    kill -KILL "$(pid_of "$1")"
    eventually 5 is_gone "$1"
    ip -n "$1" link set eth0 down
    ip -n "$1" xfrm state flush
    ip -n "$1" xfrm policy flush
}
# As at boot: first the closed policies from the record, then the network, then the agent.
come_up() {
    ip netns exec "$1" "$TESTUDO_BIN/testudo-agent" close --config "$TESTUDO_LAB/$1/agent.conf" || return 1
    ip -n "$1" link set eth0 up
    ip -n "$1" addr replace "fd77::${1#node}/64" dev eth0 nodad
}
closed_policies() { ip -n "$1" xfrm policy list dir out | grep -c 'spi 0x00000001'; }
is_closed() { [ "$(closed_policies "$1")" -ge 6 ]; }

patch true; patch false; patch true
check "on" is_status 200
TESTUDO_NODES_ALL=$TESTUDO_NODES
TESTUDO_NODES="node1 node2 node4" start_traffic --rate 100

# SPI and key; the counters beside them grow.
sa_of_others() { ip -n node1 xfrm state list src 10.77.0.1 dst 10.77.0.2 | grep -o -e 'spi 0x[0-9a-f]*' -e 'aead .*'; }
kept=$(sa_of_others)
go_down node3
come_up node3
check "node3 is closed before its agent runs" is_closed node3
check "nothing of node3 is clear before it has rejoined" bash -c '! ip netns exec node3 ping -c 2 -W 1 10.77.0.1 >/dev/null 2>&1'
began=$(date +%s%N)
"$TESTUDO_LAB/node3/start"
# By its own kernel: the coordinator may not have noticed yet that it was gone.
rejoined() {
    [ "$(closed_policies node3)" = 0 ] || return 1
    call GET '/api/fleet/nodes/node3?fields=rung'
    answers '"rung": "enforce"' && is_enabled true
}
check "a rebooted node rejoins by itself" eventually 20 rejoined
call GET '/api/fleet/nodes/node3?fields=join_microseconds&pretty=false'
echo "reboot: $(grep -o '"join_microseconds":[0-9]*' <<<"$answer")"
echo "reboot: process started to protected in $((($(date +%s%N) - began) / 1000000)) ms, drain included"
check "it is heard again, by ESP" ip netns exec node3 ping -c 2 -W 2 10.77.0.1
check "the other edges were not touched, byte for byte" [ "$(sa_of_others)" = "$kept" ]
check "nothing was lost between the others" expect_no_loss "a reboot beside"

# The whole fleet loses power at once: nothing is clear from the first moment, and it comes back by itself.
TESTUDO_NODES=$TESTUDO_NODES_ALL
kill -KILL "$(pid_of coordinator)"
for name in $TESTUDO_NODES; do go_down "$name"; done
for name in $TESTUDO_NODES; do come_up "$name"; done
# Anything but ESP, the bus and neighbour discovery between nodes' addresses; the coordinator is 254.
tcpdump -lni bridge0 "(net 10.77.0.0/24 or net fd77::/64) and not host 10.77.0.254 and not host fd77::254 and
    not arp and not icmp6 and not ip proto 50 and not ip6 proto 50" >"$TESTUDO_LAB/clear" 2>/dev/null &
sniffer=$!
start_traffic --rate 50 --no-tcp
for name in $TESTUDO_NODES; do "$TESTUDO_LAB/$name/start"; done
"$TESTUDO_LAB/coordinator/start"
back() { all_present && is_enabled true; }
check "the whole fleet comes back to enforce by itself" eventually 60 back
check "not one packet between nodes was clear meanwhile" [ ! -s "$TESTUDO_LAB/clear" ]
kill $sniffer
sleep 0.5
report=$(mark flowing)
check "and traffic flows by ESP (esp=$(figure esp wire))" [ "$(figure esp wire)" -gt 0 ]
stop_traffic

# A dead node is removed: its addresses are closed at its peers until they are released.
go_down node4
absent() { call GET '/api/fleet/nodes/node4?fields=state'; answers '"state": "down"'; }
check "a dead node is down" eventually 20 absent
call DELETE /api/fleet/nodes/node4
check "it is removed" is_status 200
closed_at_peers() { ip -n node1 xfrm policy list dir out | grep -A1 'dst 10.77.0.4/32' | grep -q . && [ -z "$(ip -n node1 xfrm state list dst 10.77.0.4)" ]; }
check "its peers close the edges to it" eventually 10 closed_at_peers
ip -n node4 link set eth0 up
check "whoever has its address is not heard in clear" bash -c '! ip netns exec node4 ping -c 2 -W 1 10.77.0.1 >/dev/null 2>&1'
call DELETE '/api/fleet/nodes/node4?release=true'
check "its addresses are released" is_status 200
free() { ip netns exec node4 ping -c 1 -W 1 10.77.0.1 >/dev/null 2>&1; }
check "whoever has its address is a stranger like any other" eventually 10 free
check "the rest is protected" is_enabled true
conclude
