// Numbered datagrams: every attempt is counted, every arrival is ticked off in its flow's bitmap.
#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MAGIC = 0x74657374, DATAGRAMS_AT_ONCE = 256 };

struct header {
    uint64_t run;
    uint32_t magic, sequence;
    uint16_t flow, size;
};

static void tick(uint8_t *bits, uint32_t sequence) { bits[sequence / 8] |= (uint8_t)(1u << sequence % 8); }
static bool ticked(const uint8_t *bits, uint32_t sequence) { return bits[sequence / 8] >> sequence % 8 & 1; }

bool was_seen(const struct flow *flow, uint32_t sequence) { return ticked(flow->seen, sequence); }

static void open_receivers(struct fleet *fleet) {
    for (unsigned index = 0; index < fleet->node_count * FAMILIES; index++) {
        struct node *node = &fleet->nodes[index / FAMILIES];
        unsigned family = index % FAMILIES;
        struct sockaddr_storage address;
        socklen_t length = node_address(node, family, DATAGRAM_PORT, &address);
        int receiver = socket_in(node, address.ss_family, SOCK_DGRAM);
        widen(receiver);
        if (bind(receiver, (struct sockaddr *)&address, length) < 0)
            fail("%s: bind %s: %s", node->name, family_names[family], strerror(errno));
        node->datagrams[family] = receiver;
        watch(fleet, receiver, SOURCE_DATAGRAMS, index);
    }
}

static void open_sender(const struct fleet *fleet, struct flow *flow) {
    const struct node *from = &fleet->nodes[flow->from], *to = &fleet->nodes[flow->to];
    struct sockaddr_storage own, peer;
    socklen_t length = node_address(from, flow->family, 0, &own);
    node_address(to, flow->family, DATAGRAM_PORT, &peer);
    flow->datagram = socket_in(from, own.ss_family, SOCK_DGRAM);
    widen(flow->datagram);
    int never_fragment = flow->family == 0 ? IP_PMTUDISC_DO : IPV6_PMTUDISC_DO;
    int set = flow->family == 0
        ? setsockopt(flow->datagram, IPPROTO_IP, IP_MTU_DISCOVER, &never_fragment, sizeof never_fragment)
        : setsockopt(flow->datagram, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &never_fragment, sizeof never_fragment);
    if (set < 0 || bind(flow->datagram, (struct sockaddr *)&own, length) < 0
        || connect(flow->datagram, (struct sockaddr *)&peer, length) < 0)
        fail("%s to %s, %s: %s", from->name, to->name, family_names[flow->family], strerror(errno));
}

void open_flows(struct fleet *fleet) {
    open_receivers(fleet);
    fleet->flows = calloc(fleet->node_count * fleet->node_count * FAMILIES, sizeof *fleet->flows);
    if (!fleet->flows) fail("out of memory");
    for (unsigned from = 0; from < fleet->node_count; from++)
        for (unsigned to = 0; to < fleet->node_count; to++)
            for (unsigned family = 0; family < FAMILIES && from != to; family++) {
                struct flow *flow = &fleet->flows[fleet->flow_count++];
                *flow = (struct flow){.from = from, .to = to, .family = family, .stream = -1, .arriving = -1};
                open_sender(fleet, flow);
            }
    return_home();
}

/// Makes room in the bitmap for one more sequence.
static void extend(struct flow *flow) {
    if (flow->next / 8 < flow->seen_bytes) return;
    if (flow->next >= SEQUENCE_MAXIMUM) fail("more than %d packets on one flow", SEQUENCE_MAXIMUM);
    size_t bytes = flow->seen_bytes ? flow->seen_bytes * 2 : 512;
    flow->seen = realloc(flow->seen, bytes);
    if (!flow->seen) fail("out of memory");
    memset(flow->seen + flow->seen_bytes, 0, bytes - flow->seen_bytes);
    flow->seen_bytes = bytes;
}

/// Sends one datagram: turns go round the flows, and a flow's sizes take turns.
void send_turn(struct fleet *fleet, uint64_t turn) {
    unsigned index = (unsigned)(turn % fleet->flow_count);
    struct flow *flow = &fleet->flows[index];
    extend(flow);
    uint32_t sequence = flow->next++;
    unsigned size = sequence % SIZES;
    static uint8_t datagram[2048];
    struct header header = {.run = fleet->run, .magic = MAGIC, .sequence = sequence,
                            .flow = (uint16_t)index, .size = (uint16_t)size};
    memcpy(datagram, &header, sizeof header);
    size_t bytes = fleet->bytes[flow->family][size];
    flow->sent[size]++;
    if (send(flow->datagram, datagram, bytes, 0) == (ssize_t)bytes) return;
    fleet->last_failure = errno;
    flow->failed[size]++;
}

static void take_datagram(struct fleet *fleet, unsigned node, unsigned family, const uint8_t *datagram, size_t bytes) {
    struct header header;
    if (bytes < sizeof header) return; // Not ours: too short.
    memcpy(&header, datagram, sizeof header);
    if (header.magic != MAGIC || header.run != fleet->run || header.flow >= fleet->flow_count) return; // A stranger's.
    struct flow *flow = &fleet->flows[header.flow];
    bool ours = flow->to == node && flow->family == family && header.sequence < flow->next
        && header.size == header.sequence % SIZES && bytes == fleet->bytes[family][header.size];
    if (!ours) return; // Forged or cut short: it stays lost.
    if (ticked(flow->seen, header.sequence)) {
        flow->duplicated++;
        return;
    }
    tick(flow->seen, header.sequence);
    flow->received[header.size]++;
    fleet->last_arrival_ms = now_ms();
}

void receive_datagrams(struct fleet *fleet, unsigned node, unsigned family) {
    static uint8_t datagram[2048];
    for (int count = 0; count < DATAGRAMS_AT_ONCE; count++) {
        ssize_t bytes = recv(fleet->nodes[node].datagrams[family], datagram, sizeof datagram, 0);
        if (bytes < 0) return; // Empty for now; an error on an unconnected socket concerns nobody here.
        take_datagram(fleet, node, family, datagram, (size_t)bytes);
    }
}
