# The nodes: network namespaces on one bridge, node K with 10.77.0.K and fd77::K, the bridge itself with 254.
bridge=bridge0

make_network() {
    if [ "$kernel" = host ]; then
        mkdir -p /run/netns 2>/dev/null || { mount -t tmpfs tmpfs /run && mkdir -p /run/netns; }
        mount -t tmpfs tmpfs /run/netns || fail "cannot mount a private /run/netns"
        mount -t sysfs sysfs /sys 2>/dev/null
    fi
    {
        quick_addresses
        ip -batch - <<END || fail "the bridge cannot be made" "$lab/.lab/log"
link set lo up
link add $bridge type bridge stp_state 0 forward_delay 0 mcast_snooping 0
link set $bridge up
addr add 10.77.0.254/24 dev $bridge
addr add fd77::254/64 dev $bridge nodad
END
        local name
        for name in "${names[@]}" "${late_names[@]}"; do make_node "$name" "${name#node}"; done
    } >&"$log" 2>&1
}

# No wait for duplicate address detection, neither now nor on devices to come.
quick_addresses() {
    echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad
    echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
}

make_node() {
    local name=$1 number=$2
    ip netns add "$name" && ip netns exec "$name" bash -c "$(declare -f quick_addresses); quick_addresses" &&
        ip -batch - <<END && ip -n "$name" -batch - <<END || fail "$name cannot be made" "$lab/.lab/log"
link add port$number type veth peer name eth0 netns $name
link set port$number master $bridge up
END
link set lo up
link set eth0 up
addr add 10.77.0.$number/24 dev eth0
addr add fd77::$number/64 dev eth0 nodad
END
}
