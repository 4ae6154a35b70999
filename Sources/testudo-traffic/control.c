// Commands come over a Unix socket, one line each; the answer is one line of JSON.
#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MILLISECONDS = 30000, COMMAND_BYTES = 128, ANSWER_BYTES = 64 << 10 };

static const char NOT_STARTED[] = "{\"error\":\"not started yet\"}\n";

static struct sockaddr_un control_address(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) fail("the path of the control socket is too long: %s", path);
    strcpy(address.sun_path, path);
    return address;
}

int open_control(const char *path) {
    struct sockaddr_un address = control_address(path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    unlink(path);
    mode_t before = umask(077);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0)
        fail("control socket %s: %s", path, strerror(errno));
    umask(before);
    return listener;
}

static void begin_mark(struct fleet *fleet, const char *name) {
    snprintf(fleet->mark, sizeof fleet->mark, "%.*s", (int)sizeof fleet->mark - 1, name);
    for (char *letter = fleet->mark; *letter; letter++)
        if (*letter < ' ' || *letter == '"' || *letter == '\\') *letter = '_';
    fleet->marked = fleet->wire;
    fleet->mark_ms = now_ms();
    fleet->mark_sent = 0;
    for (unsigned index = 0; index < fleet->flow_count; index++)
        for (int size = 0; size < SIZES; size++) fleet->mark_sent += fleet->flows[index].sent[size];
}

int take_command(struct fleet *fleet, int listener) {
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) return -1; // It went away again.
    struct timeval patience = {.tv_sec = 1};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char line[COMMAND_BYTES];
    ssize_t bytes = recv(client, line, sizeof line - 1, 0);
    line[bytes > 0 ? bytes : 0] = 0;
    line[strcspn(line, "\n")] = 0;
    if (strcmp(line, "stop") == 0 && fleet->started_ms) return client;
    FILE *out = fdopen(client, "w");
    if (!out) fail("control: %s", strerror(errno));
    if (strncmp(line, "mark ", 5) == 0 && fleet->started_ms) {
        read_wire(fleet);
        print_mark(fleet, out);
        begin_mark(fleet, line + 5);
    } else {
        fputs(fleet->started_ms ? "{\"error\":\"unknown command\"}\n" : NOT_STARTED, out);
    }
    fclose(out);
    return -1;
}

/// Connects as soon as somebody listens there.
static int connect_patiently(const char *path) {
    struct sockaddr_un address = control_address(path);
    uint64_t begun = now_ms();
    for (;;) {
        int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (descriptor < 0) fail("socket: %s", strerror(errno));
        if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
        if (now_ms() - begun > PATIENCE_MILLISECONDS) fail("nobody answers at %s: %s", path, strerror(errno));
        close(descriptor);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}

static size_t read_answer(int descriptor, char *answer, size_t room) {
    size_t length = 0;
    ssize_t bytes;
    while (length < room && (bytes = read(descriptor, answer + length, room - length)) > 0) length += (size_t)bytes;
    return length;
}

/// Prints the answer to one command. Returns the exit status: 0, or 1 when the answer is an error or there is none.
int ask(const char *path, const char *command) {
    static char answer[ANSWER_BYTES + 1];
    static const char error[] = "{\"error\"";
    for (uint64_t begun = now_ms();;) {
        int descriptor = connect_patiently(path);
        dprintf(descriptor, "%s\n", command);
        size_t length = read_answer(descriptor, answer, ANSWER_BYTES);
        close(descriptor);
        answer[length] = 0;
        if (strcmp(answer, NOT_STARTED) != 0 || now_ms() - begun > PATIENCE_MILLISECONDS) {
            fputs(answer, stdout);
            return length > 0 && strncmp(answer, error, sizeof error - 1) != 0 ? 0 : 1;
        }
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
}
