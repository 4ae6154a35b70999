// The sniffer: a packet socket on the bridge, which in promiscuous mode sees each frame between its ports once.
#define _GNU_SOURCE
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

enum { FRAMES_AT_ONCE = 64, FRAME_BYTES = 80, BUS_PORT = 7740, SSH_PORT = 22 };

void open_wire(struct fleet *fleet, const char *bridge) {
    unsigned device = if_nametoindex(bridge);
    if (device == 0) fail("no bridge %s in this namespace: %s", bridge, strerror(errno));
    int sniffer = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sniffer < 0) fail("packet socket: %s", strerror(errno));
    widen(sniffer);
    struct packet_mreq promiscuous = {.mr_ifindex = (int)device, .mr_type = PACKET_MR_PROMISC};
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)device};
    if (setsockopt(sniffer, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) < 0
        || bind(sniffer, (struct sockaddr *)&address, sizeof address) < 0)
        fail("packet socket on %s: %s", bridge, strerror(errno));
    fleet->wire.socket = sniffer;
    watch(fleet, sniffer, SOURCE_WIRE, 0);
}

static bool is_node4(const struct fleet *fleet, const uint8_t *address) {
    for (unsigned index = 0; index < fleet->node_count; index++)
        if (memcmp(&fleet->nodes[index].address4, address, 4) == 0) return true;
    return false;
}

static bool is_node6(const struct fleet *fleet, const uint8_t *address) {
    for (unsigned index = 0; index < fleet->node_count; index++)
        if (memcmp(&fleet->nodes[index].address6, address, 16) == 0) return true;
    return false;
}

static bool bypassed(const uint8_t *ports, size_t bytes) {
    if (bytes < 4) return false;
    unsigned source = ports[0] << 8 | ports[1], destination = ports[2] << 8 | ports[3];
    return source == BUS_PORT || destination == BUS_PORT || source == SSH_PORT || destination == SSH_PORT;
}

static void count_packet(struct wire *wire, unsigned protocol, const uint8_t *rest, size_t bytes) {
    bool neighbour_discovery = protocol == IPPROTO_ICMPV6 && bytes > 0 && rest[0] >= 133 && rest[0] <= 137;
    if (protocol == IPPROTO_ESP) wire->esp++;
    else if (protocol == IPPROTO_TCP && bypassed(rest, bytes)) wire->bypass++;
    else if (neighbour_discovery) return; // Like ARP: not traffic of the fleet.
    else {
        wire->clear++;
        wire->clear_udp += protocol == IPPROTO_UDP;
        wire->clear_tcp += protocol == IPPROTO_TCP;
    }
}

static void count_frame(struct fleet *fleet, unsigned protocol, const uint8_t *packet, size_t bytes) {
    if (protocol == ETH_P_IP && bytes >= 20) {
        size_t header = (packet[0] & 15u) * 4;
        if (is_node4(fleet, packet + 12) && is_node4(fleet, packet + 16) && header >= 20 && header <= bytes)
            count_packet(&fleet->wire, packet[9], packet + header, bytes - header);
    } else if (protocol == ETH_P_IPV6 && bytes >= 40) {
        if (is_node6(fleet, packet + 8) && is_node6(fleet, packet + 24))
            count_packet(&fleet->wire, packet[6], packet + 40, bytes - 40);
    }
}

/// Counts everything that is waiting; afterwards whatever the bridge carried before the call is in the counts.
void read_wire(struct fleet *fleet) {
    static uint8_t frames[FRAMES_AT_ONCE][FRAME_BYTES];
    struct sockaddr_ll addresses[FRAMES_AT_ONCE];
    struct iovec parts[FRAMES_AT_ONCE];
    struct mmsghdr messages[FRAMES_AT_ONCE];
    int count;
    do {
        memset(messages, 0, sizeof messages);
        for (int index = 0; index < FRAMES_AT_ONCE; index++) {
            parts[index] = (struct iovec){.iov_base = frames[index], .iov_len = FRAME_BYTES};
            messages[index].msg_hdr = (struct msghdr){.msg_name = &addresses[index], .msg_namelen = sizeof *addresses,
                                                      .msg_iov = &parts[index], .msg_iovlen = 1};
        }
        count = recvmmsg(fleet->wire.socket, messages, FRAMES_AT_ONCE, 0, NULL);
        for (int index = 0; index < count; index++) {
            if (addresses[index].sll_pkttype == PACKET_OUTGOING) continue; // From the bridge's own host.
            count_frame(fleet, ntohs(addresses[index].sll_protocol), frames[index], messages[index].msg_len);
        }
    } while (count == FRAMES_AT_ONCE);
    struct tpacket_stats statistics;
    socklen_t length = sizeof statistics;
    if (getsockopt(fleet->wire.socket, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) == 0)
        fleet->wire.unseen += statistics.tp_drops;
}
