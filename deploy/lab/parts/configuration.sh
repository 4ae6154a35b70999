# Keys and configuration files, one small function for each: the only place that knows what the two programs read.

# Where the bus and REST listen. In namespaces of its own a lab is alone; on loopback it reserves free ports.
take_ports() {
    if [ "$kernel" = simulated ]; then
        reserve_port && bus_address=127.0.0.1 bus_port=$port || return 1
        reserve_port && rest_address=127.0.0.1 rest_port=$port || return 1
    else
        bus_port=7740 rest_port=8443 bus_address=10.77.0.254 rest_address=127.0.0.1
        # The command runs beside the bridge and reaches a node's loopback only by the node's address.
        [ -z "$coordinator_on" ] || bus_address=10.77.0.${coordinator_on#node} rest_address=$bus_address
    fi
    rest_url=https://$rest_address:$rest_port
}

# A port below the ephemeral ones that nobody answers on and no other lab has locked; the lock lasts as long as the lab.
reserve_port() {
    local folder=${TMPDIR:-/tmp}/testudo-lab-ports-$UID try held
    mkdir -p -m 700 "$folder" || return 1
    for ((try = 0; try < 100; try++)); do
        port=$((20000 + RANDOM % 10000))
        exec {held}>"$folder/$port"
        if flock -n "$held" && ! (exec {probe}<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 0; fi
        exec {held}>&-
    done
    return 1
}

make_keys() {
    local name
    mkdir -m 700 "$lab/coordinator"
    "$binaries/testudo-coordinator" keygen --directory "$lab/coordinator" >"$lab/coordinator/public" || return 1
    for name in "${names[@]}" "${late_names[@]}"; do
        mkdir -m 700 "$lab/$name"
        "$binaries/testudo-agent" keygen --directory "$lab/$name" >"$lab/$name/public" || return 1
    done
}

# public_key PROCESS bus_key|identity_key
public_key() { sed -n "s/^$2: *//p" "$lab/$1/public"; }

write_agent_configuration() {
    local name=$1
    mkdir -p -m 700 "$lab/$name/state"
    cat >"$lab/$name/agent.conf" <<END
name = $name
coordinator = tcp://$bus_address:$bus_port
coordinator_key = $(public_key coordinator bus_key)
bus_key_file = $lab/$name/bus.key
identity_key_file = $lab/$name/identity.key
state_directory = $lab/$name/state
END
}

# What the coordinator's configuration says of a node.
write_member() {
    cat >"$lab/$1/member" <<END
  - {name: $1, addresses: ["10.77.0.${1#node}", "fd77::${1#node}"], bus_key: "$(public_key "$1" bus_key)",
     identity_key: "$(public_key "$1" identity_key)"}
END
}

write_coordinator_configuration() {
    local name
    mkdir -p -m 700 "$lab/coordinator/state"
    {
        cat <<END
fleet: {name: lab}
bus: {listen: "tcp://$bus_address:$bus_port", key_file: "$lab/coordinator/bus.key", addresses: ["$bus_address"]}
rest: {listen: "$rest_address:$rest_port", directory: "$lab/coordinator/rest"}
state_directory: "$lab/coordinator/state"
rollout: {drain_milliseconds: $drain}
bypass: {bus: $bus_bypass, ssh: true, neighbour_discovery: true}
nodes:
END
        for name in "${names[@]}"; do cat "$lab/$name/member"; done
    } >"$lab/coordinator/coordinator.yaml"
}
