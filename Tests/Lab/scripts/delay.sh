#!/bin/bash
# A network that takes so many milliseconds each way (100), under traffic: on, off and rotate lose nothing with an automatic
# drain. With `short` as argument the lab's drain is shorter than the delay, and packets must be lost (the control).
#   Tests/Lab/scripts/delay.sh [MILLISECONDS|short]
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=delay
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --drain auto -- "$scripts/delay.sh" "$@"
. "$scripts/traffic.sh"
. "$scripts/api.sh"
. "$scripts/path.sh"
delay=${1:-100}
[ "$delay" != short ] || delay=100
patch true; patch false
before=$(xfrm_errors)
# shellcheck disable=SC2086 # Names with spaces between.
make_slow "$delay" $TESTUDO_NODES || { echo "delay: no netem here"; exit 1; }
start_traffic --rate 50 --silence 4000
for step in true rotate false; do
    if [ $step = rotate ]; then rotate; else patch $step; fi
    check "$step with $delay ms each way is answered" bash -c "[[ $status == 20* ]]"
done
if [ "${1:-}" = short ]; then
    stop_traffic
    echo "delay: control: sent=$(figure sent) lost=$(figure lost)"
    check "control: a drain shorter than the delay loses" [ "$(figure lost)" -gt 0 ]
else
    call GET '/api/fleet/rollouts?max_records=3&pretty=false'
    echo "delay: off, rotate, on: $(grep -o -e '"drain_micro[a-z]*":[0-9]*' -e '"probe_micro[a-z]*":[0-9]*' <<<"$answer" |
        tr '\n' ' ')"
    check "nothing was lost" expect_no_loss "$delay ms each way"
    check "no xfrm error counter moved" [ "$(xfrm_errors)" = "$before" ]
fi
conclude
