# The processes of the fleet: how each is started, awaited and ended.
presence_seconds_base=60 # and one more for each node: a simulated fleet of 100 starts 100 processes on two processors

# A process gets CAP_NET_ADMIN and no other capability, as on a real host.
only_net_admin=(setpriv --bounding-set=-all,+net_admin --inh-caps=-all,+net_admin)

# write_start NAME WORD…: the script that starts one process, now and after a test has killed it.
write_start() {
    local name=$1
    shift
    cat >"$lab/$name/start" <<END
#!/bin/bash
# Starts $name again: writes its pid, appends to its log, hands on the environment (but not the lab's password).
cd $(printf %q "$lab/$name") || exit 1
process=\$(cat pid 2>/dev/null)
if [ -n "\$process" ] && state=\$(sed 's/.*) //' "/proc/\$process/stat" 2>/dev/null) && [[ \$state != [ZX]* ]]; then
    echo "$name: it runs already, as process \$process" >&2
    exit 1
fi
unset TESTUDO_PASSWORD
(exec env --default-signal=INT,QUIT setsid $(printf '%q ' "$@")) </dev/null >>log 2>&1 &
echo \$! >pid.new && mv pid.new pid
END
    chmod 700 "$lab/$name/start"
}

# Writes every process's start, on its node or in the lab's own namespace.
prepare_starts() {
    local name place=() simulated=() limits=("${only_net_admin[@]}")
    if [ "$kernel" = simulated ]; then
        simulated=(--kernel simulated) limits=()
    elif ! "${limits[@]}" "$binaries/testudo-agent" --help >/dev/null 2>&1; then
        # A toolchain or a clone that only its owner may read: without CAP_DAC_OVERRIDE root cannot run from it.
        echo "lab: agents keep all capabilities, for $binaries is not readable without" >&"$log"
        limits=()
    fi
    for name in "${names[@]}" "${late_names[@]}"; do
        [ "$kernel" = simulated ] || place=(ip netns exec "$name")
        write_start "$name" "${place[@]}" "${limits[@]}" \
            "$binaries/testudo-agent" run --config "$lab/$name/agent.conf" "${simulated[@]}"
    done
    place=()
    [ -z "$coordinator_on" ] || place=(ip netns exec "$coordinator_on")
    write_start coordinator "${place[@]}" \
        "$binaries/testudo-coordinator" run --config "$lab/coordinator/coordinator.yaml"
}

start_fleet() {
    local name
    take_ports || fail "no two free ports on loopback"
    make_keys >&"$log" 2>&1 || fail "the keys cannot be made" "$lab/.lab/log"
    for name in "${names[@]}" "${late_names[@]}"; do
        write_agent_configuration "$name"
        write_member "$name"
    done
    write_coordinator_configuration
    prepare_starts
    for name in coordinator "${names[@]}"; do "$lab/$name/start" {log}>&-; done
    await_presence
}

# Waits until the coordinator answers and says that every node is up.
await_presence() {
    local expected=${#names[@]} deadline=$((SECONDS + presence_seconds_base + nodes)) up=0
    while [ $SECONDS -lt $deadline ]; do
        alive "$(cat "$lab/coordinator/pid")" ||
            fail "the coordinator ended by itself" "$lab/coordinator/log"
        up=$(count_present)
        [ "$up" != "$expected" ] || return 0
        sleep 0.2
    done
    fail "$up of $expected nodes were present after $((presence_seconds_base + nodes)) s" "$(log_of_an_absent_node)"
}

count_present() {
    local rest=$lab/coordinator/rest
    [ -s "$rest/password" ] && [ -s "$rest/ca.pem" ] || { echo 0; return; }
    printf 'user = "admin:%s"\n' "$(cat "$rest/password")" |
        curl --silent --max-time 5 --cacert "$rest/ca.pem" --config - "$rest_url/api/cluster/nodes?fields=name,state" |
        tr -d ' \n' | grep -o '"state":"up"' | wc -l
}

# The log of a node whose agent has died, else the coordinator's.
log_of_an_absent_node() {
    local name
    for name in "${names[@]}"; do
        alive "$(cat "$lab/$name/pid")" || { echo "$lab/$name/log"; return; }
    done
    echo "$lab/coordinator/log"
}

# alive PROCESS: it is there, and not only waiting to be reaped by somebody else's init.
alive() {
    local state
    state=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) && [[ $state != [ZX]* ]]
}

# Asks every process to end, and does not wait long: whoever was stopped or hangs is killed.
end_processes() {
    local file process running=() left
    for file in "$lab"/*/pid; do
        process=$(cat "$file" 2>/dev/null)
        [ -n "$process" ] && kill -TERM "$process" 2>/dev/null && running+=("$process")
    done
    for _ in {1..20}; do
        left=()
        for process in "${running[@]}"; do ! alive "$process" || left+=("$process"); done
        [ ${#left[@]} -gt 0 ] || return 0
        sleep 0.1
    done
    kill -KILL "${left[@]}" 2>/dev/null
    return 0
}
