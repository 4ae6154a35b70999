# The fleet's REST calls and its processes, for scripts that run inside a lab: source this file.

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
failures=0
# check SENTENCE COMMAND…: counts a failure where the command fails.
check() {
    local sentence=$1
    shift
    if "$@"; then echo "$script: ok: $sentence"; else failures=$((failures + 1)); echo "$script: FAILED: $sentence"; fi
}
conclude() {
    [ $failures = 0 ] || { echo "$script: $failures failed"; exit 1; }
    echo "$script: all as it must be"
}

# The caller ends with the script, which holds its standard input.
start_caller() {
    [ -z "${caller_PID:-}" ] || { exec {caller[1]}>&-; wait "$caller_PID"; }
    coproc caller { exec "$scripts/caller.py"; }
    read -r caller_port <&"${caller[0]}"
}
start_caller
# call METHOD PATH [BODY]: leaves the answer in `answer` and its status in `status`, 000 where there is none.
call() {
    local body=${3:-} line connection
    exec {connection}<>"/dev/tcp/127.0.0.1/$caller_port"
    printf '%s %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s' "$1" "$2" ${#body} "$body" >&"$connection"
    read -r line status line <&"$connection"
    read -r line <&"$connection"
    IFS= read -r -d '' answer <&"$connection"
    exec {connection}>&-
}
# patch true|false
patch() { call PATCH /api/security/ipsec "{\"enabled\": $1}"; }
# answers TEXT: whether the newest answer holds the text.
answers() { [[ $answer == *"$1"* ]]; }
is_status() { [ "$status" = "$1" ] || { echo "$script: status $status: $answer"; return 1; }; }
is_enabled() { call GET /api/security/ipsec; answers "\"enabled\": $1"; }

# eventually SECONDS COMMAND…: waits until the command succeeds.
eventually() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do [ $SECONDS -lt $deadline ] || return 1; sleep 0.1; done
}

pid_of() { cat "$TESTUDO_LAB/$1/pid"; }
runs() { kill -0 "$(pid_of "$1")" 2>/dev/null; }
is_gone() { ! runs "$1"; }
is_stopped() { [[ $(sed 's/.*) //' "/proc/$(pid_of "$1")/stat" 2>/dev/null) == T* ]]; }
all_present() {
    call GET '/api/cluster/nodes?fields=name,state'
    [ "$(grep -o '"state": "up"' <<<"$answer" | wc -l)" = "$(wc -w <<<"$TESTUDO_NODES")" ]
}
# is_protected NODE PEER: node's own kernel requires ESP from its peer.
has_in_policies() { [ "$(ip -n "$1" xfrm policy list dir in | grep -c 'proto esp')" -ge "$2" ]; }
is_empty() { [ -z "$(ip -n "$1" xfrm state list)" ] && [ -z "$(ip -n "$1" xfrm policy list | grep 'proto esp')" ]; }
all_empty() { local name; for name in $TESTUDO_NODES; do is_empty "$name" || return 1; done; }

# restart NAME: kills a process and starts it again, so that `halt_at` can choose where it halts.
restart() {
    runs "$1" && kill -KILL "$(pid_of "$1")"
    eventually 5 is_gone "$1"
    TESTUDO_HALT=$TESTUDO_LAB/$1/halt "$TESTUDO_LAB/$1/start"
}
# halt_at NAME kill|stop:PLACE: the process kills or stops itself when it next comes there.
halt_at() { echo "$2" >"$TESTUDO_LAB/$1/halt"; }

# xfrm_errors: the sum of all error counters of all nodes.
xfrm_errors() { "$scripts/xfrm-errors" | sed -n 's/^total //p'; }
# expect_no_loss TITLE: stops the traffic; nothing may be lost.
expect_no_loss() {
    stop_traffic || return 1
    echo "$script: $1: sent=$(figure sent) lost=$(figure lost) (refused $(figure failed)), tcp missing=$(figure missing tcp) broken=$(figure broken tcp)"
    [ "$(figure lost)" = 0 ] && [ "$(figure missing tcp)" = 0 ] && [ "$(figure broken tcp)" = 0 ] &&
        [ "$(figure unseen wire_total)" = 0 ] && [ "$(figure sent)" -gt 0 ] || { echo "$report"; return 1; }
}
