#!/bin/bash
# Packets that a protected node must not take, sent to node1 inside a lab of at least three nodes.
#
#   intruders.sh clear        nothing is protected yet: all of them must arrive (the control)
#   intruders.sh protected    protection is on: none may arrive, and what node2 properly sends must
#
# The intruders: a stranger on the bridge who sends in clear with node2's address (IPv4, IPv6, and to a container's port
# that node1 publishes by DNAT), and node3, which sends with node2's address through its own SA. The latter spoils the
# edge from node3 to node1: let it be the last thing that happens in a lab.
# Nobody listens on the port: a packet that has passed the policy check is counted by the kernel as NoPorts.
set -uo pipefail
packets=5 port=9009 published=9010 failures=0
expectation=${1:-}
[[ $expectation =~ ^(clear|protected)$ ]] || { echo "intruders: say clear or protected" >&2; exit 2; }

inside() { ip netns exec "$@"; }
mac_of() { inside "$1" cat /sys/class/net/eth0/address; }

# counted NAMESPACE 4|6|COUNTER: refused for want of a listener, by family, or an XFRM counter.
counted() {
    case $2 in
    4) inside "$1" awk '/^Udp:/ && !names { names = split($0, name); next } /^Udp:/ { for (i = 1; i <= names; i++)
        if (name[i] == "NoPorts") print $i }' /proc/net/snmp ;;
    6) inside "$1" awk '$1 == "Udp6NoPorts" { print $2 }' /proc/net/snmp6 ;;
    *) inside "$1" awk -v counter="$2" '$1 == counter { print $2 }' /proc/net/xfrm_stat ;;
    esac
}

send() { # NAMESPACE ADDRESS PORT
    inside "$1" bash -c "for ((i = 0; i < $packets; i++)); do echo intruder >/dev/udp/$2/$3; done" 2>/dev/null
}

# A host on the bridge with node2's addresses, which answers nobody and asks nobody.
make_stranger() {
    local node1_mac
    node1_mac=$(mac_of node1)
    ip netns add stranger
    ip -batch - <<END && ip -n stranger -batch - <<END2
link add stranger type veth peer name eth0 netns stranger
link set stranger master bridge0 up
END
link set eth0 arp off
link set eth0 up
addr add 10.77.0.2/32 dev eth0
addr add fd77::2/128 dev eth0 nodad
neigh add 10.77.0.1 lladdr $node1_mac dev eth0 nud permanent
neigh add fd77::1 lladdr $node1_mac dev eth0 nud permanent
route add 10.77.0.1/32 dev eth0 src 10.77.0.2
route add fd77::1/128 dev eth0 src fd77::2
END2
}

# A container behind node1, with one of its ports published on node1's address.
make_container() {
    ip netns add container
    ip -n node1 link add container type veth peer name eth0 netns container
    ip -n node1 addr add 172.30.0.1/24 dev container
    ip -n node1 link set container up
    ip -n container addr add 172.30.0.2/24 dev eth0
    ip -n container link set eth0 up
    ip -n container route add default via 172.30.0.1
    inside node1 sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    publish 2>/dev/null && return
    # User-Mode Linux's kernel has the older tables only.
    inside node1 iptables-legacy --table nat --append PREROUTING --destination 10.77.0.1 --protocol udp \
        --dport $published --jump DNAT --to-destination 172.30.0.2:$port
}

publish() {
    inside node1 nft -f - <<END
table ip published {
    chain incoming {
        type nat hook prerouting priority dstnat
        ip daddr 10.77.0.1 udp dport $published dnat to 172.30.0.2:$port
    }
}
END
}

# expect TITLE NAMESPACE COUNTER INCREASE COMMAND…: the counter must grow by so much when the command has run.
expect() {
    local title=$1 place=$2 counter=$3 increase=$4 before after=0 verdict=FAILED
    shift 4
    before=$(counted "$place" "$counter")
    "$@"
    for _ in {1..20}; do
        after=$(counted "$place" "$counter")
        [ $((after - before)) -lt "$increase" ] || [ "$increase" = 0 ] || break
        sleep 0.05
    done
    [ $((after - before)) = "$increase" ] && verdict=ok || failures=$((failures + 1))
    echo "intruders: $title: $((after - before)) of $packets, expected $increase: $verdict"
}

# node3 takes the key of its own SA to node1 and makes of it an SA without selector, with node2's address.
forge_association() {
    local text spi reqid key
    text=$(ip -n node3 xfrm state list src 10.77.0.3 dst 10.77.0.1 proto esp)
    spi=$(sed -n 's/.*spi \(0x[0-9a-f]*\).*/\1/p' <<<"$text" | tail -1)
    reqid=$(sed -n 's/.*reqid \([0-9]*\).*/\1/p' <<<"$text" | tail -1)
    key=$(sed -n 's/.*aead rfc4106(gcm(aes)) \(0x[0-9a-f]*\).*/\1/p' <<<"$text" | tail -1)
    [ -n "$spi" ] && [ -n "$key" ] || { echo "intruders: node3 has no SA to node1" >&2; exit 1; }
    ip -n node3 -batch - <<END
xfrm state delete src 10.77.0.3 dst 10.77.0.1 proto esp spi $spi
xfrm state add src 10.77.0.2 dst 10.77.0.1 proto esp spi $spi reqid $reqid mode transport replay-window 64 replay-oseq 1000000 flag esn aead rfc4106(gcm(aes)) $key 128
addr add 10.77.0.2/32 dev lo
xfrm policy add dir out src 10.77.0.2/32 dst 10.77.0.1/32 tmpl src 10.77.0.2 dst 10.77.0.1 proto esp spi $spi reqid $reqid mode transport
route add 10.77.0.1/32 dev eth0 src 10.77.0.2
END
}

inside stranger true 2>/dev/null || { make_stranger && make_container; } || exit 1
if [ "$expectation" = clear ]; then
    expect 'stranger in clear, IPv4' node1 4 $packets send stranger 10.77.0.1 $port
    expect 'stranger in clear, IPv6' node1 6 $packets send stranger fd77::1 $port
    expect 'stranger in clear, to a container' container 4 $packets send stranger 10.77.0.1 $published
else
    expect 'node2, IPv4' node1 4 $packets send node2 10.77.0.1 $port
    expect 'node2, IPv6' node1 6 $packets send node2 fd77::1 $port
    expect 'node2, to a container' container 4 $packets send node2 10.77.0.1 $published
    expect 'stranger in clear, IPv4' node1 4 0 send stranger 10.77.0.1 $port
    expect 'stranger in clear, IPv4, refused' node1 XfrmInTmplMismatch $packets send stranger 10.77.0.1 $port
    expect 'stranger in clear, IPv6' node1 6 0 send stranger fd77::1 $port
    expect 'stranger in clear, IPv6, refused' node1 XfrmInTmplMismatch $packets send stranger fd77::1 $port
    expect 'stranger in clear, to a container' container 4 0 send stranger 10.77.0.1 $published
    # Its agent would see the deleted SA and have the edge's keys changed before the first packet is sent.
    kill -STOP "$(cat "$TESTUDO_LAB/node3/pid")"
    forge_association
    expect "node3 with node2's address through its own SA" node1 4 0 send node3 10.77.0.1 $port
    expect "node3 with node2's address, refused" node1 XfrmInStateMismatch $packets send node3 10.77.0.1 $port
    kill -CONT "$(cat "$TESTUDO_LAB/node3/pid")"
fi
[ $failures = 0 ] || { echo "intruders: $failures failed"; exit 1; }
