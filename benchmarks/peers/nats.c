// A fan-out over NATS at its best: no client library between, only its protocol on TCP, one thread, epoll, no TLS.
//
//   nats agents PORT COUNT            COUNT connections, each with a subscription of its own; says "ready", answers for ever
//   nats request PORT COUNT ROUNDS    one request to all of them and COUNT answers make a round: the microseconds of each, one a
//                                     line, after some that are not counted: the server's buffers grow with use
//
// Orders and answers are of the size that Testudo's are.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { payload_bytes = 200, input_bytes = 65536, ready_maximum = 256, subject_bytes = 64, line_bytes = 256,
       warm_up_rounds = 10 };
static const int patience_seconds = 20;

// What was read and not yet understood: [start, end) of bytes.
struct connection {
    int descriptor;
    size_t start, end, capacity;
    char *bytes;
};

// One message of the protocol that these programs care for.
enum kind { nothing, info, ping, pong, message };
struct message {
    enum kind kind;
    char reply[subject_bytes];
};

static char payload[payload_bytes];

static void fail(const char *format, ...)
{
    int reason = errno;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "nats: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "%s%s\n", reason ? ": " : "", reason ? strerror(reason) : "");
    va_end(arguments);
    exit(1);
}

static uint64_t microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void send_all(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(descriptor, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) fail("send");
        bytes += sent;
        size -= (size_t)sent;
    }
}

static void publish(int descriptor, const char *subject, const char *reply)
{
    char frame[2 * subject_bytes + payload_bytes + 32];
    int head = snprintf(frame, sizeof frame, "PUB %s %s%s%d\r\n", subject, reply, *reply ? " " : "", payload_bytes);
    memcpy(frame + head, payload, payload_bytes);
    memcpy(frame + head + payload_bytes, "\r\n", 2);
    send_all(descriptor, frame, (size_t)head + payload_bytes + 2);
}

// Reads once; waits for the first byte where the descriptor blocks.
static void fill(struct connection *connection)
{
    if (connection->start > 0) {
        memmove(connection->bytes, connection->bytes + connection->start, connection->end - connection->start);
        connection->end -= connection->start;
        connection->start = 0;
    }
    if (connection->end == connection->capacity) fail("a message is longer than %zu bytes", connection->capacity);
    ssize_t got;
    do got = recv(connection->descriptor, connection->bytes + connection->end, connection->capacity - connection->end, 0);
    while (got < 0 && errno == EINTR);
    if (got == 0) errno = 0;
    if (got <= 0) fail("the server ended a connection, or did not answer for %d s", patience_seconds);
    connection->end += (size_t)got;
}

static bool begins(const char *line, size_t size, const char *word)
{
    return size >= strlen(word) && memcmp(line, word, strlen(word)) == 0;
}

// Takes the next whole message from what was read.
static struct message take(struct connection *connection)
{
    struct message taken = { .kind = nothing };
    char *begin = connection->bytes + connection->start;
    size_t size = connection->end - connection->start;
    char *line_end = memchr(begin, '\n', size);
    if (!line_end) return taken;
    size_t whole = (size_t)(line_end - begin) + 1;
    errno = 0;
    if (begins(begin, whole, "MSG ")) {
        char line[line_bytes];
        size_t body;
        if (whole > sizeof line) fail("a line of %zu bytes", whole);
        memcpy(line, begin, whole);
        line[whole - 1] = 0;
        // MSG <subject> <subscription> [reply] <bytes>
        if (sscanf(line, "MSG %*s %*s %63s %zu", taken.reply, &body) != 2) {
            taken.reply[0] = 0;
            if (sscanf(line, "MSG %*s %*s %zu", &body) != 1) fail("not a message: %s", line);
        }
        if (body != payload_bytes) fail("a message of %zu bytes", body);
        if (size < whole + body + 2) return taken;
        taken.kind = message;
        whole += body + 2;
    } else if (begins(begin, whole, "INFO")) taken.kind = info;
    else if (begins(begin, whole, "PING")) taken.kind = ping;
    else if (begins(begin, whole, "PONG")) taken.kind = pong;
    else fail("the server said %.*s", (int)whole, begin);
    connection->start += whole;
    return taken;
}

static struct message next(struct connection *connection)
{
    for (;;) {
        struct message taken = take(connection);
        if (taken.kind == ping) send_all(connection->descriptor, "PONG\r\n", 6);
        else if (taken.kind != nothing) return taken;
        else fill(connection);
    }
}

// A connection with one subscription that the server has confirmed.
static struct connection subscribed(int port, const char *subject, size_t capacity)
{
    struct connection made = { .descriptor = socket(AF_INET, SOCK_STREAM, 0), .capacity = capacity, .bytes = malloc(capacity) };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct timeval patience = { .tv_sec = patience_seconds };
    int yes = 1;
    if (made.descriptor < 0 || !made.bytes) fail("a connection's memory");
    if (connect(made.descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("connect to port %d", port);
    if (setsockopt(made.descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) fail("TCP_NODELAY");
    if (setsockopt(made.descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) fail("SO_RCVTIMEO");
    if (next(&made).kind != info) fail("no INFO first");
    char words[256];
    int size = snprintf(words, sizeof words,
                        "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\"}\r\nSUB %s 1\r\nPING\r\n", subject);
    send_all(made.descriptor, words, (size_t)size);
    if (next(&made).kind != pong) fail("no PONG");
    return made;
}

static void answer_for_ever(int port, int count)
{
    struct connection *agents = calloc((size_t)count, sizeof *agents);
    int poll = epoll_create1(0);
    if (!agents || poll < 0) fail("memory");
    for (int agent = 0; agent < count; agent++) {
        agents[agent] = subscribed(port, "order", 1024);
        struct epoll_event interest = { .events = EPOLLIN, .data.ptr = &agents[agent] };
        if (epoll_ctl(poll, EPOLL_CTL_ADD, agents[agent].descriptor, &interest) != 0) fail("epoll_ctl");
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event ready[ready_maximum];
        int events = epoll_wait(poll, ready, ready_maximum, -1);
        if (events < 0 && errno != EINTR) fail("epoll_wait");
        for (int event = 0; event < events; event++) {
            struct connection *agent = ready[event].data.ptr;
            fill(agent);
            for (struct message taken; (taken = take(agent)).kind != nothing;) {
                if (taken.kind == message) publish(agent->descriptor, taken.reply, "");
                if (taken.kind == ping) send_all(agent->descriptor, "PONG\r\n", 6);
            }
        }
    }
}

static void request(int port, int count, int rounds)
{
    char inbox[subject_bytes];
    snprintf(inbox, sizeof inbox, "inbox.%d", (int)getpid());
    struct connection requester = subscribed(port, inbox, input_bytes);
    for (int round = 1 - warm_up_rounds; round <= rounds; round++) {
        uint64_t start = microseconds();
        publish(requester.descriptor, "order", inbox);
        for (int answers = 0; answers < count;)
            if (next(&requester).kind == message) answers++;
        uint64_t end = microseconds();
        if (round > 0) printf("%llu\n", (unsigned long long)(end - start));
    }
    // An answer too many would have been counted in the wrong round.
    send_all(requester.descriptor, "PING\r\n", 6);
    if (next(&requester).kind != pong) fail("more answers than agents");
}

int main(int count, char **arguments)
{
    int port = count > 2 ? atoi(arguments[2]) : 0, agents = count > 3 ? atoi(arguments[3]) : 0;
    int rounds = count > 4 ? atoi(arguments[4]) : 0;
    struct rlimit files;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    memset(payload, 'x', sizeof payload);
    errno = 0;
    bool valid = port > 0 && agents > 0;
    if (valid && count == 4 && strcmp(arguments[1], "agents") == 0) answer_for_ever(port, agents);
    else if (valid && count == 5 && rounds > 0 && strcmp(arguments[1], "request") == 0) request(port, agents, rounds);
    else fail("use: nats agents PORT COUNT, or nats request PORT COUNT ROUNDS");
    return 0;
}
