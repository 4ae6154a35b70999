#!/bin/bash
# Ten toggles of a fleet under traffic on every edge, both families: nothing lost, no error counter moved, and what is
# protected is protected. Runs inside a lab with real ESP.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=toggle
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" -- "$scripts/toggle.sh" "$@"
. "$scripts/traffic.sh"
. "$scripts/api.sh"
toggles=${1:-10}

# clear_is_dropped FROM TO NAMESPACE ADDRESS: a clear datagram from an address of a node must not arrive.
udp_listener='import socket,sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", int(sys.argv[1]))); s.settimeout(float(sys.argv[2]))
count = 0
print("ready", flush=True)
try:
    while True: s.recv(2048); count += 1
except socket.timeout: pass
print(count)'
udp_sender='import socket,sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(5): s.sendto(b"x" * 100, (sys.argv[1], int(sys.argv[2])))'
# arrivals LISTENER-NAMESPACE PORT SENDER-COMMAND…: how many of the datagrams arrive.
arrivals() {
    local namespace=$1 port=$2 file=$TESTUDO_LAB/arrivals
    shift 2
    ip netns exec "$namespace" python3 -c "$udp_listener" "$port" 1.5 >"$file" &
    local listener=$!
    eventually 10 grep -q ready "$file"
    "$@"
    wait $listener
    tail -1 "$file"
}

before=$(xfrm_errors)
patch true; check "the first PATCH is answered 200" is_status 200
patch false; check "and the second" is_status 200
check "nothing of ours is left in any kernel" all_empty

start_traffic --rate 100
for ((round = 1; round <= toggles; round++)); do
    if ((round % 2)); then target=true; else target=false; fi
    patch $target; check "toggle $round: PATCH enabled=$target is answered 200 with {}" is_status 200
    check "toggle $round: GET says $target" is_enabled $target
    mark "$target" >/dev/null
    sleep 0.7
    wire=$(mark next)
    report=$wire
    if [ $target = true ]; then
        check "toggle $round: only ESP between nodes (esp=$(figure esp wire) clear=$(figure clear wire))" \
            [ "$(figure clear wire)" = 0 -a "$(figure esp wire)" -gt 0 ]
    else
        check "toggle $round: only clear between nodes (esp=$(figure esp wire) clear=$(figure clear wire))" \
            [ "$(figure esp wire)" = 0 -a "$(figure clear wire)" -gt 0 ]
    fi
done
check "$toggles toggles lost nothing" expect_no_loss "$toggles toggles, $(wc -w <<<"$TESTUDO_NODES") nodes"
check "no xfrm error counter moved" [ "$(xfrm_errors)" = "$before" ]

# Controls for the checks below: in clear, the datagrams arrive.
ip netns add stranger
ip link add stranger0 type veth peer name eth0 netns stranger
ip link set stranger0 master bridge0 up
ip -n stranger addr add 10.77.0.2/24 dev eth0
ip -n stranger link set eth0 up
target_mac=$(ip -n node1 -brief link show eth0 | awk '{print $3}')
ip -n stranger neigh add 10.77.0.1 lladdr "$target_mac" dev eth0
send_stranger() { ip netns exec stranger python3 -c "$udp_sender" 10.77.0.1 9101; }
patch false
check "control: a stranger with node2's address is heard while off" [ "$(arrivals node1 9101 send_stranger)" -gt 0 ]

# A container behind node1: port 9102 is published by DNAT.
ip netns add container
ip -n node1 link add veth0 type veth peer name eth0 netns container
ip -n node1 addr add 172.30.0.1/24 dev veth0
ip -n node1 link set veth0 up
ip -n container addr add 172.30.0.2/24 dev eth0
ip -n container link set eth0 up
ip -n container link set lo up
ip -n container route add default via 172.30.0.1
ip netns exec node1 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node1 nft -f - <<'END'
table ip published {
    chain prerouting { type nat hook prerouting priority dstnat; udp dport 9102 dnat to 172.30.0.2:9102; }
}
END
send_published() { ip netns exec "$1" python3 -c "$udp_sender" 10.77.0.1 9102; }
check "control: the published port is reached in clear while off" [ "$(arrivals container 9102 send_published stranger)" -gt 0 ]

patch true; check "PATCH enabled=true before the intruders" is_status 200
check "a stranger with node2's address is not heard" [ "$(arrivals node1 9101 send_stranger)" = 0 ]
check "a published port takes no clear packet" [ "$(arrivals container 9102 send_published stranger)" = 0 ]
check "a published port takes ESP" [ "$(arrivals container 9102 send_published node3)" = 5 ]

# A member that speaks with another member's address over its own SA: node2's packets in node3's SA.
spoofed() {
    ip -n node3 addr add 10.77.0.2/32 dev lo
    local out
    out=$(ip -n node3 xfrm state list src 10.77.0.3 dst 10.77.0.1 | awk '/spi/ {print $4; exit}')
    ip -n node3 xfrm policy add src 10.77.0.2/32 dst 10.77.0.1/32 dir out priority 1 \
        tmpl src 10.77.0.3 dst 10.77.0.1 proto esp spi "$out" mode transport 2>/dev/null
    ip netns exec node3 python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.77.0.2", 0))
for _ in range(5):
    try: s.sendto(b"x" * 100, ("10.77.0.1", 9103))
    except OSError: pass'
    ip -n node3 xfrm policy delete src 10.77.0.2/32 dst 10.77.0.1/32 dir out 2>/dev/null
    ip -n node3 addr delete 10.77.0.2/32 dev lo
}
check "a member with another member's address is not heard" [ "$(arrivals node1 9103 spoofed)" = 0 ]

for name in $TESTUDO_NODES; do
    resident=$(awk '/VmRSS/ {print $2}' "/proc/$(pid_of "$name")/status")
    check "$name's agent needs at most 20 MiB (it has $resident KiB)" [ "$resident" -le 20480 ]
done

# Secrets: in no log, no argument list, no readable file, no other process's environment.
secrets=$TESTUDO_LAB/.secrets-to-look-for
(
    umask 077
    cat "$TESTUDO_LAB"/*/bus.key "$TESTUDO_LAB"/*/identity.key "$TESTUDO_LAB"/coordinator/rest/password 2>/dev/null |
        tr -s ' \n' '\n' | awk 'length >= 16' >"$secrets"
    for name in $TESTUDO_NODES; do ip -n "$name" xfrm state list | grep -o '0x[0-9a-f]\{64,\}' | cut -c3-40; done >>"$secrets"
)
check "there are secrets to look for" [ "$(wc -l <"$secrets")" -ge 10 ]
no_secret() { ! grep -aqFf "$secrets" "$@" 2>/dev/null; }
for process in coordinator $TESTUDO_NODES; do
    check "$process: no secret in its log" no_secret "$TESTUDO_LAB/$process/log"
    check "$process: no secret among its arguments or in its environment" \
        no_secret "/proc/$(pid_of "$process")/cmdline" "/proc/$(pid_of "$process")/environ"
done
readable=$(find "$TESTUDO_LAB" -type f -perm /044 ! -name 'ca.pem' -print0 | xargs -0 -r grep -alFf "$secrets" 2>/dev/null)
check "no secret in a file that others may read $readable" [ -z "$readable" ]
printf 'planted %s\n' "$(head -1 "$secrets")" >"$TESTUDO_LAB/planted"
check "control: the search finds a planted secret" grep -qFf "$secrets" "$TESTUDO_LAB/planted"
rm -f "$TESTUDO_LAB/planted" "$secrets"
conclude
