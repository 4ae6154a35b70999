#!/bin/bash
# Twenty toggles under traffic (on, off, rotate), each with a fault, all drawn from a seed: a process is killed or stopped,
# protocol 50 is dropped before anything is sent with it, an SA or a policy is deleted by hand, the path is slow. Whatever
# the call is answered, the fleet must come to its target, and nothing may be lost but on the one flow whose SA or outbound
# policy was deleted: such a toggle's traffic is counted by itself.
#   Tests/Lab/scripts/random.sh [SEED [TOGGLES]]      the seed is printed; without one it is the time
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=random
[ -n "${TESTUDO_LAB:-}" ] ||
    exec "$scripts/../../../deploy/lab/run" --kernel uml --nodes 3 --drain auto -- "$scripts/random.sh" "$@"
. "$scripts/traffic.sh"
. "$scripts/api.sh"
. "$scripts/path.sh"
seed=${1:-$(date +%s)} toggles=${2:-20}
read -ra nodes <<<"$TESTUDO_NODES"
# The last one only where nothing is sent by ESP yet.
faults=(none coordinator-killed agent-killed agent-stopped association-deleted policy-deleted slow blocked)
echo "random: seed $seed"
RANDOM=$seed
# roll BELOW, pick WORD…: what is drawn is left in a variable, for a subshell would draw the same again.
roll() { drawn=$((RANDOM % $1)); }
pick() { roll $#; picked=${*:drawn+1:1}; }
pause() { sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"; }

# Always as many draws, so that a toggle's depend on the seed and not on the time.
draw_round() {
    if [ $target = false ]; then target=true; else roll 2; target=false; [ "$drawn" = 0 ] || target=rotate; fi
    if [ $target = true ]; then pick "${faults[@]}"; else pick "${faults[@]:0:7}"; fi
    fault=$picked
    pick "${nodes[@]}"; victim=$picked
    # shellcheck disable=SC2046 # Names with spaces between.
    pick $(printf '%s\n' "${nodes[@]}" | grep -vx "$victim"); peer=$picked
    pick ipv4 ipv6; family=$picked
    pick "$victim" "$peer"; place=$picked
    pick out in fwd; direction=$picked
    pick early late; moment=$picked
    [ "$fault" != blocked ] || moment=early
    roll 700; lead=$drawn; roll 1200; length=$drawn; roll 70; delay=$((10 + drawn))
}

begin_fault() {
    case $fault in
    coordinator-killed) kill -KILL "$(pid_of coordinator)" ;;
    agent-killed) kill -KILL "$(pid_of "$victim")" ;;
    agent-stopped) kill -STOP "$(pid_of "$victim")"; length=$((length * 4)) ;;
    association-deleted) # Of the flow from the victim to its peer, at either end.
        local source destination spi
        source=$(address "$victim" "$family") destination=$(address "$peer" "$family")
        spi=$(ip -n "$place" xfrm state list src "$source" dst "$destination" | grep -o -m 1 'spi 0x[0-9a-f]*') || return
        # shellcheck disable=SC2086 # Two words.
        ip -n "$place" xfrm state delete src "$source" dst "$destination" proto esp $spi 2>/dev/null &&
            cut=$victim/$peer/$family ends="$victim $peer" ;;
    policy-deleted)
        local bits=32 own other
        [ "$family" = ipv4 ] || bits=128
        own=$(address "$victim" "$family")/$bits other=$(address "$peer" "$family")/$bits
        [ "$direction" = out ] || { local swapped=$own; own=$other other=$swapped; }
        ip -n "$victim" xfrm policy delete src "$own" dst "$other" dir "$direction" 2>/dev/null || return
        deleted_policies=$((deleted_policies + 1))
        [ "$direction" != out ] || cut=$victim/$peer/$family ends="$victim $peer" ;;
    slow) make_slow $delay "${nodes[@]}" ;;
    blocked) block_esp -A "$victim" "$peer" ;;
    esac
}
end_fault() {
    case $fault in
    coordinator-killed) "$TESTUDO_LAB/coordinator/start" ;;
    agent-killed) "$TESTUDO_LAB/$victim/start" ;;
    agent-stopped) kill -CONT "$(pid_of "$victim")" ;;
    blocked) block_esp -D "$victim" "$peer" ;;
    esac
}

ask() { if [ "$1" = rotate ]; then rotate; else patch "$1"; fi; }
reach() { ask "$1"; [[ $status == 20[01] ]]; }
stands() { if [ "$1" = false ]; then is_enabled false && all_empty; else is_enabled true && has_one_set; fi; }

errors_but_of() { # NODE…
    local TESTUDO_NODES=" $TESTUDO_NODES " name
    for name; do TESTUDO_NODES=${TESTUDO_NODES/ $name / }; done
    xfrm_errors
}
open_count() {
    local name
    cut='' ends='' before=0
    for name in "${nodes[@]}"; do
        before_of[$name]=$(TESTUDO_NODES=$name xfrm_errors)
        before=$((before + before_of[$name]))
    done
    start_traffic --rate 50 --silence 3000
}
# close_count TITLE: nothing is lost but on the flow that was cut, and no error counter moves but of its two ends.
close_count() {
    stop_traffic || { check "$1: the traffic could be counted" false; return; }
    local lost=0 allowed=0 flow count expected=$before name
    while read -r flow count; do
        if [ "$flow" = "$cut" ]; then allowed=$((allowed + count)); else lost=$((lost + count)); fi
    done < <(grep -o '"from":"[^}]*' <<<"$report" |
        sed 's/"from":"\([^"]*\)","to":"\([^"]*\)","family":"\([^"]*\)","count":\([0-9]*\).*/\1\/\2\/\3 \4/')
    for name in $ends; do expected=$((expected - before_of[$name])); done
    sent=$((sent + $(figure sent))) lost_in_all=$((lost_in_all + lost)) lost_by_cuts=$((lost_by_cuts + allowed))
    # shellcheck disable=SC2086 # Names with spaces between.
    check "$1: 0 lost (${cut:-no flow} was cut: $allowed), tcp whole, error counters still" \
        [ "$lost $(figure missing tcp) $(figure broken tcp) $(figure unseen wire_total) $(errors_but_of $ends)" = \
            "0 0 0 0 $expected" ] || { echo "$report"; return; }
    [ "$(figure lost)" = $((lost + allowed)) ] || check "$1: every loss is named" false
}

declare -A before_of answered
sent=0 lost_in_all=0 lost_by_cuts=0 deleted_policies=0 target=false slowest=0
patch true; patch false
make_slow 0 "${nodes[@]}" || { echo "random: no netem here"; exit 1; }
open_count
for ((round = 1; round <= toggles; round++)); do
    draw_round
    title="$round: $target, $fault"
    [[ "$fault" != *-deleted ]] || { close_count "until $round"; open_count; }
    if [ "$moment" = early ]; then begin_fault; pause "$lead"; fi
    (ask $target; echo "$status" >"$TESTUDO_LAB/first") &
    caller=$!
    if [ "$moment" = late ]; then pause "$lead"; begin_fault; fi
    pause "$length"
    end_fault
    wait $caller
    first=$(cat "$TESTUDO_LAB/first") began=$(date +%s%N)
    answered[$first]=$((${answered[$first]:-0} + 1))
    [[ "$fault" != @(none|slow) ]] || check "$title: is answered 200 or 201 ($first)" [ "${first:0:2}" = 20 ]
    check "$title: every process is heard" eventually 30 all_present
    [ "${first:0:2}" = 20 ] || check "$title: a later call works" eventually 60 reach $target
    check "$title ($victim $peer $family at $place $direction, $lead ms $moment for $length ms, answered $first): stands" \
        eventually 30 stands $target
    took=$((($(date +%s%N) - began) / 1000000))
    [ $took -le $slowest ] || slowest=$took
    [ "$fault" != slow ] || make_slow 0 "${nodes[@]}"
    [[ "$fault" != *-deleted ]] || { close_count "$title"; open_count; }
done
close_count "until the end"

# Control: protected traffic is lost where protocol 50 is dropped, and only there.
eventually 40 reach true && open_count
block_esp -A node1 node2; sleep 0.5; block_esp -D node1 node2
stop_traffic
elsewhere=$(grep -o '"from":"[^}]*' <<<"$report" | grep -cv -e 'node1","to":"node2"' -e 'node2","to":"node1"')
check "control: a blocked edge loses ($(figure lost)), and no other ($elsewhere)" \
    [ "$(figure lost)" -gt 0 -a "$elsewhere" = 0 ]
echo "random: seed $seed: $toggles toggles: sent=$sent lost=$lost_in_all, on cut flows $lost_by_cuts;" \
    "answers:$(for each in "${!answered[@]}"; do printf ' %s x%d' "$each" "${answered[$each]}"; done);" \
    "deleted policies $deleted_policies; slowest to its target after the fault and the answer $slowest ms"
conclude
