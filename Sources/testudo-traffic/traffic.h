// What the parts of testudo-traffic share: the fleet under test, its flows, its streams, and what the wire showed.
#ifndef TESTUDO_TRAFFIC_H
#define TESTUDO_TRAFFIC_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    NODES_MAXIMUM = 32,           // 992 edges: more than one process in the lab can feed
    FAMILIES = 2,                 // IPv4, IPv6
    SIZES = 3,                    // 64 bytes, 1 400 bytes, and the greatest unfragmented
    DATAGRAM_PORT = 7000,
    STREAM_PORT = 7001,
    RECORD_BYTES = 1400,          // one write on a TCP stream
    PATTERN_PERIOD = 251,         // stream byte k is k % 251: a lost, doubled or moved byte shows
    SEQUENCE_MAXIMUM = 16 << 20,  // packets a flow; its bitmap then takes 2 MiB
    SOCKET_BUFFER_BYTES = 16 << 20,
    STALL_MILLISECONDS = 500,
};

extern const char *const family_names[FAMILIES];

struct node {
    char name[64];
    unsigned number;              // the digits at the end of its name; host part of its addresses
    struct in_addr address4;
    struct in6_addr address6;
    int datagrams[FAMILIES];      // receive from every peer
    int listeners[FAMILIES];
};

/// One edge in one family: numbered datagrams over a connected socket, and a TCP stream beside them.
struct flow {
    unsigned from, to, family;
    int datagram;
    uint32_t next;                // sequence of the next datagram
    uint64_t sent[SIZES], failed[SIZES], received[SIZES], duplicated;
    uint8_t *seen;                // a bit for each sequence
    size_t seen_bytes;
    int stream, arriving;         // the two ends of the TCP stream
    uint64_t stream_sent, stream_received, stream_owed;
    uint64_t stream_last_ms, stream_gap_ms;
    unsigned stream_stalls;
    bool stream_corrupt, stream_broken;
};

/// What the bridge carried between addresses of nodes.
struct wire {
    int socket;
    uint64_t esp, clear, clear_udp, clear_tcp, bypass, unseen;
};

struct fleet {
    struct node nodes[NODES_MAXIMUM];
    unsigned node_count;
    struct flow *flows;
    unsigned flow_count;
    unsigned bytes[FAMILIES][SIZES];
    unsigned rate, stream_rate;   // datagrams a second and edge, stream records a second and flow
    bool with_streams;
    uint64_t run;                 // marks this run's packets
    int poller;
    uint64_t started_ms, stopping_ms, last_arrival_ms;
    uint64_t turns_taken, stream_turns_taken;
    int last_failure;             // errno of the last failed send
    struct wire wire, marked;     // totals now, and as they were at the last mark
    char mark[64];
    uint64_t mark_ms, mark_sent;
};

/// What an event on the poller belongs to.
enum source { SOURCE_DATAGRAMS, SOURCE_LISTENER, SOURCE_ARRIVING, SOURCE_WIRE, SOURCE_CONTROL, SOURCE_SIGNAL };

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_ms(void);
void watch(struct fleet *fleet, int descriptor, enum source source, unsigned index);

// namespaces.c
void add_nodes(struct fleet *fleet, const char *names);
int socket_in(const struct node *node, int domain, int type);
void return_home(void);
socklen_t node_address(const struct node *node, unsigned family, uint16_t port, struct sockaddr_storage *address);
void widen(int socket);

// flows.c
void open_flows(struct fleet *fleet);
void send_turn(struct fleet *fleet, uint64_t turn);
void receive_datagrams(struct fleet *fleet, unsigned node, unsigned family);
bool was_seen(const struct flow *flow, uint32_t sequence);

// streams.c
void open_streams(struct fleet *fleet);
bool streams_ready(const struct fleet *fleet);
void accept_stream(struct fleet *fleet, unsigned node, unsigned family);
void receive_stream(struct fleet *fleet, unsigned flow);
void stream_turn(struct fleet *fleet, uint64_t turn);
void flush_streams(struct fleet *fleet);
unsigned stream_retransmits(const struct flow *flow);

// wire.c
void open_wire(struct fleet *fleet, const char *bridge);
void read_wire(struct fleet *fleet);

// control.c
int open_control(const char *path);
/// Takes one command. Returns a descriptor that waits for the final report, or -1 when the command is done with.
int take_command(struct fleet *fleet, int listener);
int ask(const char *path, const char *command);

// report.c
void print_mark(const struct fleet *fleet, FILE *out);
void print_report(const struct fleet *fleet, FILE *out);
bool everything_arrived(const struct fleet *fleet);

#endif
