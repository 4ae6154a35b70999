#!/bin/bash
# A node joins a protected fleet by configuration and leaves it by a call, under traffic on every edge, its own included: it
# speaks in clear until its edges climb. The other edges' SAs and policies stay as they are, to the second they were made.
# Run it in `deploy/lab/run --nodes 4 --late 1`.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script='join'
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --nodes 4 --late 1 -- "$scripts/join.sh" "$@"
. "$scripts/traffic.sh"
. "$scripts/api.sh"
. "$scripts/path.sh"
old=$TESTUDO_NODES new=${TESTUDO_LATE:?start the lab with --late 1}
configuration=$TESTUDO_LAB/coordinator/coordinator.yaml

# edges_of_others: a digest, for there are keys in it, of all SAs and policies between nodes that were there before, with
# SPIs, keys, indices and the times they were made; what traffic changes is left out. $1: a file for the readable part.
edges_of_others() {
    local name
    for name in $old; do
        ip -n "$name" -d -s xfrm state list
        ip -n "$name" -d -s xfrm policy list
    done | awk -v numbers="${old//[^0-9 ]/}" '
        BEGIN { gsub(" ", "|", numbers); one = "(10[.]77[.]0[.]|fd77::)(" numbers ")(/[0-9]+)?" }
        /^src / { isOurs = $0 ~ "^src " one " dst " one "( |$)" }
        isOurs && !/[(]bytes[)], |oseq|seq-hi|replay-window|lastused|^[ \t]*[0-9a-f ]+$/ { sub(/ use .*/, ""); print }
    ' >"$TESTUDO_LAB/edges.key"
    grep -v aead "$TESTUDO_LAB/edges.key" >"$1"
    sha256sum <"$TESTUDO_LAB/edges.key"
    rm "$TESTUDO_LAB/edges.key"
}
restart_coordinator() { # SIGNAL
    kill "-$1" "$(pid_of coordinator)"
    eventually 10 is_gone coordinator
    "$TESTUDO_LAB/coordinator/start"
}
untouched() { [ "$(edges_of_others "$TESTUDO_LAB/edges")" = "$kept" ]; }
made() { grep -c 'add 20' "$TESTUDO_LAB/edges"; }
protected_in_all() { is_enabled true && has_one_set; }

# Twice on: the edges are not those that were made first.
patch true; patch false; patch true
check "on" is_status 200
kept=$(edges_of_others "$TESTUDO_LAB/edges")
count=$(wc -w <<<"$old")
check "five of them for each edge and family: two SAs, three policies ($(made))" [ "$(made)" = $((count * (count - 1) * 10)) ]
sleep 1.1 # Times are kept in seconds.
before=$(TESTUDO_NODES="$old $new" xfrm_errors)
TESTUDO_NODES="$old $new" start_traffic --rate 50
sleep 1
report=$(mark joining)
check "the new node speaks in clear, the others by ESP (esp=$(figure esp wire) clear=$(figure clear wire))" \
    [ "$(figure esp wire)" -gt 0 -a "$(figure clear wire)" -gt 0 ]

# It joins: first the configuration, then its agent.
cp "$configuration" "$configuration.before"
cat "$TESTUDO_LAB/$new/member" >>"$configuration"
restart_coordinator TERM
TESTUDO_NODES="$old $new"
began=$(date +%s%N)
"$TESTUDO_LAB/$new/start"
check "the new node joins by itself" eventually 40 protected_in_all
echo "join: agent started to protected in $((($(date +%s%N) - began) / 1000000)) ms, drain included"
check "all are present" eventually 5 all_present
check "the others' edges are as they were, to the second they were made" untouched
check "every node protects its edges to the new one" has_in_policies "$new" 6
mark joined >/dev/null; sleep 0.7
report=$(mark leaving)
check "only ESP between nodes (esp=$(figure esp wire) clear=$(figure clear wire))" \
    [ "$(figure clear wire)" = 0 -a "$(figure esp wire)" -gt 0 ]

# Without a call it cannot leave: a coordinator whose configuration lacks it does not start.
cp "$configuration" "$configuration.with"
cp "$configuration.before" "$configuration"
restart_coordinator TERM
check "control: without DELETE a coordinator that does not know it any more ends" eventually 10 is_gone coordinator
check "control: and says why" grep -q "no longer lists $new" "$TESTUDO_LAB/coordinator/log"
check "the others' edges are as they were" untouched
cp "$configuration.with" "$configuration"
"$TESTUDO_LAB/coordinator/start"
check "with it, it starts" eventually 20 all_present
check "GET says enabled" is_enabled true

# It leaves: first by the call, then from the configuration.
began=$(date +%s%N)
call DELETE "/api/fleet/nodes/$new"
check "it descends and leaves" is_status 200
echo "join: left in $((($(date +%s%N) - began) / 1000000)) ms, drain included"
check "it keeps nothing" eventually 5 is_empty "$new"
TESTUDO_NODES=$old
check "the others keep one set for each other" eventually 5 has_one_set
check "the others' edges are as they were" untouched
cp "$configuration.before" "$configuration"
restart_coordinator KILL
check "the configuration without it is taken" eventually 20 all_present
check "GET says enabled still" is_enabled true
sleep 2 # For what a coordinator might do by itself.
check "the others' edges are as they were to the end" untouched
TESTUDO_NODES="$old $new"
check "nothing was lost, on the new node's edges neither" expect_no_loss "a node joins and leaves"
check "no xfrm error counter moved" [ "$(xfrm_errors)" = "$before" ]
TESTUDO_NODES=$old
rotate
changed() { ! untouched; }
check "control: a rotation is seen as a change" changed
conclude
