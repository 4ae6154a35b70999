#pragma once
// What Glibc's Swift module hides or cannot import: each function says why it is here.

#include <stddef.h>
#include <stdint.h>

/// explicit_bzero: the compiler may not drop it. Not in Swift's Glibc module.
void testudo_wipe(void *bytes, size_t count);

/// open, setns(CLONE_NEWNET), close: takes the calling thread into the network namespace at a path such as /run/netns/a.
/// setns and CLONE_NEWNET are not in Swift's Glibc module. Answers 0 or an errno.
int testudo_enter_network_namespace(const char *path);
