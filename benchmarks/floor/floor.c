// The floor of a toggle: what its rounds cost on raw libzmq. One ROUTER sends every peer a message and waits for all
// answers, then the next round begins; CURVE, loopback TCP, nothing else. The peers are DEALERs in processes of their own,
// 5000 in each: a peer takes two descriptors. Only the peers' key is admitted, as a coordinator admits only enrolled ones
// (ZAP, RFC 27); peers are admitted while they connect, and in no round.
//
//   floor [-o] PEERS         says `ready` when all are connected; -o: open to everybody, without ZAP
//
// Each line of its input is a toggle: its rounds, ORDER:ANSWER in bytes, one after another. It answers with the toggle's
// microseconds, and ends with its input.
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum {
    peers_maximum = 20000, peers_a_process = 5000, rounds_maximum = 32, line_maximum = 4096, bytes_maximum = 1 << 24, backlog = 16384,
    ready_maximum = 256, zap_frames_maximum = 8, zap_frame_maximum = 256, zap_frames = 7,
};
static const int patience_milliseconds = 60000;

struct keys { char public[41], secret[41]; };
struct round { size_t order, answer; };

static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "floor: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, ": %s\n", zmq_strerror(errno));
    va_end(arguments);
    exit(1);
}

static void set(void *socket, int option, const void *value, size_t size)
{
    if (zmq_setsockopt(socket, option, value, size) != 0) fail("option %d", option);
}

static void set_int(void *socket, int option, int value) { set(socket, option, &value, sizeof value); }

static uint64_t microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void *context_for(int sockets)
{
    void *context = zmq_ctx_new();
    if (!context || zmq_ctx_set(context, ZMQ_MAX_SOCKETS, sockets) != 0) fail("context");
    return context;
}

// Answers every message that has come: the first four bytes of an order say how long its answer is.
static void answer_all(void *dealer, const char *filler)
{
    for (;;) {
        zmq_msg_t order;
        zmq_msg_init(&order);
        if (zmq_msg_recv(&order, dealer, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&order);
            if (errno == EAGAIN) return;
            if (errno == EINTR) continue;
            fail("a peer's receive");
        }
        uint32_t size;
        memcpy(&size, zmq_msg_data(&order), sizeof size);
        zmq_msg_close(&order);
        zmq_msg_t answer;
        zmq_msg_init_data(&answer, (void *)filler, size, NULL, NULL);
        while (zmq_msg_send(&answer, dealer, 0) < 0)
            if (errno != EINTR) fail("a peer's send");
    }
}

// All peers: a message each says that it is there, and then each answers what it is sent until the process is killed.
static void run_peers(int count, const char *endpoint, const char *server_key, const struct keys *keys)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char *filler = calloc(1, bytes_maximum);
    void *context = context_for(count + 16);
    void **dealers = calloc((size_t)count, sizeof *dealers);
    int ready = epoll_create1(EPOLL_CLOEXEC);
    if (!filler || !dealers || ready < 0) fail("memory");
    for (int index = 0; index < count; index++) {
        void *dealer = dealers[index] = zmq_socket(context, ZMQ_DEALER);
        if (!dealer) fail("peer %d", index);
        set(dealer, ZMQ_CURVE_SERVERKEY, server_key, 40);
        set(dealer, ZMQ_CURVE_PUBLICKEY, keys->public, 40);
        set(dealer, ZMQ_CURVE_SECRETKEY, keys->secret, 40);
        set_int(dealer, ZMQ_LINGER, 0);
        if (zmq_connect(dealer, endpoint) != 0) fail("connect");
        while (zmq_send_const(dealer, filler, 1, 0) < 0)
            if (errno != EINTR) fail("hello");
        int descriptor;
        size_t size = sizeof descriptor;
        if (zmq_getsockopt(dealer, ZMQ_FD, &descriptor, &size) != 0) fail("descriptor");
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = dealer};
        if (epoll_ctl(ready, EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll");
    }
    // A descriptor tells of a change and not of a state: all are looked at once before the first wait.
    for (int index = 0; index < count; index++) answer_all(dealers[index], filler);
    for (;;) {
        struct epoll_event events[ready_maximum];
        int number = epoll_wait(ready, events, ready_maximum, -1);
        if (number < 0 && errno != EINTR) fail("epoll");
        for (int index = 0; index < number; index++) answer_all(events[index].data.ptr, filler);
    }
}

// A socket that libzmq asks, in each handshake, whether a key is admitted.
static void *start_admitting(void *context)
{
    void *zap = zmq_socket(context, ZMQ_REP);
    if (!zap || zmq_bind(zap, "inproc://zeromq.zap.01") != 0) fail("zap");
    return zap;
}

// Answers all that libzmq has asked.
static void admit(void *zap, const uint8_t key[32])
{
    for (;;) {
        char frames[zap_frames_maximum][zap_frame_maximum];
        int sizes[zap_frames_maximum], count = 0, more = 1;
        size_t size = sizeof more;
        while (more) {
            if (count == zap_frames_maximum) fail("zap: a request of more than %d frames", count);
            sizes[count] = zmq_recv(zap, frames[count], zap_frame_maximum, ZMQ_DONTWAIT);
            if (sizes[count] < 0 && errno == EINTR) continue;
            if (sizes[count] < 0 && errno == EAGAIN && count == 0) return;
            if (sizes[count] < 0 || sizes[count] > zap_frame_maximum) fail("zap");
            count++;
            if (zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &size) != 0) fail("zap");
        }
        // Version, request, domain, address, routing id, mechanism, key.
        int is_admitted = count == zap_frames && sizes[6] == 32 && memcmp(frames[6], key, 32) == 0;
        const char *answer[] = {"1.0", NULL, is_admitted ? "200" : "400", "", "", ""};
        for (int frame = 0; frame < 6; frame++) {
            const char *text = answer[frame] ? answer[frame] : frames[1];
            size_t length = answer[frame] ? strlen(text) : (size_t)sizes[1];
            if (zmq_send(zap, text, length, frame < 5 ? ZMQ_SNDMORE : 0) < 0) fail("zap");
        }
    }
}

// One message of a peer: its routing id stays in `id`. Admits peers while it waits, where there is a socket for that.
static void receive(void *router, zmq_msg_t *id, void *zap, const uint8_t key[32])
{
    zmq_pollitem_t items[] = {{.socket = router, .events = ZMQ_POLLIN}, {.socket = zap, .events = ZMQ_POLLIN}};
    while (zmq_msg_recv(id, router, ZMQ_DONTWAIT) < 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN) fail("receive");
        int number = zmq_poll(items, zap ? 2 : 1, patience_milliseconds);
        if (number == 0) fail("no answer within %d ms", patience_milliseconds);
        if (number < 0 && errno != EINTR) fail("poll");
        if (zap && items[1].revents) admit(zap, key);
    }
    zmq_msg_t body;
    zmq_msg_init(&body);
    if (zmq_msg_recv(&body, router, 0) < 0) fail("receive");
    zmq_msg_close(&body);
}

static void perform(void *router, zmq_msg_t *ids, int count, struct round round, char *order)
{
    uint32_t size = (uint32_t)round.answer;
    memcpy(order, &size, sizeof size);
    for (int index = 0; index < count; index++) {
        zmq_msg_t id, body;
        zmq_msg_init(&id);
        zmq_msg_copy(&id, &ids[index]);
        zmq_msg_init_data(&body, order, round.order, NULL, NULL);
        if (zmq_msg_send(&id, router, ZMQ_SNDMORE) < 0 || zmq_msg_send(&body, router, 0) < 0) fail("send");
    }
    for (int index = 0; index < count; index++) {
        zmq_msg_t id;
        zmq_msg_init(&id);
        receive(router, &id, NULL, NULL);
        zmq_msg_close(&id);
    }
}

static size_t number(const char *text, char **end, size_t least, size_t most)
{
    errno = 0;
    unsigned long value = strtoul(text, end, 10);
    if (errno || *end == text || value < least || value > most) {
        fprintf(stderr, "floor: '%s': expected %zu to %zu\n", text, least, most);
        exit(2);
    }
    return value;
}

// The rounds of one line of input; 0 at its end.
static int read_toggle(struct round rounds[rounds_maximum])
{
    char line[line_maximum];
    if (!fgets(line, sizeof line, stdin)) return 0;
    int count = 0;
    for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
        char *end;
        if (count == rounds_maximum) { fprintf(stderr, "floor: more than %d rounds\n", rounds_maximum); exit(2); }
        rounds[count].order = number(word, &end, sizeof(uint32_t), bytes_maximum);
        if (*end != ':') { fprintf(stderr, "floor: '%s': expected ORDER:ANSWER\n", word); exit(2); }
        rounds[count].answer = number(end + 1, &end, 1, bytes_maximum);
        count++;
    }
    if (count == 0) { fprintf(stderr, "floor: a toggle without rounds\n"); exit(2); }
    return count;
}

// Starts the processes of peers, which wait for the endpoint on the pipe that is answered.
static int start_peers(int peers, const char *server_key, const struct keys *keys)
{
    // The endpoint is known before there is a context, which no fork may share.
    int channel[2];
    if (pipe(channel) != 0) fail("pipe");
    for (int first = 0; first < peers; first += peers_a_process) {
        pid_t child = fork();
        if (child < 0) fail("fork");
        if (child > 0) continue;
        char endpoint[64] = "";
        if (read(channel[0], endpoint, sizeof endpoint) <= 0) _exit(1);
        close(channel[1]);
        run_peers(peers - first < peers_a_process ? peers - first : peers_a_process, endpoint, server_key, keys);
    }
    close(channel[0]);
    return channel[1];
}

int main(int count, char **words)
{
    int is_open = count == 3 && strcmp(words[1], "-o") == 0;
    if (count != 2 + is_open) {
        fprintf(stderr, "usage: floor [-o] PEERS\n");
        return 2;
    }
    char *end;
    int peers = (int)number(words[count - 1], &end, 1, peers_maximum);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    struct keys keys, peer_keys;
    if (zmq_curve_keypair(keys.public, keys.secret) != 0) fail("keys");
    if (zmq_curve_keypair(peer_keys.public, peer_keys.secret) != 0) fail("keys");
    uint8_t admitted[32];
    if (!zmq_z85_decode(admitted, peer_keys.public)) fail("keys");
    int channel = start_peers(peers, keys.public, &peer_keys);
    void *context = context_for(64);
    void *zap = is_open ? NULL : start_admitting(context);
    void *router = zmq_socket(context, ZMQ_ROUTER);
    if (!router) fail("router");
    set_int(router, ZMQ_CURVE_SERVER, 1);
    set(router, ZMQ_CURVE_SECRETKEY, keys.secret, 40);
    set_int(router, ZMQ_BACKLOG, backlog);
    set_int(router, ZMQ_ROUTER_MANDATORY, 1);
    set_int(router, ZMQ_LINGER, 0);
    if (zmq_bind(router, "tcp://127.0.0.1:*") != 0) fail("bind");
    char endpoint[64] = "";
    size_t size = sizeof endpoint;
    if (zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0) fail("endpoint");
    for (int first = 0; first < peers; first += peers_a_process)
        if (write(channel, endpoint, sizeof endpoint) != sizeof endpoint) fail("pipe");

    static zmq_msg_t ids[peers_maximum];
    char *order = calloc(1, bytes_maximum);
    if (!order) fail("memory");
    for (int index = 0; index < peers; index++) {
        zmq_msg_init(&ids[index]);
        receive(router, &ids[index], zap, admitted);
    }
    puts("ready");
    fflush(stdout);
    struct round rounds[rounds_maximum];
    for (int round_count; (round_count = read_toggle(rounds)) > 0;) {
        uint64_t began = microseconds();
        for (int index = 0; index < round_count; index++) perform(router, ids, peers, rounds[index], order);
        printf("%llu\n", (unsigned long long)(microseconds() - began));
        fflush(stdout);
    }
    // Peers end with their parent. The context is not ended: messages that are still lent would be waited for.
    return 0;
}
