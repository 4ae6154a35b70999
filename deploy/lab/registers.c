// For User-Mode Linux on processors with wide registers (AMX): preloaded, it fills up what is too short for the host.
//
// The kernel takes a thread's extended registers only whole (PTRACE_SETREGSET, NT_X86_XSTATE: else EFAULT). User-Mode Linux 6.1
// keeps the first 2696 bytes, which is all up to AVX-512 and protection keys. What follows are tiles, which its processes never
// have: their header says so, and zeros stand for them.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

// Bytes of all extended registers of this processor; 0 before the first call.
static size_t whole_size;
static char whole[1 << 16] __attribute__((aligned(64)));

typedef long (*ptrace_function)(enum __ptrace_request, ...);

static long set_registers(ptrace_function next, pid_t thread, void *kind, struct iovec *given)
{
    struct iovec filled = {whole, sizeof whole};
    if (whole_size == 0) {
        if (next(PTRACE_GETREGSET, thread, kind, &filled) != 0) return -1;
        whole_size = filled.iov_len;
    }
    if (given->iov_len >= whole_size) return next(PTRACE_SETREGSET, thread, kind, given);
    memcpy(whole, given->iov_base, given->iov_len);
    memset(whole + given->iov_len, 0, whole_size - given->iov_len);
    filled = (struct iovec){whole, whole_size};
    return next(PTRACE_SETREGSET, thread, kind, &filled);
}

long ptrace(enum __ptrace_request request, ...)
{
    static ptrace_function next;
    if (!next) next = (ptrace_function)dlsym(RTLD_NEXT, "ptrace");
    va_list words;
    va_start(words, request);
    pid_t thread = va_arg(words, pid_t);
    void *address = va_arg(words, void *), *data = va_arg(words, void *);
    va_end(words);
    if (request == PTRACE_SETREGSET && (uintptr_t)address == NT_X86_XSTATE) return set_registers(next, thread, address, data);
    return next(request, thread, address, data);
}
