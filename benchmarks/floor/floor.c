// The floor of a toggle: what its rounds cost on raw libzmq. One ROUTER sends every peer a message and waits for all
// answers, then the next round begins; CURVE, loopback TCP, nothing else. The peers are DEALERs in a process of their own.
//
//   floor PEERS TOGGLES ROUND...      a ROUND is ORDER:ANSWER, bytes; a toggle is all of them, one after another
//
// Prints the microseconds of each toggle, one a line, after one that is not counted.
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

enum { peers_maximum = 20000, rounds_maximum = 32, bytes_maximum = 1 << 24, backlog = 4096, ready_maximum = 256 };
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
static void run_peers(int count, const char *endpoint, const char *server_key)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char *filler = calloc(1, bytes_maximum);
    void *context = context_for(count + 16);
    void **dealers = calloc((size_t)count, sizeof *dealers);
    int ready = epoll_create1(EPOLL_CLOEXEC);
    if (!filler || !dealers || ready < 0) fail("memory");
    struct keys keys;
    if (zmq_curve_keypair(keys.public, keys.secret) != 0) fail("keys");
    for (int index = 0; index < count; index++) {
        void *dealer = dealers[index] = zmq_socket(context, ZMQ_DEALER);
        if (!dealer) fail("peer %d", index);
        set(dealer, ZMQ_CURVE_SERVERKEY, server_key, 40);
        set(dealer, ZMQ_CURVE_PUBLICKEY, keys.public, 40);
        set(dealer, ZMQ_CURVE_SECRETKEY, keys.secret, 40);
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

// One message of a peer: its routing id stays in `id`.
static void receive(void *router, zmq_msg_t *id)
{
    zmq_pollitem_t item = {.socket = router, .events = ZMQ_POLLIN};
    while (zmq_msg_recv(id, router, ZMQ_DONTWAIT) < 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN) fail("receive");
        int number = zmq_poll(&item, 1, patience_milliseconds);
        if (number == 0) fail("no answer within %d ms", patience_milliseconds);
        if (number < 0 && errno != EINTR) fail("poll");
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
        receive(router, &id);
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

int main(int count, char **words)
{
    if (count < 4 || count > 3 + rounds_maximum) {
        fprintf(stderr, "usage: floor PEERS TOGGLES ORDER:ANSWER...\n");
        return 2;
    }
    char *end;
    int peers = (int)number(words[1], &end, 1, peers_maximum);
    size_t toggles = number(words[2], &end, 1, 1000000);
    struct round rounds[rounds_maximum];
    int round_count = count - 3;
    for (int index = 0; index < round_count; index++) {
        rounds[index].order = number(words[index + 3], &end, sizeof(uint32_t), bytes_maximum);
        if (*end != ':') { fprintf(stderr, "floor: '%s': expected ORDER:ANSWER\n", words[index + 3]); return 2; }
        rounds[index].answer = number(end + 1, &end, 1, bytes_maximum);
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    struct keys keys;
    if (zmq_curve_keypair(keys.public, keys.secret) != 0) fail("keys");
    // The endpoint is known before there is a context, which no fork may share.
    int channel[2];
    if (pipe(channel) != 0) fail("pipe");
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        char endpoint[64] = "";
        if (read(channel[0], endpoint, sizeof endpoint - 1) <= 0) return 1;
        run_peers(peers, endpoint, keys.public);
    }
    void *context = context_for(64);
    void *router = zmq_socket(context, ZMQ_ROUTER);
    if (!router) fail("router");
    set_int(router, ZMQ_CURVE_SERVER, 1);
    set(router, ZMQ_CURVE_SECRETKEY, keys.secret, 40);
    set_int(router, ZMQ_BACKLOG, backlog);
    set_int(router, ZMQ_ROUTER_MANDATORY, 1);
    set_int(router, ZMQ_LINGER, 0);
    if (zmq_bind(router, "tcp://127.0.0.1:*") != 0) fail("bind");
    char endpoint[64];
    size_t size = sizeof endpoint;
    if (zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0) fail("endpoint");
    if (write(channel[1], endpoint, size) != (ssize_t)size) fail("pipe");

    zmq_msg_t *ids = calloc((size_t)peers, sizeof *ids);
    char *order = calloc(1, bytes_maximum);
    if (!ids || !order) fail("memory");
    for (int index = 0; index < peers; index++) {
        zmq_msg_init(&ids[index]);
        receive(router, &ids[index]);
    }
    for (size_t toggle = 0; toggle <= toggles; toggle++) {
        uint64_t began = microseconds();
        for (int index = 0; index < round_count; index++) perform(router, ids, peers, rounds[index], order);
        if (toggle > 0) printf("%llu\n", (unsigned long long)(microseconds() - began));
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    // The context is not ended: messages that are still lent would be waited for.
    return 0;
}
