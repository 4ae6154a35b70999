# shellcheck shell=bash
# What a test does to the path between nodes, and what a fleet's SAs must come to: source this file after api.sh.

# make_slow MILLISECONDS NODE…: what these nodes send to other nodes arrives so much later. Not the bus: its own delay
# would be a drain. Called again it changes the delay, and nothing in flight is lost.
make_slow() {
    local milliseconds=$1 name
    shift
    modprobe -a sch_netem sch_prio cls_u32 2>/dev/null
    for name; do
        ip netns exec "$name" tc qdisc change dev eth0 parent 1:3 handle 30: netem delay "${milliseconds}ms" \
            limit 100000 2>/dev/null && continue
        ip netns exec "$name" tc -batch - <<END || return 1
qdisc add dev eth0 root handle 1: prio priomap 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2
qdisc add dev eth0 parent 1:3 handle 30: netem delay ${milliseconds}ms limit 100000
filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip dst 10.77.0.254/32 flowid 1:1
END
    done
}

# block_esp -A|-D NODE PEER: protocol 50 between two nodes is dropped, or not any more, in both families.
block_esp() {
    local chain
    for chain in INPUT OUTPUT; do
        local end=-s
        [ $chain = INPUT ] || end=-d
        ip netns exec "$2" iptables-legacy "$1" $chain -p 50 $end "10.77.0.${3#node}" -j DROP || return 1
        ip netns exec "$2" ip6tables-legacy "$1" $chain -p 50 $end "fd77::${3#node}" -j DROP || return 1
    done
}

# address NODE ipv4|ipv6
address() { if [ "$2" = ipv4 ]; then echo "10.77.0.${1#node}"; else echo "fd77::${1#node}"; fi; }

# has_one_set: every node holds one SA a peer, family and direction, and no other.
has_one_set() {
    local name peers=$(($(wc -w <<<"$TESTUDO_NODES") - 1))
    for name in $TESTUDO_NODES; do
        [ "$(ip -n "$name" xfrm state list | grep -c 'proto esp spi')" = $((peers * 4)) ] || return 1
    done
}
rotate() { call POST /api/fleet/rollouts '{"kind": "rotate"}'; }
