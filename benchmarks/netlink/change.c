// Changes as a recipe has them, and as the messages that the agent sends: the same attributes, the same bytes.
#include "xfrm.h"

#include <arpa/inet.h>

enum { esp = IPPROTO_ESP };
static const char algorithm[] = "rfc4106(gcm(aes))";

static bool read_addresses(struct change *change, const char *source, const char *destination)
{
    change->family = strchr(source, ':') ? AF_INET6 : AF_INET;
    change->prefix = change->family == AF_INET6 ? 128 : 32;
    return inet_pton(change->family, source, &change->source) == 1 &&
        inet_pton(change->family, destination, &change->destination) == 1;
}

static bool read_direction(struct change *change, const char *word)
{
    static const char *const words[] = {[XFRM_POLICY_IN] = "in", [XFRM_POLICY_OUT] = "out", [XFRM_POLICY_FWD] = "fwd"};
    for (uint8_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], word) == 0) return change->direction = i, true;
    return false;
}

static bool read_key(struct change *change, const char *digits)
{
    if (strlen(digits) != 2 * key_bytes) return false;
    for (int i = 0; i < key_bytes; i++)
        if (sscanf(digits + 2 * i, "%2hhx", &change->key[i]) != 1) return false;
    return true;
}

bool change_read(struct change *change, const char *line)
{
    char direction[4], source[64], destination[64], digits[2 * key_bytes + 1];
    *change = (struct change){0};
    if (strncmp(line, "+p ", 3) == 0) {
        change->kind = add_policy;
        return sscanf(line + 3, "%3s %63s %63s %hhu %hu %hu %u %u %u", direction, source, destination, &change->protocol,
                      &change->source_port, &change->destination_port, &change->priority, &change->spi, &change->reqid) == 9 &&
            read_direction(change, direction) && read_addresses(change, source, destination);
    }
    if (strncmp(line, "-p ", 3) == 0) {
        change->kind = delete_policy;
        return sscanf(line + 3, "%3s %63s %63s %hhu %hu %hu", direction, source, destination, &change->protocol,
                      &change->source_port, &change->destination_port) == 6 &&
            read_direction(change, direction) && read_addresses(change, source, destination);
    }
    if (strncmp(line, "+s ", 3) == 0) {
        change->kind = add_association;
        return sscanf(line + 3, "%63s %63s %u %u %u %72s", source, destination, &change->spi, &change->reqid,
                      &change->replay_window, digits) == 6 &&
            read_addresses(change, source, destination) && read_key(change, digits);
    }
    if (strncmp(line, "-s ", 3) == 0) {
        change->kind = delete_association;
        return sscanf(line + 3, "%63s %63s %u", source, destination, &change->spi) == 3 &&
            read_addresses(change, source, destination);
    }
    return false;
}

static void set_selector(struct xfrm_selector *selector, const struct change *change)
{
    selector->daddr = change->destination;
    selector->saddr = change->source;
    selector->dport = htons(change->destination_port);
    selector->dport_mask = change->destination_port ? 0xffff : 0;
    selector->sport = htons(change->source_port);
    selector->sport_mask = change->source_port ? 0xffff : 0;
    selector->family = change->family;
    selector->prefixlen_d = selector->prefixlen_s = change->prefix;
    selector->proto = change->protocol;
}

static void set_lifetimes(struct xfrm_lifetime_cfg *limits)
{
    limits->soft_byte_limit = limits->hard_byte_limit = XFRM_INF;
    limits->soft_packet_limit = limits->hard_packet_limit = XFRM_INF;
}

static void put_policy(struct nlmsghdr *message, const struct change *change)
{
    struct xfrm_userpolicy_info *policy = mnl_nlmsg_put_extra_header(message, sizeof *policy);
    set_selector(&policy->sel, change);
    set_lifetimes(&policy->lft);
    policy->priority = change->priority;
    policy->dir = change->direction;
    policy->action = XFRM_POLICY_ALLOW;
    struct xfrm_user_tmpl template = {
        .id = {.spi = htonl(change->spi), .proto = esp}, .family = change->family, .reqid = change->reqid,
        .mode = XFRM_MODE_TRANSPORT, .aalgos = UINT32_MAX, .ealgos = UINT32_MAX, .calgos = UINT32_MAX};
    mnl_attr_put(message, XFRMA_TMPL, sizeof template, &template);
}

static void put_association(struct nlmsghdr *message, const struct change *change)
{
    struct xfrm_usersa_info *association = mnl_nlmsg_put_extra_header(message, sizeof *association);
    set_selector(&association->sel, change);
    association->id.daddr = change->destination;
    association->id.spi = htonl(change->spi);
    association->id.proto = esp;
    association->saddr = change->source;
    set_lifetimes(&association->lft);
    association->reqid = change->reqid;
    association->family = change->family;
    association->mode = XFRM_MODE_TRANSPORT;
    association->flags = XFRM_STATE_ESN;

    char bytes[sizeof(struct xfrm_algo_aead) + key_bytes] = {0};
    struct xfrm_algo_aead *aead = (void *)bytes;
    memcpy(aead->alg_name, algorithm, sizeof algorithm);
    aead->alg_key_len = key_bytes * 8;
    aead->alg_icv_len = 128;
    memcpy(aead->alg_key, change->key, key_bytes);
    mnl_attr_put(message, XFRMA_ALG_AEAD, sizeof bytes, bytes);

    uint32_t replay[64] = {0};
    struct xfrm_replay_state_esn *state = (void *)replay;
    state->bmp_len = (change->replay_window + 31) / 32;
    state->replay_window = change->replay_window;
    size_t size = sizeof *state + state->bmp_len * sizeof(uint32_t);
    if (size > sizeof replay) fail("a replay window of %u packets is too large", change->replay_window);
    mnl_attr_put(message, XFRMA_REPLAY_ESN_VAL, size, replay);
}

size_t change_put(const struct change *change, void *at, uint16_t flags, uint32_t sequence, uint32_t port)
{
    static const uint16_t types[] = {
        [add_policy] = XFRM_MSG_NEWPOLICY, [delete_policy] = XFRM_MSG_DELPOLICY, [add_association] = XFRM_MSG_NEWSA,
        [delete_association] = XFRM_MSG_DELSA};
    struct nlmsghdr *message = mnl_nlmsg_put_header(at);
    message->nlmsg_type = types[change->kind];
    message->nlmsg_flags = NLM_F_REQUEST | flags;
    message->nlmsg_seq = sequence;
    message->nlmsg_pid = port;
    switch (change->kind) {
    case add_policy:
        message->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
        put_policy(message, change);
        break;
    case delete_policy: {
        struct xfrm_userpolicy_id *policy = mnl_nlmsg_put_extra_header(message, sizeof *policy);
        set_selector(&policy->sel, change);
        policy->dir = change->direction;
        break;
    }
    case add_association:
        message->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
        put_association(message, change);
        break;
    case delete_association: {
        struct xfrm_usersa_id *association = mnl_nlmsg_put_extra_header(message, sizeof *association);
        association->daddr = change->destination;
        association->spi = htonl(change->spi);
        association->family = change->family;
        association->proto = esp;
        mnl_attr_put(message, XFRMA_SRCADDR, sizeof change->source, &change->source);
        break;
    }
    }
    return message->nlmsg_len;
}
