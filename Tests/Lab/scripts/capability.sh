#!/bin/bash
# The agent needs CAP_NET_ADMIN and nothing else: node1's runs as an ordinary user with that one capability.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=capability
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --nodes 2 -- "$scripts/capability.sh"
. "$scripts/api.sh"
kill "$(pid_of node1)"
eventually 5 is_gone node1
user=65534
home=/run/testudo-capability
mkdir -p $home && cp -r "$TESTUDO_BIN/testudo-agent" "$TESTUDO_LAB/node1/"{bus.key,identity.key,state,agent.conf} $home
sed -i "s|$TESTUDO_LAB/node1/|$home/|" $home/agent.conf
chown -R $user:$user $home
chmod 755 /run $home
ip netns exec node1 setpriv --reuid $user --regid $user --clear-groups --no-new-privs --bounding-set=-all,+net_admin \
    --inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \
    $home/testudo-agent run --config $home/agent.conf >>"$TESTUDO_LAB/node1/log" 2>&1 &
agent=$!
echo $agent >"$TESTUDO_LAB/node1/pid"
check "the agent is present" eventually 20 all_present
capabilities=$(awk '/CapEff/ {print $2}' "/proc/$agent/status")
check "it has CAP_NET_ADMIN alone ($capabilities)" [ "$((16#$capabilities))" = $((1 << 12)) ]
check "it is not root" [ "$(awk '/^Uid/ {print $2}' "/proc/$agent/status")" = $user ]
patch true; check "PATCH enabled=true is answered 200" is_status 200
check "GET says so" is_enabled true
patch false; check "PATCH enabled=false is answered 200" is_status 200
conclude
