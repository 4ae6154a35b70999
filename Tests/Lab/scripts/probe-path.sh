#!/bin/bash
# Proves the probe between two nodes over real ESP, required both ways by policies from the probe's port to the probe's
# port: what it finds where all is well, where ESP is dropped or sent in clear, and where the path takes less than it
# says. $1 is the test bundle, the one that `swift build --build-tests` makes: both sides are a test of Tests/Probe.
set -uo pipefail
bundle=$1 port=7741 reqid=7 failures=0
folder=$TESTUDO_LAB/probe-path
mkdir -p "$folder"
both='10.77.0.1,10.77.0.2 fd77::1,fd77::2'
ipv4='10.77.0.1,10.77.0.2'

random_key() { echo "0x$(od -An -v -tx1 -N 36 /dev/urandom | tr -d ' \n')"; }
# Lines for `ip -batch`: a pair's SA; a policy of one direction that requires it.
state() { # SOURCE DESTINATION WIDTH SPI KEY
    echo "xfrm state add src $1 dst $2 proto esp spi $4 reqid $reqid mode transport replay-window 64 flag esn" \
        "aead rfc4106(gcm(aes)) $5 128 sel src $1/$3 dst $2/$3"
}
selector() { echo "src $1/$3 dst $2/$3 proto udp sport $port dport $port"; } # SOURCE DESTINATION WIDTH
policy() { # DIRECTION SOURCE DESTINATION WIDTH
    echo "xfrm policy add dir $1 $(selector "$2" "$3" "$4")" \
        "tmpl src $2 dst $3 proto esp reqid $reqid mode transport"
}
on() { ip -n "$1" -batch - || { echo "probe-path: ip failed on $1" >&2; exit 1; }; } # NODE, lines as input
in_node() { ip netns exec "$@" || { echo "probe-path: failed: $*" >&2; exit 1; }; } # NODE COMMAND…

protect() { # NODE1'S ADDRESS NODE2'S ADDRESS WIDTH
    local there back
    there=$(random_key) back=$(random_key)
    { state "$1" "$2" "$3" 4097 "$there"; state "$2" "$1" "$3" 4098 "$back"; } | tee "$folder/states.key" | on node1
    on node2 <"$folder/states.key"
    rm -f "$folder/states.key"
    { policy out "$1" "$2" "$3"; policy in "$2" "$1" "$3"; } | on node1
    { policy out "$2" "$1" "$3"; policy in "$1" "$2" "$3"; } | on node2
}
protect_both() { protect 10.77.0.1 10.77.0.2 32; protect fd77::1 fd77::2 128; }
# forget_out NODE: the node sends its probes in clear; its peer goes on requiring ESP.
forget_out() {
    local here=10.77.0.${1#node} there=10.77.0.$((3 - ${1#node}))
    { echo "xfrm policy delete dir out $(selector "$here" "$there" 32)"
      echo "xfrm policy delete dir out $(selector "fd77::${1#node}" "fd77::$((3 - ${1#node}))" 128)"; } | on "$1"
}
afresh() {
    local node
    for node in node1 node2; do printf '%s\n' 'xfrm policy flush' 'xfrm state flush' | on $node; done
    protect_both
}
# firewall NODE -A|-D CHAIN: drops protocol 50 there.
firewall() {
    in_node "$1" iptables-legacy "$2" "$3" -p 50 -j DROP
    in_node "$1" ip6tables-legacy "$2" "$3" -p 50 -j DROP
}
route_mtu() { # BYTES: what node1 believes of its path; the kernel's own IPv6 route has the metric 256
    printf '%s\n' "route replace 10.77.0.0/24 dev eth0 src 10.77.0.1 mtu $1" \
        "route replace fd77::/64 dev eth0 metric 256 mtu $1" | on node1
}
counter() { in_node "$1" awk -v "name=$2" '$1 == name { print $2 }' /proc/net/xfrm_stat; } # NODE NAME

side() { # ROLE NODE PAIRS EXPECTED
    TESTUDO_PROBE_ROLE=$1 TESTUDO_PROBE_PAIRS=$3 TESTUDO_PROBE_FOLDER=$folder TESTUDO_PROBE_EXPECT=$4 \
        ip netns exec "$2" "$bundle" --testing-library swift-testing --filter PathInTheLabTests >"$folder/$1.log" 2>&1
}
# probe TITLE PAIRS EXPECTED: node2 answers, node1 asks.
probe() {
    local turned=() pair answering status=0
    for pair in $2; do turned+=("${pair#*,},${pair%,*}"); done
    rm -f "$folder/ready" "$folder/end"
    side answer node2 "${turned[*]}" '' &
    answering=$!
    for _ in {1..300}; do
        [ ! -e "$folder/ready" ] && kill -0 $answering 2>/dev/null || break
        sleep 0.1
    done
    side ask node1 "$2" "$3" || status=1
    touch "$folder/end"
    wait $answering || status=1
    for log in ask answer; do grep -q 'Test run with 1 test.* passed' "$folder/$log.log" || status=1; done
    grep '^asked' "$folder/ask.log" | sed "s/^/probe-path: $1: /"
    [ $status = 0 ] && { echo "probe-path: $1: ok: $3"; return; }
    echo "probe-path: $1: FAILED: expected $3"
    tail -n 30 "$folder/answer.log" "$folder/ask.log"
    failures=$((failures + 1))
}
expect() { # TITLE CONDITION…
    local title=$1
    shift
    "$@" && { echo "probe-path: $title: ok"; return; }
    echo "probe-path: $title: FAILED: $*"
    failures=$((failures + 1))
}

afresh
probe 'ESP required both ways' "$both" echoed
for node in node1 node2; do
    used=$(ip -n $node -s xfrm state | grep -c '[1-9][0-9]*(packets)')
    expect "the echoes came by ESP: all 4 SAs of $node were used" [ "$used" = 4 ]
done

firewall node2 -A INPUT
probe 'protocol 50 dropped at the peer' "$both" silent
firewall node2 -D INPUT
firewall node1 -A OUTPUT
probe 'protocol 50 dropped by the own firewall' "$both" 'unsent: Operation not permitted'
firewall node1 -D OUTPUT

before=$(counter node2 XfrmInTmplMismatch)
forget_out node1
probe 'clear requests' "$both" silent
after=$(counter node2 XfrmInTmplMismatch)
expect "the kernel refused clear requests ($before to $after)" [ "$after" -gt "$before" ]
afresh
before=$(counter node1 XfrmInTmplMismatch)
forget_out node2
probe 'clear echoes' "$both" silent
after=$(counter node1 XfrmInTmplMismatch)
expect "the kernel refused clear echoes ($before to $after)" [ "$after" -gt "$before" ]
afresh

ip link set port2 mtu 1400
probe 'a link on the way takes 1400 bytes' "$both" 'too large: 1500'
ip link set port2 mtu 1500
route_mtu 1400
probe 'the own route takes 1400 bytes' "$both" 'too large: 1500'
route_mtu 1500

in_node node2 iptables-legacy -t raw -A PREROUTING -f -j DROP
probe 'fragments are dropped' "$ipv4" 'echoed, loses fragments'
in_node node2 iptables-legacy -t raw -D PREROUTING -f -j DROP

probe 'all is well again' "$both" echoed
[ $failures = 0 ] || { echo "probe-path: $failures failed"; exit 1; }
echo "probe-path: all as it must be"
