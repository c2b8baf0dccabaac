/*
 * Shared by confine.c (readers of strangers' files) and confine_server.c: what machine this is, and the few words
 * in which a filter of system calls is written. A filter begins with filter_begin and ends with `answer`.
 */
#ifndef BASE_CONFINE_IMPL_H
#define BASE_CONFINE_IMPL_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__loongarch64)
#define ARCH AUDIT_ARCH_LOONGARCH64
#else
#define ARCH 0 /* confine_self refuses */
#endif

/* ---- a filter ------------------------------------------------------------------------------ */

enum { MOST = 1024 };

typedef struct Filter {
    struct sock_filter code[MOST];
    unsigned short n;
} Filter;

static inline void put(Filter *f, unsigned short code, uint32_t k, unsigned char yes,
                       unsigned char no)
{
    f->code[f->n++] = (struct sock_filter)BPF_JUMP(code, k, yes, no);
}

static inline void load(Filter *f, size_t place)
{
    put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)place, 0, 0);
}

static inline void answer(Filter *f, uint32_t what)
{
    put(f, BPF_RET | BPF_K, what, 0, 0);
}

#define ARG(i)                                                                                     \
    (offsetof(struct seccomp_data, args) + 8 * (i)) /* its low half on the machines above */

/* Call nr is answered with `what`. */
static inline void on_call(Filter *f, long nr, uint32_t what)
{
    put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1);
    answer(f, what);
}

/* Call nr goes through where argument i is exactly v, else `other`. */
static inline void on_value(Filter *f, long nr, size_t i, uint32_t v, uint32_t other)
{
    put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 4);
    load(f, ARG(i));
    put(f, BPF_JMP | BPF_JEQ | BPF_K, v, 0, 1);
    answer(f, SECCOMP_RET_ALLOW);
    answer(f, other);
}

/* Call nr goes through where argument i has none of these bits. */
static inline void without_bits(Filter *f, long nr, size_t i, uint32_t bits, uint32_t other)
{
    put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 4);
    load(f, ARG(i));
    put(f, BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
    answer(f, SECCOMP_RET_ALLOW);
    answer(f, other);
}

/* Of another machine's calls (32 bit) nothing is known: the end. */
static inline void filter_begin(Filter *f)
{
    f->n = 0;
    load(f, offsetof(struct seccomp_data, arch));
    put(f, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    answer(f, SECCOMP_RET_KILL_PROCESS);
    load(f, offsetof(struct seccomp_data, nr));
}

#endif
