#pragma once
// What Glibc's Swift module hides or cannot import: each function says why it is here.

#include <stddef.h>
#include <stdint.h>

/// explicit_bzero: the compiler may not drop it. Not in Swift's Glibc module.
void testudo_wipe(void *bytes, size_t count);

/// open, setns(CLONE_NEWNET), close: takes the calling thread into the network namespace at a path such as /run/netns/a.
/// setns and CLONE_NEWNET are not in Swift's Glibc module. Answers 0 or an errno.
int testudo_enter_network_namespace(const char *path);

/// eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK): wakes a thread that polls. Not in Swift's Glibc module. Answers -errno on failure.
int testudo_event_descriptor(void);

/// setsockopt(SO_ATTACH_FILTER): a netlink socket is not given the events that a request with this nlmsg_pid caused. The
/// filter's macros and structs are not in Swift's Glibc module. Answers 0 or an errno.
int testudo_ignore_netlink_port(int descriptor, uint32_t port);

/// getrlimit, setrlimit(RLIMIT_NOFILE): raises the soft limit on open files to the hard one. The constant's type differs
/// between Glibc's overlays. Answers the limit in force; 0 where it cannot be read.
uint64_t testudo_raise_descriptor_limit(void);

/// malloc_trim(0): free heap pages go back to the system. malloc.h is not in Swift's Glibc module.
void testudo_trim_heap(void);

/// mallopt: one arena, and blocks from so many bytes on are mapped one by one, and unmapped when they are freed. malloc.h is not
/// in Swift's Glibc module.
void testudo_keep_heap_small(size_t bytes);

/// pthread_setname_np for the calling thread, cut to 15 bytes: `top -H` shows it. Not in Swift's Glibc module.
void testudo_name_thread(const char *name);

/// epoll_create1(EPOLL_CLOEXEC). epoll is not in Swift's Glibc module. Answers -errno on failure.
int testudo_ready_set(void);

/// epoll_ctl(EPOLL_CTL_ADD, EPOLLIN): the descriptor is called by the name. Answers 0 or an errno.
int testudo_ready_add(int set, int descriptor, uint64_t name);

/// epoll_wait for at most 256 names and so many milliseconds. Answers how many there are, -errno on failure.
int testudo_ready_wait(int set, uint64_t *names, int count, int milliseconds);
