// SAs and policies out of a dump: the fields that the agent reads, with the same decisions about what is of its shape.
#include "xfrm.h"

#include <arpa/inet.h>

static const char algorithm[] = "rfc4106(gcm(aes))";

static void *more_room(void *items, size_t *room, size_t size)
{
    *room = *room ? *room * 2 : 1024;
    items = realloc(items, *room * size);
    if (!items) fail("no memory");
    return items;
}

// Whether it is a selector of the family and nothing but addresses, protocol and ports.
static bool read_selector(struct policy *to, const struct xfrm_selector *selector)
{
    to->family = selector->family;
    to->destination = selector->daddr;
    to->source = selector->saddr;
    to->destination_port = ntohs(selector->dport);
    to->destination_port_mask = ntohs(selector->dport_mask);
    to->source_port = ntohs(selector->sport);
    to->source_port_mask = ntohs(selector->sport_mask);
    to->destination_prefix = selector->prefixlen_d;
    to->source_prefix = selector->prefixlen_s;
    to->protocol = selector->proto;
    return selector->ifindex == 0 && selector->user == 0;
}

static bool read_template(struct policy *policy, const struct xfrm_user_tmpl *template)
{
    static const xfrm_address_t none;
    if (template->id.proto != IPPROTO_ESP || template->mode != XFRM_MODE_TRANSPORT || template->family != policy->family ||
        memcmp(&template->id.daddr, &none, sizeof none) != 0 || memcmp(&template->saddr, &none, sizeof none) != 0)
        return false;
    policy->spi = ntohl(template->id.spi);
    policy->reqid = template->reqid;
    policy->is_optional = template->optional;
    return true;
}

static void add_policy_of(struct objects *objects, const struct nlmsghdr *message)
{
    const struct xfrm_userpolicy_info *info = mnl_nlmsg_get_payload(message);
    // Socket policies have directions above these.
    if (mnl_nlmsg_get_payload_len(message) < sizeof *info || info->dir > XFRM_POLICY_FWD) return;
    if (objects->policy_count == objects->policy_room)
        objects->policies = more_room(objects->policies, &objects->policy_room, sizeof *objects->policies);
    struct policy *policy = &objects->policies[objects->policy_count++];
    *policy = (struct policy){.direction = info->dir, .priority = info->priority, .action = other};
    bool is_foreign = !read_selector(policy, &info->sel) || info->flags, has_template = false;
    size_t templates = 0;
    const struct nlattr *attribute;
    mnl_attr_for_each(attribute, message, sizeof *info) {
        uint16_t size = mnl_attr_get_payload_len(attribute);
        switch (mnl_attr_get_type(attribute)) {
        case XFRMA_TMPL:
            templates += (size + sizeof(struct xfrm_user_tmpl) - 1) / sizeof(struct xfrm_user_tmpl);
            if (size == sizeof(struct xfrm_user_tmpl)) has_template = read_template(policy, mnl_attr_get_payload(attribute));
            break;
        case XFRMA_POLICY_TYPE:
            if (size >= 1 && mnl_attr_get_u8(attribute) != XFRM_POLICY_TYPE_MAIN) is_foreign = true;
            break;
        case XFRMA_MARK: case XFRMA_IF_ID: case XFRMA_SEC_CTX: is_foreign = true; break;
        default: break;
        }
    }
    if (is_foreign || templates > 1) return;
    if (info->action == XFRM_POLICY_BLOCK && templates == 0) policy->action = block;
    else if (info->action == XFRM_POLICY_ALLOW && templates == 0) policy->action = bypass;
    else if (info->action == XFRM_POLICY_ALLOW && has_template) policy->action = protect;
}

static void add_association_of(struct objects *objects, const struct nlmsghdr *message)
{
    const struct xfrm_usersa_info *info = mnl_nlmsg_get_payload(message);
    if (mnl_nlmsg_get_payload_len(message) < sizeof *info || info->id.proto != IPPROTO_ESP) return;
    if (objects->association_count == objects->association_room)
        objects->associations = more_room(objects->associations, &objects->association_room, sizeof *objects->associations);
    struct association *association = &objects->associations[objects->association_count++];
    *association = (struct association){
        .family = info->family, .source = info->saddr, .destination = info->id.daddr, .spi = ntohl(info->id.spi),
        .reqid = info->reqid, .replay_window = info->replay_window, .bytes = info->curlft.bytes,
        .packets = info->curlft.packets, .shape = larval};
    bool is_plain = read_selector(&association->selector, &info->sel) && info->sel.family == info->family &&
        info->mode == XFRM_MODE_TRANSPORT && association->spi != 0 && (info->flags & ~XFRM_STATE_ESN) == 0;
    bool has_algorithm = false, is_ours = false;
    const struct nlattr *attribute;
    mnl_attr_for_each(attribute, message, sizeof *info) {
        const void *payload = mnl_attr_get_payload(attribute);
        uint16_t size = mnl_attr_get_payload_len(attribute);
        switch (mnl_attr_get_type(attribute)) {
        case XFRMA_ALG_AEAD:
            has_algorithm = true;
            if (size >= sizeof(struct xfrm_algo_aead)) {
                const struct xfrm_algo_aead *aead = payload;
                is_ours = strncmp(aead->alg_name, algorithm, sizeof aead->alg_name) == 0 &&
                    aead->alg_key_len == key_bytes * 8 && aead->alg_icv_len == 128;
            }
            break;
        case XFRMA_REPLAY_ESN_VAL:
            if (size >= sizeof(struct xfrm_replay_state_esn))
                association->replay_window = ((const struct xfrm_replay_state_esn *)payload)->replay_window;
            break;
        case XFRMA_ALG_CRYPT: case XFRMA_ALG_AUTH: case XFRMA_ALG_AUTH_TRUNC: has_algorithm = true; break;
        case XFRMA_ENCAP: case XFRMA_MARK: case XFRMA_IF_ID: case XFRMA_SEC_CTX: is_plain = false; break;
        default: break;
        }
    }
    if (has_algorithm) association->shape = is_plain && is_ours ? transport : foreign;
}

int objects_add(const struct nlmsghdr *message, void *to)
{
    if (message->nlmsg_type == XFRM_MSG_NEWPOLICY) add_policy_of(to, message);
    else if (message->nlmsg_type == XFRM_MSG_NEWSA) add_association_of(to, message);
    return MNL_CB_OK;
}

static void show_port(const char *name, uint16_t port, uint16_t mask)
{
    if (mask == 0xffff) printf(" %s %u", name, port);
    else if (port || mask) printf(" %s 0x%x/0x%x", name, port, mask);
}

// "src ADDRESS dst ADDRESS", each with its prefix where that is not negative.
static void show_ends(uint16_t family, const xfrm_address_t *source, int source_prefix, const xfrm_address_t *destination,
                      int destination_prefix)
{
    char text[INET6_ADDRSTRLEN];
    printf(" src %s", inet_ntop(family, source, text, sizeof text));
    if (source_prefix >= 0) printf("/%d", source_prefix);
    printf(" dst %s", inet_ntop(family, destination, text, sizeof text));
    if (destination_prefix >= 0) printf("/%d", destination_prefix);
}

static void show_selector(const struct policy *selector)
{
    show_ends(selector->family, &selector->source, selector->source_prefix, &selector->destination, selector->destination_prefix);
    if (selector->protocol == IPPROTO_UDP) printf(" proto udp");
    else if (selector->protocol) printf(" proto %u", selector->protocol);
    show_port("sport", selector->source_port, selector->source_port_mask);
    show_port("dport", selector->destination_port, selector->destination_port_mask);
}

void objects_show(const struct objects *objects)
{
    static const char *const directions[] = {[XFRM_POLICY_IN] = "in", [XFRM_POLICY_OUT] = "out", [XFRM_POLICY_FWD] = "fwd"};
    for (size_t i = 0; i < objects->association_count; i++) {
        const struct association *association = &objects->associations[i];
        printf("state");
        show_ends(association->family, &association->source, -1, &association->destination, -1);
        printf(" proto esp spi 0x%08x reqid %u", association->spi, association->reqid);
        if (association->shape == transport) {
            const char *flag = association->replay_window ? " flag esn" : "";
            printf(" mode transport replay-window %u%s sel", association->replay_window, flag);
            show_selector(&association->selector);
        } else printf(" other");
        printf("\n");
    }
    for (size_t i = 0; i < objects->policy_count; i++) {
        const struct policy *policy = &objects->policies[i];
        printf("policy");
        show_selector(policy);
        printf(" dir %s priority %u", directions[policy->direction], policy->priority);
        if (policy->action == protect) {
            printf(" tmpl proto esp");
            if (policy->spi) printf(" spi 0x%08x", policy->spi);
            printf(" reqid %u mode transport%s", policy->reqid, policy->is_optional ? " level use" : "");
        } else if (policy->action == block) printf(" action block");
        else if (policy->action == other) printf(" other");
        printf("\n");
    }
}

void objects_free(struct objects *objects)
{
    free(objects->policies);
    free(objects->associations);
}
