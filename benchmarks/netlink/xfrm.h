// What apply.c changes and reads back: changes as structs and as messages (change.c), and objects of a dump (objects.c).
#pragma once
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// After netinet/in.h, else its in6_addr clashes.
#include <linux/xfrm.h>

// Ends the program.
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

enum { change_bytes_maximum = 1024, key_bytes = 36 };

struct change {
    enum { add_policy, delete_policy, add_association, delete_association } kind;
    uint16_t family;
    uint8_t prefix, protocol, direction;
    uint16_t source_port, destination_port;
    uint32_t priority, spi, reqid, replay_window;
    xfrm_address_t source, destination;
    uint8_t key[key_bytes];
};

// Reads one line of a recipe.
bool change_read(struct change *change, const char *line);
// Writes the message; returns its length.
size_t change_put(const struct change *change, void *at, uint16_t flags, uint32_t sequence, uint32_t port);

struct policy {
    uint16_t family;
    uint8_t direction, protocol, source_prefix, destination_prefix;
    uint16_t source_port, source_port_mask, destination_port, destination_port_mask;
    xfrm_address_t source, destination;
    uint32_t priority, spi, reqid;
    bool is_optional;
    enum { bypass, protect, block, other } action;
};

struct association {
    struct policy selector;
    uint16_t family;
    xfrm_address_t source, destination;
    uint32_t spi, reqid, replay_window;
    uint64_t bytes, packets;
    enum { transport, larval, foreign } shape;
};

struct objects {
    struct policy *policies;
    struct association *associations;
    size_t policy_count, policy_room, association_count, association_room;
};

// mnl_cb_run's callback: decodes one object into the struct objects that `to` points to.
int objects_add(const struct nlmsghdr *message, void *to);
void objects_show(const struct objects *objects);
void objects_free(struct objects *objects);
