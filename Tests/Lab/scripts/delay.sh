#!/bin/bash
# A network that takes 100 ms each way, under traffic: on, off and rotate lose nothing with an automatic drain. With `short`
# as argument the lab's drain is shorter than the delay, and packets must be lost (the control).
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=delay
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --drain auto -- "$scripts/delay.sh" "$@"
. "$scripts/traffic.sh"
. "$scripts/api.sh"
modprobe -a sch_netem sch_prio cls_u32 2>/dev/null
patch true; patch false
before=$(xfrm_errors)
for name in $TESTUDO_NODES; do
    # Not the bus: its own delay would be a drain.
    ip netns exec "$name" tc -batch - <<END || { echo "delay: no netem here"; exit 1; }
qdisc add dev eth0 root handle 1: prio priomap 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2
qdisc add dev eth0 parent 1:3 handle 30: netem delay 100ms limit 100000
filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip dst 10.77.0.254/32 flowid 1:1
END
done
start_traffic --rate 50 --silence 4000
for step in true rotate false; do
    if [ $step = rotate ]; then call POST /api/fleet/rollouts '{"kind": "rotate"}'; else patch $step; fi
    check "$step with 100 ms each way is answered" bash -c "[[ $status == 20* ]]"
done
if [ "${1:-}" = short ]; then
    stop_traffic
    echo "delay: control: sent=$(figure sent) lost=$(figure lost)"
    check "control: a drain shorter than the delay loses" [ "$(figure lost)" -gt 0 ]
else
    call GET '/api/fleet/rollouts?max_records=3&pretty=false'
    echo "delay: $(grep -o '"drain_microseconds":[0-9]*,"probe_microseconds":[0-9]*' <<<"$answer" | tr '\n' ' ')"
    check "nothing was lost" expect_no_loss "100 ms each way"
    check "no xfrm error counter moved" [ "$(xfrm_errors)" = "$before" ]
fi
conclude
