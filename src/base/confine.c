/* Limits, landlock and seccomp. See confine.h. */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/confine_impl.h"

/* ---- limits -------------------------------------------------------------------------------- */

/* Where soft and hard are the same, the kernel takes SIGKILL for SIGXCPU: a second more tells them apart. */
static bool limit(int what, int64_t most)
{
    struct rlimit r = {.rlim_cur = (rlim_t)most, .rlim_max = (rlim_t)(most + (what == RLIMIT_CPU))};
    return setrlimit((__rlimit_resource_t)what, &r) == 0;
}

static bool limits_hold(const ConfineLimits *l)
{
    bool ok = limit(RLIMIT_CORE, 0) && limit(RLIMIT_CPU, l->cpu_s) &&
              limit(RLIMIT_FSIZE, l->file) && limit(RLIMIT_NOFILE, l->descriptors + 8);
    /* the shadow of a sanitizer counts as memory */
    return ok && (SANITIZED || (limit(RLIMIT_DATA, l->memory) &&
                                limit(RLIMIT_AS, l->memory + ((int64_t)1 << 30) + l->file)));
}

/* ---- landlock ------------------------------------------------------------------------------ */

/* A set of rules without any rule: no file, no folder, no port of TCP. Kernels without it have seccomp alone. */
static bool landlock_holds(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi <= 0)
        return true;
    uint64_t rules[2] = {(1u << 13) - 1, 0}; /* handled_access_fs of ABI 1, handled_access_net */
    if (abi >= 2)
        rules[0] |= 1u << 13; /* REFER */
    if (abi >= 3)
        rules[0] |= 1u << 14; /* TRUNCATE */
    if (abi >= 4)
        rules[1] = 3; /* bind, connect */
    if (abi >= 5)
        rules[0] |= 1u << 15; /* IOCTL_DEV */
    long fd = syscall(SYS_landlock_create_ruleset, rules, abi >= 4 ? 16 : 8, 0);
    if (fd < 0)
        return errno == EOPNOTSUPP;
    bool ok = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    close((int)fd);
    return ok;
}

/* ---- seccomp ------------------------------------------------------------------------------- */

static bool filter_holds(void)
{
    static const long allowed[] = {
        SYS_read,        SYS_write,           SYS_pread64,       SYS_lseek,
        SYS_pwrite64,    SYS_munmap,          SYS_mremap,        SYS_madvise,
        SYS_brk,         SYS_futex,           SYS_readv,         SYS_writev,
        SYS_fstat,       SYS_close,           SYS_dup,           SYS_fcntl,
        SYS_ftruncate,   SYS_getrandom,       SYS_clock_gettime, SYS_gettimeofday,
        SYS_sched_yield, SYS_restart_syscall, SYS_rt_sigreturn,  SYS_rt_sigprocmask,
        SYS_fallocate,   SYS_getpid,          SYS_gettid,        SYS_exit,
        SYS_exit_group,  SYS_ppoll,
#ifdef SYS_poll
        SYS_poll,
#endif
    };
    /* glibc asks for locales and converters of texts; it takes "no" well */
    static const long no_files[] = {
        SYS_openat, SYS_faccessat, SYS_faccessat2, SYS_readlinkat, SYS_statx, SYS_ioctl,
#ifdef SYS_open
        SYS_open,   SYS_access,    SYS_readlink,   SYS_stat,       SYS_lstat,
#endif
    };
    Filter f;
    filter_begin(&f);
    uint32_t end = SANITIZED ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_KILL_PROCESS;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        on_call(&f, allowed[i], SECCOMP_RET_ALLOW);
    for (size_t i = 0; i < sizeof no_files / sizeof *no_files; i++)
        on_call(&f, no_files[i], SECCOMP_RET_ERRNO | EACCES);
    without_bits(&f, SYS_mmap, 2, PROT_EXEC, end);
    without_bits(&f, SYS_mprotect, 2, PROT_EXEC, end);
    /* fstat of glibc is this with an empty path */
    on_value(&f, SYS_newfstatat, 3, AT_EMPTY_PATH, SECCOMP_RET_ERRNO | EACCES);
    on_value(&f, SYS_tgkill, 0, (uint32_t)getpid(), end); /* abort() */
    on_call(&f, SYS_rt_sigaction, SECCOMP_RET_ALLOW);
    if (SANITIZED) {
        on_call(&f, SYS_sigaltstack, SECCOMP_RET_ALLOW);
        on_call(&f, SYS_sched_getaffinity, SECCOMP_RET_ALLOW);
    }
    answer(&f, end);
    struct sock_fprog program = {.len = f.n, .filter = f.code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* ---- all of it ----------------------------------------------------------------------------- */

bool confine_self(const ConfineLimits *limits, const char **why)
{
    *why = "seccomp (architecture)";
    if (!ARCH)
        return false;
    *why = "close_range";
    if (syscall(SYS_close_range, limits->descriptors, ~0u, 0) != 0 && errno == ENOSYS)
        for (int fd = limits->descriptors; fd < 65536; fd++) /* Linux before 5.9 */
            (void)close(fd);
    *why = "no_new_privs";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return false;
    *why = "landlock";
    if (!landlock_holds())
        return false;
    *why = "setrlimit";
    if (!limits_hold(limits))
        return false;
    *why = "seccomp";
    return filter_holds();
}
