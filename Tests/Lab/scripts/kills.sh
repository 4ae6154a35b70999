#!/bin/bash
# kill -9 of the coordinator and of an agent at every effect boundary, up, down and rotating, under traffic: traffic flows,
# and a new call after the restart works from whatever the edges stand on. $1: coordinator, agent, or rotating for both.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=kills
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" -- "$scripts/kills.sh" "$@"
. "$scripts/traffic.sh"
. "$scripts/api.sh"
who=${1:-both}

coordinator_up=('journaled plan' 'journaled preflight' 'sent preflight' 'received preflight' 'journaled accept' 'sent accept' 'received accept' 'journaled probe' 'sent probe' 'received probe'
    'journaled send' 'sent send' 'received send'
    'journaled drain' 'journaled enforce' 'sent enforce' 'received enforce' 'journaled end')
coordinator_down=('journaled plan' 'journaled observe' 'sent observe' 'received observe' 'journaled send' 'sent send'
    'received send' 'journaled accept' 'sent accept' 'received accept' 'journaled drain' 'journaled clear' 'sent clear'
    'received clear' 'journaled end')
agent_up=() agent_down=()
for rung in preflight accept probe send enforce; do
    for effect in received applied reported; do agent_up+=("$effect $rung"); done
done
for rung in observe send accept clear; do
    for effect in received applied reported; do agent_down+=("$effect $rung"); done
done
agent_up+=('persisted preflight') agent_down+=('persisted observe')

coordinator_rotating=('journaled plan' 'journaled offers' 'sent offers' 'received offers' 'journaled accept'
    'sent accept' 'received accept' 'sent probe' 'received probe' 'journaled send' 'sent send' 'received send' 'journaled drain' 'journaled drop' 'sent drop'
    'received drop' 'journaled end')
agent_rotating=('received offers' 'applied offers' 'reported offers' 'received enforce' 'applied enforce'
    'reported enforce' 'received probe' 'applied probe' 'reported probe')

# kill_rotating PROCESS PLACE: the process dies there during a rotation; the fleet stays or comes back protected, with one
# set of SAs for every edge, and the next rotation works.
kill_rotating() {
    halt_at "$1" "kill:$2"
    rotate_in_a_row &
    local caller=$!
    if ! eventually 20 is_gone "$1"; then check "$1 dies at '$2'" false; wait $caller; return; fi
    restart "$1"
    wait $caller
    eventually 20 all_present
    check "$1 killed at '$2' while rotating: one set of SAs everywhere" eventually 30 has_one_set
    check "and GET says enabled" eventually 10 is_enabled true
}
# Eight rotations without a pause, until one fails: whoever has an offer ready is not asked for one, and makes the next within
# a second.
rotate_in_a_row() {
    local try
    for try in 1 2 3 4 5 6 7 8; do
        call POST /api/fleet/rollouts '{"kind": "rotate"}'
        [ "$status" = 201 ] || return
    done
}
has_one_set() {
    local name peers=$(($(wc -w <<<"$TESTUDO_NODES") - 1))
    for name in $TESTUDO_NODES; do
        [ "$(ip -n "$name" xfrm state list | grep -c 'proto esp spi')" = $((peers * 4)) ] || return 1
    done
}

# kill_at PROCESS PLACE TARGET: the process dies there during a PATCH, is started again, and a new PATCH works.
kill_at() {
    halt_at "$1" "kill:$2"
    (patch "$3") &
    local caller=$!
    if ! eventually 20 is_gone "$1"; then check "$1 dies at '$2'" false; wait $caller; return; fi
    restart "$1"
    wait $caller
    eventually 20 all_present
    patch "$3"
    check "$1 killed at '$2': the next PATCH enabled=$3 is answered 200" is_status 200
    is_enabled "$3" || check "and GET says so" false
}

for process in coordinator node2; do restart $process; done
eventually 20 all_present
patch true; patch false
before=$(xfrm_errors)
start_traffic --rate 100
walk() { # PROCESS UP… -- DOWN…
    local process=$1 up=() down=()
    shift
    while [ "$1" != -- ]; do up+=("$1"); shift; done
    shift
    down=("$@")
    local count=${#up[@]} index
    [ ${#down[@]} -le "$count" ] || count=${#down[@]}
    for ((index = 0; index < count; index++)); do
        if ((index < ${#up[@]})); then kill_at "$process" "${up[index]}" true; else patch true; fi
        if ((index < ${#down[@]})); then kill_at "$process" "${down[index]}" false; else patch false; fi
    done
}
if [ "$who" = rotating ]; then
    patch true
    for place in "${coordinator_rotating[@]}"; do kill_rotating coordinator "$place"; done
    for place in "${agent_rotating[@]}"; do kill_rotating node2 "$place"; done
    call POST /api/fleet/rollouts '{"kind": "rotate"}'
    check "a last rotation works" is_status 201
fi
[[ $who == @(agent|rotating) ]] || walk coordinator "${coordinator_up[@]}" -- "${coordinator_down[@]}"
[[ $who == @(coordinator|rotating) ]] || walk node2 "${agent_up[@]}" -- "${agent_down[@]}"
check "nothing was lost" expect_no_loss "kills at every effect boundary"
check "no xfrm error counter moved" [ "$(xfrm_errors)" = "$before" ]
conclude
