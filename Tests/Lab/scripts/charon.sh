#!/bin/bash
# strongSwan's charon beside two agents, with an IKE tunnel of its own between node2 and node3: both are degraded with a
# sentence and what to do, toggles lose nothing all the same, and what is charon's stays byte for byte. It listens for
# acquires, so an SA of ours that is deleted makes the kernel keep a larval one: the edge must get fresh keys even so.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=charon
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --kernel uml --nodes 3 -- "$scripts/charon.sh" "$@"
. "$scripts/traffic.sh"
. "$scripts/api.sh"
. "$scripts/path.sh"
command -v charon-systemd swanctl >/dev/null || { echo "charon: no strongSwan here: deploy/lab/setup installs it"; exit 1; }
declare -A daemons
heard() { ip netns exec "$1" ping -q -c 3 -i 0.2 -W 2 "$2" >/dev/null; }

control() { # NODE COMMAND [OPTION…]
    swanctl "$2" --uri "unix://$TESTUDO_LAB/$1/charon.vici" "${@:3}" >>"$TESTUDO_LAB/$1/charon.out" 2>&1
}
# start_charon NODE PEER: it gets addresses of its own, 172.31.0.K, and is told to keep a transport SA to the peer's.
start_charon() {
    local folder=$TESTUDO_LAB/$1 own=172.31.0.${1#node} other=172.31.0.${2#node}
    ip -n "$1" addr add "$own/24" dev eth0
    cat >"$folder/strongswan.conf" <<END
charon-systemd {
    install_routes = no
    # Plugins that keep a capability, where they are installed, hide the daemon's namespace for good.
    plugins { vici { socket = unix://$folder/charon.vici }
              agent { load = no }
              connmark { load = no } }
    filelog { log { path = $folder/charon.log
                    default = 1 } }
}
END
    (umask 077; cat >"$folder/swanctl.key") <<END
connections { guest {
    version = 2
    local_addrs = $own
    remote_addrs = $other
    proposals = aes128-sha256-modp2048
    local { auth = psk
            id = $1 }
    remote { auth = psk
             id = $2 }
    children { guest { mode = transport
                       esp_proposals = aes128gcm16
                       start_action = trap } }
} }
secrets { ike-guest { secret = "$shared" } }
END
    STRONGSWAN_CONF=$folder/strongswan.conf ip netns exec "$1" charon-systemd >"$folder/charon.out" 2>&1 &
    daemons[$1]=$!
    eventually 15 control "$1" --stats &&
        control "$1" --load-all --file "$folder/swanctl.key"
}
# foreign NODE: a digest, for there are keys in it, of every SA and policy that is charon's: of its addresses, of its
# sockets, and those that let the local networks pass, without the time of the last packet that passed.
foreign_objects() {
    { ip -n "$1" -d -s xfrm state list; ip -n "$1" -d -s xfrm policy list; } | awk '
        function flush() {
            if (block ~ /10[.]77[.]0[.]0\/24|fd77::\/64|fe80/) { gsub(/ use [^\n]*/, "", block); printf "%s", block }
            else if (block ~ /172[.]31[.]|socket (in|out)/) printf "%s", block
            block = ""
        }
        /^src / { flush() } { block = block $0 "\n" } END { flush() }'
}
foreign() { foreign_objects "$1" | sha256sum; }
untouched() { [ "$(foreign node2)$(foreign node3)" = "$kept" ]; }
changed() { ! untouched; }
remedy='charon-systemd runs and manages IPsec keys too: stop it, or keep it off this fleet'
says() { call GET "/api/fleet/nodes/$1?fields=degraded,problems"; answers "$remedy" && answers '"degraded": true'; }
does_not_say() { ! says "$1"; }

patch true; patch false
before=$(xfrm_errors)
shared=$(od -An -tx1 -N 24 /dev/urandom | tr -d ' \n')
for name in node1 node2 node3; do check "control: without charon $name says nothing of it" does_not_say $name; done
start_traffic --rate 50
check "charon runs on node2" start_charon node2 node3
check "and on node3" start_charon node3 node2
for name in node2 node3; do check "$name is degraded, with what to do" eventually 15 says $name; done
# A daemon that has not dropped its capabilities yet hides its namespace, and counts everywhere.
check "node1 is not, soon" eventually 15 does_not_say node1
check "charon agrees on keys of its own" control node2 --initiate --child guest
check "and its SA takes packets" heard node2 172.31.0.3
sleep 1
kept=$(foreign node2)$(foreign node3)
states=$(foreign_objects node2 | grep -c 'proto esp spi 0x[0-9a-f]*.*reqid [0-9]*([^)]*) mode transport')
check "node2 has SAs and policies of charon's ($states lines of SAs and templates)" [ "$states" -ge 4 ]

for step in true rotate rotate false true false true; do
    if [ $step = rotate ]; then rotate; else patch $step; fi
    check "$step beside charon is answered ($status)" [ "${status:0:2}" = 20 ]
done
mark on >/dev/null; sleep 0.7; report=$(mark off)
check "only ESP between nodes (esp=$(figure esp wire) clear=$(figure clear wire)), whatever charon lets pass" \
    [ "$(figure clear wire)" = 0 -a "$(figure esp wire)" -gt 0 ]
check "what is charon's is untouched byte for byte" untouched
restart node2
check "an agent that starts beside charon" eventually 20 all_present
check "keeps what is protected" eventually 10 is_enabled true
check "and what is charon's" untouched
check "nothing was lost" expect_no_loss "beside charon"
check "no xfrm error counter moved" [ "$(xfrm_errors)" = "$before" ]

# With somebody who listens for acquires the kernel keeps a larval SA, with the pinned SPI, for traffic without an SA: it must
# be in nobody's way. An SA of ours is deleted, then node2 is rebooted, and traffic never stops.
ours() { ip -n "$1" xfrm state list | awk '/^src / { isOurs = /^src (10[.]77|fd77)/ } isOurs && /aead/ { n++ } END { print n + 0 }'; }
has_ours() { [ "$(ours node2)" = "$1" ]; }
has_key() { ip -n node2 xfrm state list | awk -v spi="spi $spi" '/^src / { isIt = 0 } index($0, spi) { isIt = 1 } isIt && /aead/ { n++ } END { exit !n }'; }
mended() { is_enabled true && has_ours 8 && ! has_key; }
ip netns exec node2 ping -q -i 0.02 10.77.0.1 >"$TESTUDO_LAB/ping" &
ping=$!
spi=$(ip -n node2 xfrm state list src 10.77.0.2 dst 10.77.0.1 | grep -o -m 1 '0x[0-9a-f]\{8\}')
began=$(date +%s%N)
ip -n node2 xfrm state delete src 10.77.0.2 dst 10.77.0.1 proto esp spi "$spi"
sleep 0.1
larval=$(ip -n node2 xfrm state list src 10.77.0.2 dst 10.77.0.1 | grep -c "$spi")
echo "charon: larval SAs in place of the deleted one: $larval"
check "a deleted SA's edge has fresh keys beside charon" eventually 20 mended
echo "charon: a deleted SA was mended in $((($(date +%s%N) - began) / 1000000)) ms"
rotate; check "and a rotation works" is_status 201
check "what is charon's is untouched byte for byte" untouched
ip netns exec node2 ping -q -c 1 -W 2 172.31.0.3 >/dev/null
check "control: one packet of charon's is seen as a change" changed

kill -KILL "$(pid_of node2)"
eventually 5 is_gone node2
ip -n node2 link set eth0 down
ip -n node2 xfrm state flush; ip -n node2 xfrm policy flush
ip netns exec node2 "$TESTUDO_BIN/testudo-agent" close --config "$TESTUDO_LAB/node2/agent.conf"
ip -n node2 link set eth0 up
ip -n node2 addr replace fd77::2/64 dev eth0 nodad
sleep 0.5 # For a larval SA or two.
"$TESTUDO_LAB/node2/start"
rejoined() { call GET '/api/fleet/nodes/node2?fields=rung'; answers '"rung": "enforce"' && is_enabled true && has_ours 8; }
check "a rebooted node rejoins beside charon" eventually 20 rejoined
kill -INT $ping; wait $ping

for name in node2 node3; do kill "${daemons[$name]}"; wait "${daemons[$name]}" 2>/dev/null; done
for name in node2 node3; do check "without charon $name says nothing of it any more" eventually 15 does_not_say $name; done
patch false; check "off" is_status 200
check "nothing of ours is left" eventually 10 has_ours 0
conclude
