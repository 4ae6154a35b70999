// What the counts say, as one line of JSON. The order of the fields is fixed: scripts read them with sed.
#define _GNU_SOURCE
#include "traffic.h"

#include <inttypes.h>
#include <string.h>

enum { LOSSES_LISTED = 50 };

struct sums { uint64_t sent, failed, received, duplicated; };

static struct sums sum(const struct fleet *fleet, int family, int size) {
    struct sums sums = {0};
    for (unsigned index = 0; index < fleet->flow_count; index++) {
        const struct flow *flow = &fleet->flows[index];
        if (family >= 0 && flow->family != (unsigned)family) continue;
        sums.duplicated += flow->duplicated;
        for (int each = 0; each < SIZES; each++) {
            if (size >= 0 && each != size) continue;
            sums.sent += flow->sent[each];
            sums.failed += flow->failed[each];
            sums.received += flow->received[each];
        }
    }
    return sums;
}

bool everything_arrived(const struct fleet *fleet) {
    struct sums all = sum(fleet, -1, -1);
    if (all.sent - all.failed != all.received) return false;
    for (unsigned index = 0; fleet->with_streams && index < fleet->flow_count; index++) {
        const struct flow *flow = &fleet->flows[index];
        if (flow->stream_broken) continue;
        if (flow->stream_owed > 0 || flow->stream_sent != flow->stream_received) return false;
    }
    return true;
}

static void print_wire(const struct wire *now, const struct wire *before, FILE *out) {
    fprintf(out, "\"esp\":%" PRIu64 ",\"clear\":%" PRIu64 ",\"clear_udp\":%" PRIu64 ",\"clear_tcp\":%" PRIu64
            ",\"bypass\":%" PRIu64 ",\"unseen\":%" PRIu64 "}",
            now->esp - before->esp, now->clear - before->clear, now->clear_udp - before->clear_udp,
            now->clear_tcp - before->clear_tcp, now->bypass - before->bypass, now->unseen - before->unseen);
}

/// The interval that ends now.
void print_mark(const struct fleet *fleet, FILE *out) {
    struct sums all = sum(fleet, -1, -1);
    fprintf(out, "{\"since\":\"%s\",\"milliseconds\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"wire\":{",
            fleet->mark, now_ms() - fleet->mark_ms, all.sent - fleet->mark_sent);
    print_wire(&fleet->wire, &fleet->marked, out);
    fputs("}\n", out);
}

static void print_streams(const struct fleet *fleet, FILE *out) {
    uint64_t sent = 0, received = 0, gap = 0;
    unsigned broken = 0, corrupt = 0, stalls = 0, retransmits = 0;
    unsigned streams = fleet->with_streams ? fleet->flow_count : 0;
    for (unsigned index = 0; index < streams; index++) {
        const struct flow *flow = &fleet->flows[index];
        sent += flow->stream_sent;
        received += flow->stream_received;
        broken += flow->stream_broken;
        corrupt += flow->stream_corrupt;
        stalls += flow->stream_stalls;
        retransmits += stream_retransmits(flow);
        if (flow->stream_gap_ms > gap) gap = flow->stream_gap_ms;
    }
    fprintf(out, ",\"tcp\":{\"streams\":%u,\"bytes_sent\":%" PRIu64 ",\"bytes_received\":%" PRIu64
            ",\"missing\":%" PRIu64 ",\"broken\":%u,\"corrupt\":%u,\"retransmits\":%u,\"stalls\":%u"
            ",\"longest_gap_ms\":%" PRIu64 "}",
            streams, sent, received, sent - received, broken, corrupt, retransmits, stalls, gap);
}

/// Names the flows that lost something, and the first and last sequence that is missing.
static void print_losses(const struct fleet *fleet, FILE *out) {
    unsigned listed = 0;
    fputs(",\"losses\":[", out);
    for (unsigned index = 0; index < fleet->flow_count && listed < LOSSES_LISTED; index++) {
        const struct flow *flow = &fleet->flows[index];
        uint32_t count = 0, first = 0, last = 0;
        for (uint32_t sequence = 0; sequence < flow->next; sequence++) {
            if (was_seen(flow, sequence)) continue;
            if (count++ == 0) first = sequence;
            last = sequence;
        }
        if (count == 0) continue;
        fprintf(out, "%s{\"from\":\"%s\",\"to\":\"%s\",\"family\":\"%s\",\"count\":%u,\"first\":%u,\"last\":%u,"
                "\"of\":%u}",
                listed++ ? "," : "", fleet->nodes[flow->from].name, fleet->nodes[flow->to].name,
                family_names[flow->family], count, first, last, flow->next);
    }
    fputc(']', out);
}

void print_report(const struct fleet *fleet, FILE *out) {
    static const struct wire nothing;
    struct sums all = sum(fleet, -1, -1);
    uint64_t milliseconds = fleet->started_ms ? fleet->stopping_ms - fleet->started_ms : 0;
    fprintf(out, "{\"milliseconds\":%" PRIu64 ",\"nodes\":%u,\"edges\":%u,\"sent\":%" PRIu64 ",\"failed\":%" PRIu64
            ",\"received\":%" PRIu64 ",\"duplicated\":%" PRIu64 ",\"lost\":%" PRIu64
            ",\"last_failure\":\"%s\",\"wire\":{",
            milliseconds, fleet->node_count, fleet->flow_count / FAMILIES, all.sent, all.failed, all.received,
            all.duplicated, all.sent - all.received, fleet->last_failure ? strerror(fleet->last_failure) : "");
    print_wire(&fleet->wire, &fleet->marked, out);
    fputs(",\"wire_total\":{", out);
    print_wire(&fleet->wire, &nothing, out);
    fputs(",\"udp\":[", out);
    for (int family = 0; family < FAMILIES; family++)
        for (int size = 0; size < SIZES; size++) {
            struct sums part = sum(fleet, family, size);
            fprintf(out, "%s{\"family\":\"%s\",\"bytes\":%u,\"sent\":%" PRIu64 ",\"failed\":%" PRIu64
                    ",\"received\":%" PRIu64 ",\"lost\":%" PRIu64 "}", family || size ? "," : "", family_names[family],
                    fleet->bytes[family][size],
                    part.sent, part.failed, part.received, part.sent - part.received);
        }
    fputc(']', out);
    print_streams(fleet, out);
    print_losses(fleet, out);
    fputs("}\n", out);
}
