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

patch true; check "on again" is_status 200
# Where Swift's runtime is a shared library, as beside the tests, its pages are no agent's own.
for name in $TESTUDO_NODES; do
    field=VmRSS
    ! grep -q libswiftCore "/proc/$(pid_of "$name")/maps" || field=RssAnon
    resident=$(awk "/$field/ {print \$2}" "/proc/$(pid_of "$name")/status")
    check "$name's agent needs at most 20 MiB (it has $resident KiB, $field)" [ "$resident" -gt 0 -a "$resident" -le 20480 ]
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
# Intruders: first the control in clear, then under protection; the last one spoils an edge, so nothing comes after it.
patch false
check "control: in clear every intruder is heard" "$scripts/intruders.sh" clear
patch true; check "PATCH enabled=true before the intruders is answered 200" is_status 200
check "protected: no intruder is heard, ESP to a published port is" "$scripts/intruders.sh" protected
conclude
