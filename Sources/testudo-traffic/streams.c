// One TCP stream for each flow: records of a known pattern at a steady rate.
#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK_BYTES = 16384, CHUNKS_AT_ONCE = 16 };

static uint8_t pattern[CHUNK_BYTES + PATTERN_PERIOD];

static void open_listener(struct fleet *fleet, unsigned index) {
    struct node *node = &fleet->nodes[index / FAMILIES];
    unsigned family = index % FAMILIES;
    struct sockaddr_storage address;
    socklen_t length = node_address(node, family, STREAM_PORT, &address);
    int listener = socket_in(node, address.ss_family, SOCK_STREAM), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 1024) < 0)
        fail("%s: listen %s: %s", node->name, family_names[family], strerror(errno));
    node->listeners[family] = listener;
    watch(fleet, listener, SOURCE_LISTENER, index);
}

void open_streams(struct fleet *fleet) {
    for (size_t index = 0; index < sizeof pattern; index++) pattern[index] = (uint8_t)(index % PATTERN_PERIOD);
    for (unsigned index = 0; index < fleet->node_count * FAMILIES; index++) open_listener(fleet, index);
    for (unsigned index = 0; index < fleet->flow_count; index++) {
        struct flow *flow = &fleet->flows[index];
        struct sockaddr_storage own, peer;
        socklen_t length = node_address(&fleet->nodes[flow->from], flow->family, 0, &own);
        node_address(&fleet->nodes[flow->to], flow->family, STREAM_PORT, &peer);
        flow->stream = socket_in(&fleet->nodes[flow->from], own.ss_family, SOCK_STREAM);
        int on = 1;
        setsockopt(flow->stream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (bind(flow->stream, (struct sockaddr *)&own, length) < 0
            || (connect(flow->stream, (struct sockaddr *)&peer, length) < 0 && errno != EINPROGRESS))
            fail("stream from %s: %s", fleet->nodes[flow->from].name, strerror(errno));
    }
    return_home();
}

bool streams_ready(const struct fleet *fleet) {
    if (!fleet->with_streams) return true;
    for (unsigned index = 0; index < fleet->flow_count; index++)
        if (fleet->flows[index].arriving < 0) return false;
    return true;
}

/// The flow whose sender has this address and port, or -1: a stream is known by where it comes from.
static int flow_from(const struct fleet *fleet, unsigned node, unsigned family, const struct sockaddr_storage *peer) {
    for (unsigned index = 0; index < fleet->flow_count; index++) {
        const struct flow *flow = &fleet->flows[index];
        if (flow->to != node || flow->family != family || flow->arriving >= 0) continue;
        struct sockaddr_storage own;
        socklen_t length = sizeof own;
        if (getsockname(flow->stream, (struct sockaddr *)&own, &length) < 0) continue;
        const struct sockaddr_in *own4 = (const struct sockaddr_in *)&own, *peer4 = (const struct sockaddr_in *)peer;
        const struct sockaddr_in6 *own6 = (const struct sockaddr_in6 *)&own, *peer6 = (const struct sockaddr_in6 *)peer;
        bool same = family == 0
            ? own4->sin_port == peer4->sin_port && own4->sin_addr.s_addr == peer4->sin_addr.s_addr
            : own6->sin6_port == peer6->sin6_port && memcmp(&own6->sin6_addr, &peer6->sin6_addr, 16) == 0;
        if (same) return (int)index;
    }
    return -1;
}

void accept_stream(struct fleet *fleet, unsigned node, unsigned family) {
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int accepted = accept4(fleet->nodes[node].listeners[family], (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);
    if (accepted < 0) return; // It went away again.
    int flow = flow_from(fleet, node, family, &peer);
    if (flow < 0) {
        close(accepted); // A stranger's.
        return;
    }
    fleet->flows[flow].arriving = accepted;
    watch(fleet, accepted, SOURCE_ARRIVING, (unsigned)flow);
}

void receive_stream(struct fleet *fleet, unsigned index) {
    struct flow *flow = &fleet->flows[index];
    static uint8_t chunk[CHUNK_BYTES];
    uint64_t now = now_ms();
    for (int count = 0; count < CHUNKS_AT_ONCE; count++) {
        ssize_t bytes = recv(flow->arriving, chunk, sizeof chunk, MSG_DONTWAIT);
        if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (bytes <= 0) {
            flow->stream_broken = true;
            close(flow->arriving);
            return;
        }
        if (memcmp(chunk, pattern + flow->stream_received % PATTERN_PERIOD, (size_t)bytes) != 0)
            flow->stream_corrupt = true;
        flow->stream_received += (uint64_t)bytes;
        uint64_t gap = flow->stream_last_ms ? now - flow->stream_last_ms : 0;
        if (gap > flow->stream_gap_ms) flow->stream_gap_ms = gap;
        if (gap > STALL_MILLISECONDS) flow->stream_stalls++;
        flow->stream_last_ms = fleet->last_arrival_ms = now;
    }
}

/// Writes what a stream owes, as much as its socket takes now.
static void flush(struct flow *flow) {
    while (flow->stream_owed > 0 && !flow->stream_broken) {
        size_t wanted = flow->stream_owed < CHUNK_BYTES ? flow->stream_owed : CHUNK_BYTES;
        ssize_t bytes = send(flow->stream, pattern + flow->stream_sent % PATTERN_PERIOD, wanted, MSG_NOSIGNAL);
        if (bytes < 0) {
            if (errno != EAGAIN && errno != EINTR) flow->stream_broken = true;
            return;
        }
        flow->stream_sent += (uint64_t)bytes;
        flow->stream_owed -= (uint64_t)bytes;
    }
}

void stream_turn(struct fleet *fleet, uint64_t turn) {
    struct flow *flow = &fleet->flows[turn % fleet->flow_count];
    flow->stream_owed += RECORD_BYTES;
    flush(flow);
}

void flush_streams(struct fleet *fleet) {
    for (unsigned index = 0; index < fleet->flow_count; index++) flush(&fleet->flows[index]);
}

unsigned stream_retransmits(const struct flow *flow) {
    struct tcp_info information;
    socklen_t length = sizeof information;
    if (flow->stream < 0 || getsockopt(flow->stream, IPPROTO_TCP, TCP_INFO, &information, &length) < 0) return 0;
    return information.tcpi_total_retrans;
}
