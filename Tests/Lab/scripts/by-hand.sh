#!/bin/bash
# IPsec on and off by hand, with nothing but `ip xfrm`, under traffic: proves the counter before it judges Testudo,
# and the intruders that other tests send against it.
#
# In ladder order (accept everywhere, send everywhere, drain, enforce everywhere, and back) nothing may be lost. Node
# after node, 100 ms apart, more than 50 packets must be lost, on and off: a counter that is blind proves nothing.
#   Tests/Lab/scripts/by-hand.sh          starts a lab of four nodes for itself, or runs inside one
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
if [ -z "${TESTUDO_LAB:-}" ]; then
    exec "$scripts/../../../deploy/lab/run" --without-testudo -- "$scripts/by-hand.sh" "$@"
fi
. "$scripts/traffic.sh"
rate=100 skew=0.1 drain=0.2 reqid=7 failures=0 generation=0
naive_loss_minimum=51
keys=$TESTUDO_LAB/by-hand
numbers=()
for name in $TESTUDO_NODES; do numbers+=("${name#node}"); done

# prepare: fresh keys for every edge and family, and each node's changes as files, so that switching takes no longer
# than `ip` itself. Files, since an argument list is readable by all.
prepare() {
    generation=$((generation + 1))
    rm -f "$TESTUDO_LAB"/by-hand-*.key
    (
        umask 077
        local sender receiver family
        for sender in "${numbers[@]}"; do for receiver in "${numbers[@]}"; do for family in 4 6; do
            [ "$sender" = "$receiver" ] || echo "$sender $receiver $family"
        done; done; done >"$keys.edges"
        od -An -v -tx1 -w36 -N $((36 * $(wc -l <"$keys.edges"))) /dev/urandom | sed 's/ //g;s/^/0x/' |
            paste -d ' ' "$keys.edges" - |
            awk -v folder="$TESTUDO_LAB" -v generation=$generation -v reqid=$reqid -f "$scripts/by-hand-changes.awk"
    )
}
do_step() { # STEP NODE
    ip -n "node$2" -batch "$TESTUDO_LAB/by-hand-$1-$2.key" && return
    echo "by-hand: $1 failed on node$2" >&2
    exit 1
}
everywhere() { for number in "${numbers[@]}"; do do_step "$1" "$number"; done; }

ladder_on() { everywhere accept; everywhere send; sleep $drain; everywhere enforce; }
ladder_off() { everywhere relax; everywhere hush; sleep $drain; everywhere forget; }
naive() { # STEP…: node after node
    local number step
    for number in "${numbers[@]}"; do
        for step; do do_step "$step" "$number"; done
        sleep $skew
    done
}
naive_on() { naive accept send enforce; }
naive_off() { naive relax hush forget; }
nothing() { :; }

# under_traffic TITLE none|some ACTION [OPTION…]: a second of traffic, the action, a second more; then the count.
under_traffic() {
    local title=$1 expected=$2 action=$3 before after verdict=ok
    shift 3
    before=$("$scripts/xfrm-errors" | tail -1)
    start_traffic --rate $rate "$@"
    sleep 1
    $action
    mark after >/dev/null
    sleep 1
    stop_traffic || exit 1
    after=$("$scripts/xfrm-errors" | tail -1)
    local lost errors=$((${after#total } - ${before#total }))
    lost=$(figure lost)
    if [ "$expected" = none ]; then
        [ "$lost $errors $(figure missing tcp) $(figure broken tcp)" = '0 0 0 0' ] || verdict=FAILED
    else
        [ "$lost" -ge $naive_loss_minimum ] || verdict=FAILED
    fi
    [ "$(figure unseen wire_total)" = 0 ] || verdict=FAILED
    echo "by-hand: $title: sent=$(figure sent) lost=$lost (refused $(figure failed)), xfrm errors=$errors," \
        "tcp retransmits=$(figure retransmits tcp) longest gap=$(figure longest_gap_ms tcp) ms," \
        "on the wire afterwards: esp=$(figure esp wire) clear=$(figure clear wire): $verdict"
    [ $verdict = ok ] || { failures=$((failures + 1)); echo "$report"; }
}

# The wire after the last switch must show one kind only.
expect_wire() { # esp|clear
    local other=clear
    [ "$1" = esp ] || other=esp
    [ "$(figure "$1" wire)" -gt 0 ] && [ "$(figure $other wire)" = 0 ] && return
    echo "by-hand: FAILED: not only $1 on the wire"
    failures=$((failures + 1))
}

# One byte more than the greatest payload must be refused under ESP, or it is not the greatest.
one_byte_more() {
    start_traffic --rate $rate --greatest4 1439 --greatest6 1419 --no-tcp
    sleep 0.5
    stop_traffic || exit 1
    local refused sent
    refused=$(figure failed) sent=$(figure sent)
    echo "by-hand: one byte more than the greatest payload: $refused of $sent refused ($(figure last_failure))"
    [ "$refused" -gt $((sent / 4)) ] && [ "$(figure lost)" = "$refused" ] || failures=$((failures + 1))
}

prepare
ladder_on; ladder_off # Loads the modules: the first SA takes seconds.
under_traffic 'no toggle' none nothing; expect_wire clear
prepare
under_traffic 'on, in ladder order' none ladder_on; expect_wire esp
one_byte_more
under_traffic 'no toggle, protected' none nothing; expect_wire esp
under_traffic 'off, in ladder order' none ladder_off; expect_wire clear
prepare
under_traffic 'on, node after node' some naive_on; expect_wire esp
under_traffic 'off, node after node' some naive_off; expect_wire clear
prepare
"$scripts/intruders.sh" clear || failures=$((failures + 1))
ladder_on
"$scripts/intruders.sh" protected || failures=$((failures + 1))
rm -f "$keys.edges" "$TESTUDO_LAB"/by-hand-*.key
[ $failures = 0 ] || { echo "by-hand: $failures failed"; exit 1; }
echo "by-hand: all as it must be"
