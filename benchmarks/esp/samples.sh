# shellcheck shell=bash disable=SC2154 # Names that are set where this file is sourced.
# Samples, traffic and what is asked of the kernels, for the scripts that run inside the lab: source this file with
# `results`, `rate` and `here` set. In User-Mode Linux a process takes longer to start than a toggle's step, so that what is
# asked often is asked of one that runs already, and nothing here starts another for its answer.

round=0
read -ra names <<<"$TESTUDO_NODES"
nodes=${#names[@]}
calm_seconds=0.2
patience_seconds=30

fail() { echo "bench: esp: $*" >&2; exit 1; }
line() { printf '{"benchmark":"esp",%s}\n' "$1" >>"$results"; }
# sample SUBJECT CASE VALUE UNIT [MORE]: round 0 warms up.
sample() {
    [ "$round" -eq 0 ] ||
        line "\"subject\":\"$1\",\"case\":\"$2\",\"n\":$nodes,\"round\":$round,\"value\":$3,\"unit\":\"$4\"${5:-}"
}
# figure VARIABLE NAME [OBJECT]: the first figure of that name in `report`, or the first one inside OBJECT ("wire", "tcp" …).
figure() {
    local text=$report
    [ $# -lt 3 ] || text=${text#*\""$3"\":}
    text=${text#*\""$2"\":}
    printf -v "$1" %s "${text%%[,\}]*}"
}

# ask COMMAND [ARGUMENT]…: leaves the observer's answer in `said`. Two pipes without names lead to it and back.
exec {questions}<> <(:) {answers}<> <(:)
"$here/observer" <&"$questions" >&"$answers" &
observer=$!
trap 'kill $observer' EXIT
ask() {
    echo "$*" >&"$questions"
    read -r -t $((patience_seconds * 3)) said <&"$answers" || fail "no word from the observer on '$*'"
    [[ $said != error* ]] || fail "the observer on '$*': $said"
}

# carries esp|clear: between nodes the bridge sees this kind only, and does see it.
carries() {
    local esp clear unseen seen other
    ask wire $calm_seconds
    read -r esp clear unseen <<<"$said"
    if [ "$1" = esp ]; then seen=$esp other=$clear; else seen=$clear other=$esp; fi
    { [ "$seen" -gt 0 ] && [ "$other" = 0 ] && [ "$unseen" = 0 ]; } ||
        fail "not only $1 on the wire of $nodes nodes: esp=$esp clear=$clear unseen=$unseen"
}

# begin_traffic SILENCE: numbered packets on every edge; returns when they flow.
begin_traffic() {
    ask errors
    errors=$said
    "$TESTUDO_BIN/testudo-traffic" --nodes "${TESTUDO_NODES// /,}" --control "$TESTUDO_LAB/traffic.socket" --rate "$rate" \
        --silence "$1" &
    traffic=$!
    ask traffic mark start
}
# end_traffic SUBJECT TOGGLES [PREFIX]: samples of what was sent and lost. It must have been sent: at half its rate at least.
end_traffic() {
    local sent lost received heard milliseconds edges unseen missing broken retransmits gap prefix=${3:-}
    local more=",\"toggles\":$2,\"rate\":$rate"
    ask traffic stop
    report=$said
    wait "$traffic"
    figure sent sent; figure lost lost; figure received received; figure milliseconds milliseconds; figure edges edges
    figure heard bytes_received tcp; figure missing missing tcp; figure broken broken tcp; figure unseen unseen wire_total
    figure retransmits retransmits tcp; figure gap longest_gap_ms tcp
    { ((sent * 1000 * 2 >= milliseconds * edges * rate)) && [ "$received" -gt 0 ] && [ "$heard" -gt 0 ]; } ||
        fail "the traffic did not go: $report"
    [ "$unseen" = 0 ] || fail "the sniffer was too slow: $report"
    ask errors
    sample "$1" "${prefix}sent" "$sent" count "$more"
    sample "$1" "${prefix}xfrm_errors" $((said - errors)) count "$more"
    more+=",\"tcp_missing\":$missing,\"tcp_broken\":$broken,\"tcp_retransmits\":$retransmits,\"tcp_longest_gap_ms\":$gap"
    sample "$1" "${prefix}lost" "$lost" count "$more"
    echo "bench: esp: $1, $nodes nodes, ${prefix}round $round: sent=$sent lost=$lost xfrm errors=$((said - errors))" >&2
}
