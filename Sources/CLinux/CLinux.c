#define _GNU_SOURCE
#include "CLinux.h"

#include <unistd.h>
#include <sched.h>
#include <fcntl.h>
#include <malloc.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

void testudo_wipe(void *bytes, size_t count) {
    if (bytes) explicit_bzero(bytes, count);
}

int testudo_enter_network_namespace(const char *path) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    int error = setns(descriptor, CLONE_NEWNET) == 0 ? 0 : errno;
    close(descriptor);
    return error;
}

int testudo_event_descriptor(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int testudo_ignore_netlink_port(int descriptor, uint32_t port) {
    // The kernel loads words in network order; nlmsg_pid is in the machine's.
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog program = { .len = sizeof steps / sizeof steps[0], .filter = steps };
    return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 ? 0 : errno;
}

uint64_t testudo_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    struct rlimit raised = { .rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max };
    return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

void testudo_trim_heap(void) { malloc_trim(0); }

void testudo_keep_heap_small(size_t bytes) {
    mallopt(M_ARENA_MAX, 1);
    // Set by hand they stay: else each large block that is freed makes glibc keep the next of that size.
    mallopt(M_MMAP_THRESHOLD, (int)bytes);
    mallopt(M_TRIM_THRESHOLD, (int)bytes);
    mallopt(M_TOP_PAD, (int)bytes);
}

void testudo_name_thread(const char *name) {
    char shortened[16] = {0};
    strncpy(shortened, name, sizeof shortened - 1);
    pthread_setname_np(pthread_self(), shortened);
}

int testudo_ready_set(void) {
    int set = epoll_create1(EPOLL_CLOEXEC);
    return set < 0 ? -errno : set;
}

int testudo_ready_add(int set, int descriptor, uint64_t name) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = name};
    return epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

int testudo_ready_wait(int set, uint64_t *names, int count, int milliseconds) {
    struct epoll_event events[256];
    if (count > 256) count = 256;
    int ready = epoll_wait(set, events, count, milliseconds);
    for (int index = 0; index < ready; index++) names[index] = events[index].data.u64;
    return ready < 0 ? -errno : ready;
}
