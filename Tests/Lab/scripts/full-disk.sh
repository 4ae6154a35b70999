#!/bin/bash
# Disks that are full, under traffic: the coordinator's journal and an agent's record, each on a small tmpfs, before a call and
# in the middle of one. The call is refused in words that say why, nothing changes, nothing is lost; with space again the
# next call works.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=full-disk
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --nodes 3 -- "$scripts/full-disk.sh" "$@"
. "$scripts/traffic.sh"
. "$scripts/api.sh"
. "$scripts/path.sh"
no_journal='the journal cannot be written'
no_record='the record cannot be written'

# move_state PROCESS: its state comes to a disk of its own, which the process sees when it starts again.
move_state() {
    local state=$TESTUDO_LAB/$1/state
    kill -KILL "$(pid_of "$1")"
    eventually 5 is_gone "$1"
    cp -a "$state" "$state.before" && mount -t tmpfs -o size=6m,mode=700 tmpfs "$state" &&
        cp -a "$state.before/." "$state" && rm -rf "$state.before" && restart "$1"
}
fill() { # PROCESS
    dd if=/dev/zero of="$TESTUDO_LAB/$1/state/fill" bs=4k 2>/dev/null
    ! { echo more >"$TESTUDO_LAB/$1/state/more"; } 2>/dev/null
}
free() { rm -f "$TESTUDO_LAB/$1/state/fill" "$TESTUDO_LAB/$1/state/more"; }
# kept: SPIs and policies of all nodes; what grows by itself is left out.
kept() {
    local name
    for name in $TESTUDO_NODES; do
        ip -n "$name" xfrm state list | grep -o -e '^src .*' -e 'spi 0x[0-9a-f]*'
        ip -n "$name" xfrm policy list
    done
}
# refusing: from how many addresses node2 takes nothing but ESP; the probe's own policies are left out.
refusing() { ip -n node2 xfrm policy list dir in | grep -c '^src 10.77.0.[0-9]*/32 dst 10.77.0.2/32 *$'; }
# refused TITLE STATUS CODE WORDS: the newest answer, and that no kernel is other than `before_call`.
refused() {
    check "$1: $2" is_status "$2"
    check "$1: with $3" answers "\"code\": \"$3\""
    check "$1: and its words" answers "$4"
    check "$1: nothing changed" [ "$(kept)" = "$before_call" ]
}
# in_the_middle PLACE PROCESS TARGET: the process is stopped at the place, its disk is filled, and when it goes on the order
# that came meanwhile has been repeated.
in_the_middle() {
    halt_at "$2" "stop:$1"
    (patch "$3"; echo "$status" >"$TESTUDO_LAB/late"; echo "$answer" >>"$TESTUDO_LAB/late") &
    local caller=$!
    check "$2 stops at '$1'" eventually 20 is_stopped "$2"
    fill "$2"
    sleep 0.7
    kill -CONT "$(pid_of "$2")"
    wait $caller
    status=$(head -1 "$TESTUDO_LAB/late") answer=$(tail -n +2 "$TESTUDO_LAB/late")
}

for process in coordinator node2; do check "$process has a disk of its own" move_state $process; done
check "all are back" eventually 20 all_present
patch true; patch false
before=$(xfrm_errors)
start_traffic --rate 50

# The journal, before a call.
check "control: the coordinator's disk takes nothing more" fill coordinator
before_call=$(kept)
patch true; refused "on with a full journal" 500 66256898 "$no_journal"
check "GET says false" is_enabled false
patch true; refused "a second time" 500 66256898 "$no_journal"
free coordinator
patch true; check "with space again the next PATCH works" is_status 200
check "GET says true" is_enabled true
fill coordinator
before_call=$(kept)
patch false; refused "off with a full journal" 500 66256899 "$no_journal"
rotate; refused "rotate with a full journal" 500 66256898 "$no_journal"
check "GET says true" is_enabled true
# A coordinator that dies then.
kill -KILL "$(pid_of coordinator)"
eventually 5 is_gone coordinator
TESTUDO_HALT=$TESTUDO_LAB/coordinator/halt "$TESTUDO_LAB/coordinator/start"
if eventually 10 all_present; then
    echo "full-disk: a coordinator starts with a full disk"
    check "and says what is true" is_enabled true
else
    echo "full-disk: a coordinator does not start with a full disk: $(tail -n 1 "$TESTUDO_LAB/coordinator/log")"
fi
check "nothing changed meanwhile" [ "$(kept)" = "$before_call" ]
free coordinator
restart coordinator
check "with space again it is back" eventually 20 all_present
patch false; check "and the next PATCH works" is_status 200

# The journal, in the middle: the rollout stops where it is.
in_the_middle 'journaled send' coordinator true
check "on with a journal that is full before enforce: 500" is_status 500
check "with 66256898" answers '"code": "66256898"'
check "and its words" answers "$no_journal"
check "GET says false" is_enabled false
free coordinator
check "with space again the fleet comes to clear by itself" eventually 30 all_empty
patch true; check "and the next PATCH works" is_status 200
in_the_middle 'journaled send' coordinator false
check "off with a journal that is full in the middle: 500" is_status 500
check "with 66256899" answers '"code": "66256899"'
check "and its words" answers "$no_journal"
free coordinator
check "with space again the fleet comes to enforce by itself" eventually 30 is_enabled true
check "with one set of SAs" eventually 10 has_one_set
patch false; check "and the next PATCH works" is_status 200
check "every edge is at clear" eventually 10 all_empty

# An agent's record, before a call and in the middle.
check "control: node2's disk takes nothing more" fill node2
before_call=$(kept)
patch true; refused "on with a full record" 500 66256898 "node2: $no_record"
free node2
patch true; check "with space again the next PATCH works" is_status 200
fill node2
before_call=$(kept)
patch false; refused "off with a full record" 500 66256899 "node2: $no_record"
free node2
check "GET says true again" eventually 30 is_enabled true
patch false; check "with space again the next PATCH works" is_status 200
check "every edge is at clear again" eventually 30 all_empty
for place in 'reported preflight' 'reported probe'; do
    in_the_middle "$place" node2 true
    check "on with a record that is full after '$place': 500" is_status 500
    check "with 66256898" answers '"code": "66256898"'
    check "and its words" answers "node2: $no_record"
    count=$(refusing)
    check "node2 enforces no edge that its record does not know ($count)" [ "$count" = 0 ]
    free node2
    check "the fleet comes to clear" eventually 30 all_empty
done
patch true; check "with space again the next PATCH works" is_status 200

check "nothing was lost" expect_no_loss "full disks"
check "no xfrm error counter moved" [ "$(xfrm_errors)" = "$before" ]
conclude
