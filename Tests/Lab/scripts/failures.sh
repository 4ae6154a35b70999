#!/bin/bash
# What a failing PATCH answers and leaves behind, under traffic: a kernel that refuses, an agent that is stopped, one that
# dies; up and down. Nothing may be lost.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=failures
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" -- "$scripts/failures.sh" "$@"
. "$scripts/traffic.sh"
. "$scripts/api.sh"

for process in coordinator node2 node4; do restart $process; done
eventually 20 all_present
patch true; patch false
before=$(xfrm_errors)
start_traffic --rate 100

# A foreign policy in the way: preflight refuses, and leaves it byte for byte.
foreign() { ip -n node3 xfrm policy "$1" src 10.77.0.3/32 dst 10.77.0.1/32 dir out "${@:2}"; }
listed() { ip -n node3 -statistics xfrm policy list | grep -v -e lifetime -e ' use ' -e add; ip -n node3 xfrm state list; }
foreign add priority 5 action allow
kept=$(listed)
patch true
check "a foreign policy makes preflight refuse with 500 and 66256898" is_status 500
check "the answer has the code" answers '"code": "66256898"'
check "the answer names the node and the policy" answers 'node3: '
check "nothing changed anywhere but there" bash -c '[ -z "$(ip -n node1 xfrm state list)" ]'
check "the foreign policy is as it was" [ "$(listed)" = "$kept" ]
foreign delete

# It comes later, between preflight and send: the rung refuses, in the kernel's words.
halt_at coordinator 'stop:journaled send'
(patch true; echo "$status" >"$TESTUDO_LAB/late"; echo "$answer" >>"$TESTUDO_LAB/late") &
caller=$!
check "the coordinator stops before it orders send" eventually 20 is_stopped coordinator
foreign add priority 5 action allow
kept=$(listed)
kill -CONT "$(pid_of coordinator)"
wait $caller
status=$(head -1 "$TESTUDO_LAB/late") answer=$(tail -n +2 "$TESTUDO_LAB/late")
check "a kernel that refuses a rung: 500" is_status 500
check "with 66256898" answers '"code": "66256898"'
check "and its own words" answers 'File exists'
check "and its node" answers 'node3: '
foreign delete
check "every edge is back at clear" eventually 5 all_empty

# Stopped on the way up and on the way down.
stopped() { # TARGET PLACE CODE
    halt_at node2 "stop:$2"
    local began=$SECONDS
    patch "$1"
    check "node2 stopped at '$2': 500" is_status 500
    check "within 25 s" [ $((SECONDS - began)) -le 25 ]
    check "with $3" answers "\"code\": \"$3\""
    check "and the node's name and the reason" answers 'node2: no report within 10 s'
    check "GET says what it is: not enabled" is_enabled false
    kill -CONT "$(pid_of node2)"
}
stopped true 'received send' 66256898
check "when it goes on the fleet comes to clear" eventually 30 all_empty
patch true; check "the next PATCH works" is_status 200
stopped false 'received accept' 66256899
check "when it goes on the fleet comes back to enforce" eventually 30 is_enabled true
patch false; check "and the next PATCH works" is_status 200

# An agent that dies and does not come back.
halt_at node4 'kill:received send'
patch true
check "an agent that dies: 500" is_status 500
check "with its name" answers 'node4: no report within 10 s'
"$TESTUDO_LAB/node4/start"
check "when it is back the fleet comes to clear" eventually 40 all_empty
patch true; check "and the next PATCH works with fresh keys" is_status 200
patch false; check "off again" is_status 200

check "nothing was lost" expect_no_loss "failures up and down"
check "no xfrm error counter moved" [ "$(xfrm_errors)" = "$before" ]
conclude
