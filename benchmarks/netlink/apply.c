// The floor of a rung: the same XFRM changes on libmnl. Changes are read into structs before the clock starts; it runs while
// messages are built, sent and acknowledged. It works in the network namespace that it is started in.
//
//   apply [-ml] [-n COUNT] walk FOLDER ROUNDS    FOLDER/{accept,send,enforce,clear}.recipe, one after another
//   apply [-ml] [-n COUNT] until RUNG FOLDER    the same up to a rung, which is left standing; nothing is printed
//   apply check FOLDER                          are the messages byte for byte those in FOLDER/RUNG.messages?
//   apply dump ROUNDS                           all SAs and policies, decoded
//   apply show                                  the same as it was decoded, one object a line
//
//   -m   a second socket is told of others' changes, as an agent must be; those of this program are filtered
//   -l   only the last message of a send asks to be acknowledged: the kernel answers errors unasked
//   -n   messages a send (messages_default)
//
// Rounds are counted after one that is not; each gives lines of CASE MICROSECONDS OBJECTS. Any refusal ends the program.
// What a recipe's lines are stands in Sources/testudo-measure/NetlinkRecipe.swift.
#define _GNU_SOURCE
#include "xfrm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/filter.h>
#include <stddef.h>
#include <sys/socket.h>
#include <time.h>

// As many messages a send as are fastest: fewer sends of more messages leave the processor's cache.
enum { messages_default = 100, messages_maximum = 1000, socket_buffer_bytes = 32 << 20, answer_bytes = 512, answers_maximum = 256 };
static const char *const rungs[] = {"accept", "send", "enforce", "clear"};
enum { rung_count = sizeof rungs / sizeof *rungs };

static struct mnl_socket *kernel;
static uint32_t port, sequence;
static bool acknowledges_last_only;
static size_t messages_per_send = messages_default;

struct batch { struct change *changes; size_t count; };

void fail(const char *format, ...)
{
    int code = errno;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "apply: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, code ? ": %s\n" : "\n", strerror(code));
    va_end(arguments);
    exit(1);
}

static double microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static FILE *open_part(const char *folder, const char *rung, const char *ending)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s.%s", folder, rung, ending) >= sizeof path) fail("%s is too long", folder);
    FILE *file = fopen(path, "r");
    if (!file) fail("%s", path);
    return file;
}

static struct batch read_batch(const char *folder, const char *rung)
{
    struct batch batch = {0};
    size_t room = 0;
    char line[1024];
    FILE *file = open_part(folder, rung, "recipe");
    while (fgets(line, sizeof line, file)) {
        if (batch.count == room) {
            room = room ? room * 2 : 1024;
            batch.changes = realloc(batch.changes, room * sizeof *batch.changes);
            if (!batch.changes) fail("no memory");
        }
        if (!change_read(&batch.changes[batch.count++], line)) fail("%s: not understood: %s", rung, line);
    }
    fclose(file);
    return batch;
}

static void connect_kernel(void)
{
    int on = 1, size = socket_buffer_bytes;
    kernel = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
    if (!kernel || mnl_socket_bind(kernel, 0, MNL_SOCKET_AUTOPID) != 0) fail("NETLINK_XFRM");
    port = mnl_socket_get_portid(kernel);
    if (mnl_socket_setsockopt(kernel, NETLINK_EXT_ACK, &on, sizeof on) != 0 ||
        mnl_socket_setsockopt(kernel, NETLINK_CAP_ACK, &on, sizeof on) != 0)
        fail("SOL_NETLINK");
    // Acknowledgements of a whole send wait in the socket until they are read.
    if (setsockopt(mnl_socket_get_fd(kernel), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0 ||
        setsockopt(mnl_socket_get_fd(kernel), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
        fail("socket buffers");
}

// The kernel makes an event of each change for who listens, of which none of ours is queued.
static void listen_to_others(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog filter = {.len = sizeof steps / sizeof *steps, .filter = steps};
    struct mnl_socket *events = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
    if (!events || setsockopt(mnl_socket_get_fd(events), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0 ||
        mnl_socket_bind(events, XFRMGRP_SA | XFRMGRP_POLICY | XFRMGRP_EXPIRE, MNL_SOCKET_AUTOPID) != 0)
        fail("events");
}

static void refuse(const struct nlmsghdr *message, uint32_t first, const struct change *changes)
{
    const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);
    const struct nlattr *attribute;
    const char *words = "";
    if (message->nlmsg_flags & NLM_F_ACK_TLVS)
        mnl_attr_for_each(attribute, message, sizeof *answer)
            if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG) words = mnl_attr_get_str(attribute);
    errno = -answer->error;
    fail("change %u of a send, of kind %d, was refused: %s", message->nlmsg_seq - first + 1,
         changes[message->nlmsg_seq - first].kind, *words ? words : "in no words");
}

// Takes what has come in as few calls as there are; returns the greatest sequence number that was acknowledged.
static uint32_t read_answers(uint32_t first, const struct change *changes, uint32_t *count)
{
    static char bytes[answers_maximum][answer_bytes] __attribute__((aligned(8)));
    static struct iovec parts[answers_maximum];
    static struct mmsghdr answers[answers_maximum];
    uint32_t last = 0;
    if (!parts[0].iov_base)
        for (size_t i = 0; i < answers_maximum; i++) {
            parts[i] = (struct iovec){bytes[i], answer_bytes};
            answers[i].msg_hdr.msg_iov = &parts[i];
            answers[i].msg_hdr.msg_iovlen = 1;
        }
    int got = recvmmsg(mnl_socket_get_fd(kernel), answers, answers_maximum, MSG_WAITFORONE, NULL);
    if (got <= 0) fail("recvmmsg");
    for (int i = 0; i < got; i++) {
        int left = (int)answers[i].msg_len;
        const struct nlmsghdr *message = (const void *)bytes[i];
        if (answers[i].msg_hdr.msg_flags & MSG_TRUNC) fail("an answer is longer than %d bytes", answer_bytes);
        for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
            if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_seq < first) continue;
            if (((const struct nlmsgerr *)mnl_nlmsg_get_payload(message))->error) refuse(message, first, changes);
            last = message->nlmsg_seq;
            ++*count;
        }
    }
    return last;
}

static void run_batch(const struct batch *batch)
{
    static char buffer[messages_maximum * change_bytes_maximum] __attribute__((aligned(8)));
    for (size_t start = 0; start < batch->count; start += messages_per_send) {
        size_t count = batch->count - start < messages_per_send ? batch->count - start : messages_per_send;
        uint32_t first = sequence + 1, acknowledged = 0;
        char *end = buffer;
        for (size_t i = 0; i < count; i++) {
            bool asks = !acknowledges_last_only || i + 1 == count;
            end += change_put(&batch->changes[start + i], end, asks ? NLM_F_ACK : 0, ++sequence, port);
        }
        if (mnl_socket_sendto(kernel, buffer, (size_t)(end - buffer)) != end - buffer) fail("send");
        while (read_answers(first, &batch->changes[start], &acknowledged) != sequence) {}
        errno = 0;
        if (acknowledged != (acknowledges_last_only ? 1 : count)) fail("%u of %zu were acknowledged", acknowledged, count);
    }
}

static void walk(const char *folder, long rounds, const char *until)
{
    struct batch batches[rung_count];
    for (int i = 0; i < rung_count; i++) batches[i] = read_batch(folder, rungs[i]);
    for (long round = 0; round <= rounds; round++)
        for (int i = 0; i < rung_count; i++) {
            double start = microseconds();
            run_batch(&batches[i]);
            double end = microseconds();
            if (round > 0) printf("%s %.1f %zu\n", rungs[i], end - start, batches[i].count);
            if (until && strcmp(until, rungs[i]) == 0) return;
        }
}

static void check(const char *folder)
{
    static char ours[change_bytes_maximum], theirs[change_bytes_maximum];
    for (int i = 0; i < rung_count; i++) {
        struct batch batch = read_batch(folder, rungs[i]);
        FILE *file = open_part(folder, rungs[i], "messages");
        for (size_t j = 0; j < batch.count; j++) {
            size_t size = change_put(&batch.changes[j], ours, NLM_F_ACK, (uint32_t)j + 1, 0);
            errno = 0;
            if (fread(theirs, 1, size, file) != size || memcmp(ours, theirs, size) != 0)
                fail("%s: message %zu differs", rungs[i], j + 1);
        }
        if (fgetc(file) != EOF) fail("%s: there are more messages", rungs[i]);
        fclose(file);
        free(batch.changes);
    }
}

static struct objects dump_all(void)
{
    struct objects objects = {0};
    const uint16_t kinds[] = {XFRM_MSG_GETSA, XFRM_MSG_GETPOLICY};
    // The kernel makes dump messages no longer.
    static char buffer[32 * 1024] __attribute__((aligned(8)));
    for (int i = 0; i < 2; i++) {
        struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
        request->nlmsg_type = kinds[i];
        request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
        request->nlmsg_seq = ++sequence;
        if (mnl_socket_sendto(kernel, request, request->nlmsg_len) < 0) fail("send");
        int more = MNL_CB_OK;
        while (more > MNL_CB_STOP) {
            ssize_t size = mnl_socket_recvfrom(kernel, buffer, sizeof buffer);
            if (size < 0) fail("receive");
            more = mnl_cb_run(buffer, (size_t)size, sequence, 0, objects_add, &objects);
        }
        if (more < 0) fail("dump");
    }
    return objects;
}

static void dump(long rounds)
{
    for (long round = 0; round <= rounds; round++) {
        double start = microseconds();
        struct objects objects = dump_all();
        double end = microseconds();
        if (round > 0) printf("dump %.1f %zu\n", end - start, objects.association_count + objects.policy_count);
        objects_free(&objects);
    }
}

static void usage(void)
{
    fprintf(stderr, "usage: apply [-ml] [-n COUNT] walk FOLDER ROUNDS | until RUNG FOLDER | check FOLDER | dump ROUNDS | show\n");
    exit(2);
}

int main(int count, char **words)
{
    bool listens = false;
    for (int option; (option = getopt(count, words, "mln:")) != -1;)
        if (option == 'm') listens = true;
        else if (option == 'l') acknowledges_last_only = true;
        else if (option == 'n') messages_per_send = strtoul(optarg, NULL, 10);
        else usage();
    if (messages_per_send < 1 || messages_per_send > messages_maximum) usage();
    words += optind;
    count -= optind;
    if (count == 2 && strcmp(words[0], "check") == 0) return check(words[1]), 0;
    connect_kernel();
    if (listens) listen_to_others();
    if (count == 3 && strcmp(words[0], "walk") == 0) walk(words[1], strtol(words[2], NULL, 10), NULL);
    else if (count == 3 && strcmp(words[0], "until") == 0) walk(words[2], 0, words[1]);
    else if (count == 2 && strcmp(words[0], "dump") == 0) dump(strtol(words[1], NULL, 10));
    else if (count == 1 && strcmp(words[0], "show") == 0) {
        struct objects objects = dump_all();
        objects_show(&objects);
    } else usage();
    return fflush(stdout) == 0 ? 0 : 1;
}
