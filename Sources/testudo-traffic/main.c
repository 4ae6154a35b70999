// testudo-traffic: numbered packets on every edge of a fleet of network namespaces, and a count of what became of them.
//
// An edge is an ordered pair of nodes. Each edge carries, in IPv4 and IPv6, datagrams over *connected* UDP sockets
// (payloads of 64, 1 400 and the greatest size that is never fragmented, in turns) and one TCP stream. "Don't fragment"
// is set. A sniffer on the bridge counts ESP and clear packets between addresses of nodes.
//
//   testudo-traffic --nodes node1,node2,… --control SOCKET [--rate N] [--stream-rate N] [--no-tcp]
//                   [--bridge NAME] [--greatest4 BYTES] [--greatest6 BYTES] [--silence MILLISECONDS]
//       runs until it is told to stop. It must be started in the namespace of the bridge, as root. Node K's addresses
//       are 10.77.0.K and fd77::K, and its namespace has its name.
//         --rate         datagrams a second on each edge (100)
//         --stream-rate  records of 1 400 bytes a second on each TCP stream (5)
//         --bridge       the device to sniff on (bridge0)
//         --silence      after `stop`, packets that have not arrived when nothing came for so long are lost (2000)
//
//   testudo-traffic --control SOCKET COMMAND…
//       gives a command to a running one, waiting up to 30 s for it, and prints its answer, one line of JSON:
//         mark NAME      counts of the wire since the last mark (or the start), and of datagrams sent; a new interval
//                        begins
//         stop           stops sending, waits until everything in flight has arrived (or nothing has come for
//                        --silence), prints the report and ends the traffic. SIGTERM does the same and prints to
//                        standard output.
//
// The report: `sent` counts attempts, `failed` those that the kernel refused (they count as lost), `lost` = sent -
// received, the same for each family and size under `udp`; `tcp`: bytes, missing bytes, retransmits, broken streams and
// stalls (nothing for 500 ms); `wire`: since the last mark; `wire_total`: since the start; `losses`: which flows lost
// how many, and where in their sequence. `unseen` counts frames that the sniffer was too slow for: with unseen > 0 its
// zeros prove nothing. The bus (tcp 7740) and SSH (tcp 22) are counted as `bypass`; ARP, neighbour discovery and
// multicast are not counted.
#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { READY_MILLISECONDS = 20000, STOP_MILLISECONDS = 20000, EVENTS_AT_ONCE = 64, BURST_MAXIMUM = 64 };

const char *const family_names[FAMILIES] = {"ipv4", "ipv6"};

struct options {
    const char *nodes, *control, *bridge;
    unsigned silence_ms;
};

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("testudo-traffic: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void watch(struct fleet *fleet, int descriptor, enum source source, unsigned index) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)source << 32 | index};
    if (epoll_ctl(fleet->poller, EPOLL_CTL_ADD, descriptor, &event) < 0) fail("epoll: %s", strerror(errno));
}

static unsigned number(const char *text, unsigned minimum, unsigned maximum) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || *end || end == text || value < minimum || value > maximum)
        fail("'%s' is not a number from %u to %u", text, minimum, maximum);
    return (unsigned)value;
}

static void parse(int count, char **words, struct options *options, struct fleet *fleet) {
    static const struct option known[] = {
        {"nodes", 1, 0, 'n'}, {"control", 1, 0, 'c'}, {"rate", 1, 0, 'r'}, {"stream-rate", 1, 0, 't'},
        {"no-tcp", 0, 0, 'T'}, {"bridge", 1, 0, 'b'}, {"greatest4", 1, 0, '4'}, {"greatest6", 1, 0, '6'},
        {"silence", 1, 0, 's'}, {0, 0, 0, 0}};
    int option;
    while ((option = getopt_long(count, words, "", known, NULL)) != -1) {
        switch (option) {
        case 'n': options->nodes = optarg; break;
        case 'c': options->control = optarg; break;
        case 'r': fleet->rate = number(optarg, 1, 10000); break;
        case 't': fleet->stream_rate = number(optarg, 1, 1000); break;
        case 'T': fleet->with_streams = false; break;
        case 'b': options->bridge = optarg; break;
        case '4': fleet->bytes[0][2] = number(optarg, 64, 1472); break;
        case '6': fleet->bytes[1][2] = number(optarg, 64, 1452); break;
        case 's': options->silence_ms = number(optarg, 10, 60000); break;
        default: exit(2);
        }
    }
}

/// Serves one event. Returns the descriptor of a client that waits for the final report, or -1.
static int serve(struct fleet *fleet, const struct epoll_event *event, int listener) {
    unsigned index = (unsigned)event->data.u64;
    switch ((enum source)(event->data.u64 >> 32)) {
    case SOURCE_DATAGRAMS: receive_datagrams(fleet, index / FAMILIES, index % FAMILIES); break;
    case SOURCE_LISTENER: accept_stream(fleet, index / FAMILIES, index % FAMILIES); break;
    case SOURCE_ARRIVING: receive_stream(fleet, index); break;
    case SOURCE_WIRE: read_wire(fleet); break;
    case SOURCE_CONTROL: return take_command(fleet, listener);
    case SOURCE_SIGNAL: return STDOUT_FILENO;
    }
    return -1;
}

/// Gives every flow its turns up to now; after a pause at most a burst at once, so that receivers are served too.
static void send_due(struct fleet *fleet) {
    uint64_t elapsed = now_ms() - fleet->started_ms;
    uint64_t due = elapsed * fleet->rate * fleet->flow_count / FAMILIES / 1000;
    for (int burst = 0; burst < BURST_MAXIMUM && fleet->turns_taken < due; burst++)
        send_turn(fleet, fleet->turns_taken++);
    if (!fleet->with_streams) return;
    uint64_t records = elapsed * fleet->stream_rate * fleet->flow_count / 1000;
    for (int burst = 0; burst < BURST_MAXIMUM && fleet->stream_turns_taken < records; burst++)
        stream_turn(fleet, fleet->stream_turns_taken++);
}

/// Runs the traffic until a command or a signal stops it; returns where the report goes.
static int run(struct fleet *fleet, int listener, unsigned silence_ms) {
    struct epoll_event events[EVENTS_AT_ONCE];
    int reporter = -1;
    uint64_t opened = now_ms();
    for (;;) {
        uint64_t now = now_ms();
        if (fleet->stopping_ms) {
            bool silent = now - fleet->last_arrival_ms >= silence_ms && now - fleet->stopping_ms >= silence_ms;
            if (everything_arrived(fleet) || silent || now - fleet->stopping_ms >= STOP_MILLISECONDS) return reporter;
            flush_streams(fleet);
        } else if (fleet->started_ms) {
            send_due(fleet);
        } else if (streams_ready(fleet)) {
            fleet->started_ms = fleet->mark_ms = now;
        } else if (now - opened > READY_MILLISECONDS) {
            fail("the TCP streams did not connect within %d s", READY_MILLISECONDS / 1000);
        }
        int ready = epoll_wait(fleet->poller, events, EVENTS_AT_ONCE, 2);
        for (int index = 0; index < ready; index++) {
            int waiting = serve(fleet, &events[index], listener);
            if (waiting < 0) continue;
            if (reporter > STDOUT_FILENO) close(reporter);
            reporter = waiting;
            if (!fleet->stopping_ms) fleet->stopping_ms = now_ms();
        }
    }
}

static int signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int command(const struct options *options, int count, char **words) {
    char line[128] = "";
    for (int index = 0; index < count; index++) {
        size_t used = strlen(line);
        int added = snprintf(line + used, sizeof line - used, "%s%s", index ? " " : "", words[index]);
        if (added < 0 || (size_t)added >= sizeof line - used) fail("the command is too long");
    }
    return ask(options->control, line);
}

int main(int count, char **words) {
    // Greatest unfragmented payloads of a 1 500-byte path under transport ESP with AES-GCM (8 header, 8 IV, 16 ICV,
    // and padding and trailer to a multiple of 4): IPv4 1500 - 20 - 34 - 8 = 1438, IPv6 1500 - 40 - 34 - 8 = 1418.
    static struct fleet fleet = {.rate = 100, .stream_rate = 5, .with_streams = true,
                                 .bytes = {{64, 1400, 1438}, {64, 1400, 1418}}};
    struct options options = {.bridge = "bridge0", .silence_ms = 2000};
    parse(count, words, &options, &fleet);
    if (!options.control) fail("--control SOCKET is required");
    if (optind < count) return command(&options, count - optind, words + optind);
    if (!options.nodes) fail("--nodes or a command is required");

    fleet.poller = epoll_create1(EPOLL_CLOEXEC);
    if (getrandom(&fleet.run, sizeof fleet.run, 0) != sizeof fleet.run) fail("no random bytes");
    watch(&fleet, signals(), SOURCE_SIGNAL, 0);
    open_wire(&fleet, options.bridge);
    add_nodes(&fleet, options.nodes);
    open_flows(&fleet);
    if (fleet.with_streams) open_streams(&fleet);
    int listener = open_control(options.control);
    watch(&fleet, listener, SOURCE_CONTROL, 0);
    int reporter = run(&fleet, listener, options.silence_ms);
    read_wire(&fleet);
    FILE *out = fdopen(reporter, "w");
    if (!out) fail("nobody takes the report: %s", strerror(errno));
    print_report(&fleet, out);
    int result = fclose(out);
    unlink(options.control);
    return result == 0 ? 0 : 2;
}
