#define _GNU_SOURCE
#include "CLinux.h"

#include <unistd.h>
#include <sched.h>
#include <fcntl.h>
#include <errno.h>
#include <string.h>

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
