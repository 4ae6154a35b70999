// Nodes are network namespaces with names; a socket belongs for its whole life to the namespace in which it was opened.
#define _GNU_SOURCE
#include "traffic.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int home = -1;

static void enter(const char *path) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || setns(descriptor, CLONE_NEWNET) < 0) fail("namespace %s: %s", path, strerror(errno));
    close(descriptor);
}

void return_home(void) {
    if (setns(home, CLONE_NEWNET) < 0) fail("cannot return to the own namespace: %s", strerror(errno));
}

/// Opens a non-blocking socket in the node's namespace and stays there; return_home() leaves it again.
int socket_in(const struct node *node, int domain, int type) {
    char path[128];
    snprintf(path, sizeof path, "/run/netns/%s", node->name);
    enter(path);
    int descriptor = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("socket in %s: %s", node->name, strerror(errno));
    return descriptor;
}

/// Gives a socket room for all that waits while this process is not scheduled: a full buffer would look like loss.
void widen(int socket) {
    int bytes = SOCKET_BUFFER_BYTES;
    setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
}

socklen_t node_address(const struct node *node, unsigned family, uint16_t port, struct sockaddr_storage *address) {
    memset(address, 0, sizeof *address);
    if (family == 0) {
        struct sockaddr_in *address4 = (struct sockaddr_in *)address;
        *address4 = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = node->address4};
        return sizeof *address4;
    }
    struct sockaddr_in6 *address6 = (struct sockaddr_in6 *)address;
    *address6 = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = node->address6};
    return sizeof *address6;
}

static void add_node(struct fleet *fleet, const char *name, size_t length) {
    if (fleet->node_count == NODES_MAXIMUM) fail("more than %d nodes", NODES_MAXIMUM);
    struct node *node = &fleet->nodes[fleet->node_count];
    if (length == 0 || length >= sizeof node->name) fail("a node's name is empty or too long");
    memcpy(node->name, name, length);
    size_t digits = length;
    while (digits > 0 && isdigit((unsigned char)node->name[digits - 1])) digits--;
    if (digits == length) fail("'%s' does not end with its number", node->name);
    node->number = (unsigned)strtoul(node->name + digits, NULL, 10);
    if (node->number < 1 || node->number > 253) fail("'%s': its number is not from 1 to 253", node->name);
    char text[64];
    snprintf(text, sizeof text, "10.77.0.%u", node->number);
    inet_pton(AF_INET, text, &node->address4);
    snprintf(text, sizeof text, "fd77::%u", node->number);
    inet_pton(AF_INET6, text, &node->address6);
    fleet->node_count++;
}

void add_nodes(struct fleet *fleet, const char *names) {
    home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home < 0) fail("own namespace: %s", strerror(errno));
    for (const char *name = names; *name;) {
        size_t length = strcspn(name, ", ");
        add_node(fleet, name, length);
        name += length + (name[length] != 0);
    }
    if (fleet->node_count < 2) fail("traffic needs two nodes");
}
