#!/bin/bash
# The command line as an operator types it: what it shows, what it changes, and by which status it ends.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=command-line
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --kernel simulated -- "$scripts/command-line.sh" "$@"
. "$scripts/api.sh"
testudo=$TESTUDO_BIN/testudo

# types STATUS WORD…: leaves what was written in `out` and `err`.
types() {
    local expected=$1
    shift
    out=$("$testudo" "$@" 2>"$TESTUDO_LAB/err" </dev/null)
    local ended=$?
    err=$(<"$TESTUDO_LAB/err")
    [ $ended = "$expected" ] || { echo "$script: status $ended of '$*': $out $err"; return 1; }
}
says() { [[ $out == *"$1"* ]] || { echo "$script: $out"; return 1; }; }
complains() { [[ $err == *"$1"* ]] || { echo "$script: $err"; return 1; }; }

eventually 20 all_present
check "config show" types 0 security ipsec config show
check "says that it is off" says 'IPsec Enabled: false'
check "another window while it is off" types 0 security ipsec config modify -replay-window 128
check "is done" says 'Done.'
check "rotate while it is off" types 0 security ipsec rotate
check "has nothing to do" says 'There was nothing to change.'
check "config modify with one hyphen" types 0 security ipsec config modify -is-enabled true
check "says that it is done" says 'Done.'
check "tells its steps on the way" complains 'enable: '
check "GET says so" is_enabled true
check "again, with two hyphens" types 0 security ipsec config modify --is-enabled true
check "has nothing to do" says 'There was nothing to change.'
check "rotate" types 0 security ipsec rotate
check "replay window" types 0 security ipsec config modify -replay-window 256
check "config show with fields" types 0 security ipsec config show -fields replay_window
check "shows it" says '256'
check "show-ipsecsa with a property below another" types 0 security ipsec show-ipsecsa -fields ipsec.inbound
check "has a column for each" says 'ipsec.inbound.packets'
check "all of it" types 0 fleet rollouts -fields '*' -instance
check "has what no table shows" says 'probe_microseconds: '
check "cluster show" types 0 cluster show
check "is a table with every node" says '4 entries were displayed.'
check "cluster show -instance" types 0 cluster show -instance
check "is a block a node" says 'Rung: enforce'
check "show-ipsecsa of one node" types 0 security ipsec show-ipsecsa -node node1
check "shows its SAs" says 'INSTALLED'
check "edges as JSON" types 0 fleet edges --json
check "is what the server said" says '"opposite_rung": "enforce"'
check "rollouts" types 0 fleet rollouts
check "events" types 0 fleet events
check "says who came" says 'node present'
check "job show" types 0 job show
check "completion for bash" types 0 --generate-completion-script bash

check "a refused window" types 1 security ipsec config modify -replay-window 65
check "has ONTAP's code" complains 'Error 262185'
check "no time at all" types 2 security ipsec rotate -timeout 0
check "no change at all" types 2 security ipsec config modify
check "an unknown option" types 2 cluster show -nonsense
check "nobody there" types 3 cluster show -url https://127.0.0.1:1
check "another authority" types 3 cluster show -ca /etc/ssl/certs/ca-certificates.crt
echo "password=$TESTUDO_PASSWORD" >"$TESTUDO_LAB/credentials"
chmod 644 "$TESTUDO_LAB/credentials"
check "credentials that others may read" types 2 cluster show -credentials "$TESTUDO_LAB/credentials"
check "are refused" complains 'chmod 600'
chmod 600 "$TESTUDO_LAB/credentials"
TESTUDO_PASSWORD='' check "and are taken when they may not" types 0 cluster show -credentials "$TESTUDO_LAB/credentials"
TESTUDO_PASSWORD=wrong check "a wrong password" types 1 cluster show
check "is told in ONTAP's words" complains 'User is not authorized.'
kill -STOP "$(pid_of node2)"
check "a change that takes too long" types 4 security ipsec config modify -is-enabled false -timeout 1
check "names its job" complains 'testudo job show -id'
kill -CONT "$(pid_of node2)"
conclude
