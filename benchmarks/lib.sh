# shellcheck shell=bash
# shellcheck disable=SC2034 # What is set here is read by who sources this.
# What several benchmarks need: the words of a benchmark, processes that end with it, large fleets and the floor beside them.
# Source this file; then `begin NAME OUTPUT ROUNDS [--quick]` sets output, rounds, quick (empty or not), work and swarm.
# Whatever is started here has ended, and the folder $work is gone, when the script ends, however it does.
export LC_ALL=C
benchmarks=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# Two descriptors an agent; 20000 is a usual limit that nobody can raise.
agents_a_process=5000
# Nothing that a fleet does takes longer; its coordinator waits at most 120 s for its agents.
patience_seconds=150

say() { echo "bench: $*" >&2; }
# fail SENTENCE [NAME]: says why, with the last lines of that process's log.
fail() {
    say "$benchmark: $1"
    if [ -s "$work/${2:-}.log" ]; then
        say "the last lines of $2's log:"
        tail -n 20 "$work/$2.log" | cut -c 1-500 >&2
    fi
    exit 1
}

begin() {
    benchmark=$1
    if [ $# -lt 3 ] || [[ ! $3 =~ ^[1-9][0-9]*$ ]]; then
        echo "usage: benchmarks/$benchmark/run OUTPUT ROUNDS [--quick]" >&2
        exit 2
    fi
    output=$2 rounds=$3 quick=''
    [ "${4:-}" != --quick ] || quick=yes rounds=2
    swarm=${TESTUDO_BIN:?the folder with testudo-swarm}/testudo-swarm
    work=$(mktemp -d)
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    [ -x "$swarm" ] || fail "no testudo-swarm in $TESTUDO_BIN"
    raise_backlog
}

finish() {
    local status=$?
    trap '' INT TERM HUP
    end "${!process[@]}"
    [ -z "$backlog_before" ] || sysctl --quiet net.core.somaxconn="$backlog_before" || true
    rm -rf "$work"
    exit $status
}

# Thousands that connect at once need a queue: 16384 is what the coordinator asks for. Without root it stays as it is.
backlog_before='' backlog=16384
raise_backlog() {
    local now
    now=$(</proc/sys/net/core/somaxconn)
    if [ "$now" -lt $backlog ] && [ "$(id -u)" = 0 ] && sysctl --quiet net.core.somaxconn=$backlog 2>/dev/null; then
        backlog_before=$now
    fi
}

# Lines of the output.

# note WORDS…
note() {
    local words="$*"
    printf '{"benchmark":"%s","note":"%s"}\n' "$benchmark" "${words//[\\\"]/\'}" >>"$output"
}
skip() { printf '{"benchmark":"%s","subject":"%s","skipped":"%s"}\n' "$benchmark" "$1" "${2//[\\\"]/\'}" >>"$output"; }
version() { printf '{"benchmark":"%s","subject":"%s","version":"%s"}\n' "$benchmark" "$1" "$2" >>"$output"; }
# sample SUBJECT CASE N ROUND VALUE UNIT [MEMBERS]: further members, each with a comma before it.
sample() {
    [[ $5 =~ ^[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$ ]] || fail "$1's $2 with $3 is no figure: $5"
    printf '{"benchmark":"%s","subject":"%s","case":"%s","n":%d,"round":%d,"value":%s,"unit":"%s"%s}\n' \
        "$benchmark" "$1" "$2" "$3" "$4" "$5" "$6" "${7:-}" >>"$output"
}
# quotient DIVIDEND DIVISOR: with digits that are enough for either.
quotient() { awk -v dividend="$1" -v divisor="$2" 'BEGIN { printf "%.6g", dividend / divisor }'; }

# figure LINE NAME: that number of one line of testudo-swarm.
figure() {
    [[ $1 =~ \"$2\":([0-9]+) ]] || fail "no $2 in: $1"
    echo "${BASH_REMATCH[1]}"
}
kind() {
    [[ $1 =~ \"kind\":\"([a-z]+)\" ]] || fail "no kind in: $1"
    echo "${BASH_REMATCH[1]}"
}
# without_drain LINE: microseconds of its toggle; the drain is a fixed wait.
without_drain() {
    local all drain
    all=$(figure "$1" microseconds) || exit
    drain=$(figure "$1" drain_microseconds) || exit
    echo $((all - drain))
}
# steps LINE: as an object, without the drain and with what the line tells beside them.
steps() {
    local object name
    object=$(sed -E 's/.*"steps":\{([^}]*)\}.*/\1/; s/"drain":[0-9]+,?//; s/,$//' <<<"$1")
    for name in journal fan_out fan_in; do
        if [[ $1 =~ (\"$name\":[0-9]+) ]]; then object+=,${BASH_REMATCH[1]}; fi
    done
    echo "{$object}"
}

# Processes, by name. What one says on standard error is in $work/NAME.log.

declare -A process=() tells=() hears=()

# start NAME COMMAND…: what it prints is in $work/NAME.out.
start() {
    local name=$1
    shift
    setpriv --pdeathsig KILL -- "$@" </dev/null >"$work/$name.out" 2>"$work/$name.log" &
    process[$name]=$!
}

# converse NAME COMMAND…: speaks by lines, with `tell` and `hear`.
converse() {
    local name=$1 to from
    shift
    rm -f "$work/$name.in" "$work/$name.out"
    mkfifo "$work/$name.in" "$work/$name.out"
    setpriv --pdeathsig KILL -- "$@" <"$work/$name.in" >"$work/$name.out" 2>"$work/$name.log" &
    process[$name]=$!
    exec {to}>"$work/$name.in" {from}<"$work/$name.out"
    tells[$name]=$to hears[$name]=$from
}
tell() { echo "$2" >&"${tells[$1]}"; }
# hear NAME [SECONDS]: the next line, in `line`.
hear() {
    local seconds=${2:-$patience_seconds} status=0
    IFS= read -r -t "$seconds" -u "${hears[$1]}" line || status=$?
    [ $status = 0 ] || if [ $status -gt 128 ]; then fail "$1 says nothing for $seconds s" "$1"; else fail "$1 has ended" "$1"; fi
}
runs() { kill -0 "${process[$1]}" 2>/dev/null; }
# end NAME…: at once; a fleet loses nothing by it.
end() {
    local name
    for name in "$@"; do kill -KILL "${process[$name]}" 2>/dev/null || true; done
    for name in "$@"; do forget "$name"; done
}
# forget NAME: one that was killed is waited for.
forget() {
    { wait "${process[$1]}" || true; } 2>/dev/null
    if [ -n "${tells[$1]:-}" ]; then
        local to=${tells[$1]} from=${hears[$1]}
        exec {to}>&- {from}<&-
    fi
    unset "process[$1]" "tells[$1]" "hears[$1]"
}
# pause SECONDS: can be interrupted, as a `sleep` in the foreground cannot.
pause() {
    start pause sleep "$1"
    forget pause
}
# eventually SECONDS COMMAND…: waits until the command succeeds.
eventually() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do [ $SECONDS -lt $deadline ] || return 1; sleep 0.1; done
}

# memory NAME FIELD: VmRSS or VmHWM in KiB.
memory() { awk -v field="$2:" '$1 == field { print $2; found = 1 } END { exit !found }' "/proc/${process[$1]}/status"; }
# processor NAME…: what all of them have used, in clock ticks.
processor() {
    local name
    for name in "$@"; do sed 's/.*) //' "/proc/${process[$name]}/stat"; done | awk '{ ticks += $12 + $13 } END { print ticks }'
}
descriptors() { find "/proc/${process[$1]}/fd" -mindepth 1 | wc -l; }

# Large fleets.

# fits N: whether the system lets one process have the connections of so many agents.
fits() {
    local limit few=$1
    limit=$(ulimit -Hn)
    [ "$few" -le $agents_a_process ] || few=$agents_a_process
    if [ "$limit" = unlimited ] || { [ "$limit" -ge $(($1 + 200)) ] && [ "$limit" -ge $((2 * few + 200)) ]; }; then return 0; fi
    say "$benchmark: $1 agents need more descriptors than $limit"
    note "$1 agents are left out: the limit of descriptors is $limit"
    return 1
}

# A port below the ephemeral ones that nobody answers on.
take_port() {
    local try
    for ((try = 0; try < 100; try++)); do
        port=$((20000 + RANDOM % 10000))
        (exec {probe}<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
    done
    fail "no free port"
}

# new_fleet N: a folder with keys and no journal, and a port.
new_fleet() {
    agents=$1 folder=$work/fleet
    rm -rf "$folder"
    mkdir "$folder"
    take_port
    "$swarm" keys --agents "$agents" --folder "$folder" || fail "no keys"
}
# start_coordinator OPTION…: of the fleet's folder; `hear coordinator` what it says.
start_coordinator() { converse coordinator "$swarm" coordinator --agents "$agents" --port "$port" --folder "$folder" "$@"; }
# start_agents FIRST: from that number on.
start_agents() {
    local first count
    agent_names=()
    for ((first = $1; first <= agents; first += count)); do
        count=$((agents - first + 1))
        ((count <= agents_a_process)) || count=$agents_a_process
        agent_names+=("agents-$first")
        start "agents-$first" "$swarm" agents --agents "$agents" --port "$port" --folder "$folder" \
            --first "$first" --count "$count"
    done
}
# present: waits until all agents are there.
present() {
    hear coordinator
    [ "$(figure "$line" present)" = "$agents" ] || fail "not all are present: $line"
}
# start_fleet N OPTION…: and its coordinator is given the options.
start_fleet() {
    new_fleet "$1"
    start_coordinator "${@:2}"
    start_agents 1
    present
}
# toggled: hears an on and an off, in `on` and `off`. Nothing is done between them that would take time from the second.
toggled() {
    hear coordinator
    on=$line
    hear coordinator
    off=$line
    [ "$(kind "$on") $(kind "$off")" = 'enable disable' ] || fail "not an on and an off: $on $off"
}
end_fleet() { end coordinator "${agent_names[@]}"; }

# The floor: the same rounds on raw libzmq.

build_floor() {
    cc -std=gnu11 -O2 -Wall -Wextra -Werror "$benchmarks/floor/floor.c" -o "$work/floor-program" -lzmq
    version "$1" "$(pkg-config --modversion libzmq 2>/dev/null || dpkg-query -W -f '${Version}' libzmq3-dev)"
}
# start_floor N [OPTION]: of floor.c.
start_floor() {
    converse floor "$work/floor-program" "${@:2}" "$1"
    hear floor
    [ "$line" = ready ] || fail "the floor says: $line" floor
}
# The sizes of an on's and an off's messages as this fleet's first agent has told them: orders and answers of six rounds
# (preflight, offers, accept, probe, send, enforce) and of four (observe, send, accept, clear).
on_rounds=6 off_rounds=4
floor_sizes() {
    local told=$work/agents-1.out told_sizes
    eventually 10 has_told_sizes || fail "the first agent has not told the sizes of its messages" agents-1
    mapfile -t told_sizes < <(sed -nE 's/^\{"order":([0-9]+),"answer":([0-9]+)\}$/\1:\2/p' "$told")
    floor_on=${told_sizes[*]:0:on_rounds} floor_off=${told_sizes[*]:on_rounds:off_rounds}
}
has_told_sizes() { [ "$(grep -c '"order"' "$work/agents-1.out")" -ge 10 ]; }
# floor_toggled: an on and an off of it, microseconds in `floor_on_time` and `floor_off_time`.
floor_toggled() {
    tell floor "$floor_on"
    hear floor
    floor_on_time=$line
    tell floor "$floor_off"
    hear floor
    floor_off_time=$line
}
