# Traffic on every edge, for scripts that run inside a lab: source this file.

# start_traffic [OPTION…]: numbered packets on every edge; returns when they flow.
start_traffic() {
    traffic_control=$TESTUDO_LAB/traffic.socket
    "$TESTUDO_BIN/testudo-traffic" --nodes "${TESTUDO_NODES// /,}" --control "$traffic_control" "$@" &
    traffic_process=$!
    mark start >/dev/null
}

# mark NAME: prints what the wire carried since the last mark.
mark() { "$TESTUDO_BIN/testudo-traffic" --control "$traffic_control" mark "$1"; }

# stop_traffic: waits until everything in flight has arrived, and leaves the report, one line of JSON, in `report`.
stop_traffic() {
    report=$("$TESTUDO_BIN/testudo-traffic" --control "$traffic_control" stop) || return 1
    wait "$traffic_process"
}

# figure NAME [OBJECT]: the first figure of that name in `report`, or the first one inside OBJECT ("wire", "tcp" …).
figure() {
    local text=$report
    [ $# -lt 2 ] || text=${text#*\""$2"\":}
    text=${text#*\""$1"\":}
    echo "${text%%[,\}]*}"
}
