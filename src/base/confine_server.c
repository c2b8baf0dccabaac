/*
 * The lock-up of the server: landlock for files and ports, seccomp for calls. See confine.h.
 *
 * The list of calls is what SQLite, libpq with a resolver, libmicrohttpd, ICU's converters and glibc's threads use once
 * they run; it was made by running all suites with every other call in the kernel's log. A call that is missing fails
 * with ENOSYS, for which glibc has another way in nearly all cases.
 */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/confine_impl.h"

static ConfineState state;

/* ---- landlock ------------------------------------------------------------------------------ */

/* Bits of handled_access_fs; older headers do not name all of them. */
enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_REFER = 1 << 13,
    FS_TRUNCATE = 1 << 14,
    FS_IOCTL_DEV = 1 << 15,
    FS_ABI_1 = (1 << 13) - 1,
    FS_READ = FS_READ_FILE | FS_READ_DIR,
    FS_WRITE = FS_READ | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |
               FS_MAKE_REG | FS_REFER | FS_TRUNCATE,
    FS_OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV
};
enum { NET_CONNECT = 1 << 1, RULE_NET = 2 };

typedef struct PortRule {
    uint64_t access, port;
} PortRule;

static uint64_t known_rights(long abi)
{
    return FS_ABI_1 | FS_REFER | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

/* What is not there needs no rule. */
static bool allow_path(int set, const char *path, uint64_t rights)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return true;
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rights &= FS_OF_FILES;
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
    bool ok = syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(fd);
    return ok;
}

static bool allow_port(int set, int port)
{
    PortRule rule = {.access = NET_CONNECT, .port = (uint64_t)port};
    return syscall(SYS_landlock_add_rule, set, RULE_NET, &rule, 0) == 0;
}

/* What every program may need to read: libraries loaded late, zones, names of hosts and users, its own figures. */
static const char *const common[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/passwd",
    "/etc/group",
    "/etc/ssl",
    "/etc/fonts", /* printed documents; the fonts themselves are below /usr */
    "/var/cache/fontconfig",
    "/proc/self",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/cpuinfo",
    "/proc/sys/kernel",
    "/proc/sys/vm",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
};

/* A new set of rules, or -1. net: connecting is among them. */
static int new_set(long abi, bool net)
{
    uint64_t handled[2] = {known_rights(abi), net ? NET_CONNECT : 0};
    return (int)syscall(SYS_landlock_create_ruleset, handled, net ? 16 : 8, 0);
}

static bool enter(int set)
{
    bool ok = syscall(SYS_landlock_restrict_self, set, 0) == 0;
    close(set);
    return ok;
}

static long landlock_version(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static bool lock_files(const ConfineFiles *f)
{
    long abi = landlock_version();
    state.missing = "landlock";
    if (abi < 2) /* version 1 cannot move a file from one folder to another */
        return false;
    uint64_t known = known_rights(abi);
    bool net = abi >= 4 && !f->any_port;
    int set = new_set(abi, net);
    bool ok = set >= 0;
    for (size_t i = 0; ok && i < sizeof common / sizeof *common; i++)
        ok = allow_path(set, common[i], FS_READ);
    ok = ok && allow_path(set, "/dev/null", FS_READ_FILE | FS_WRITE_FILE);
    for (int i = 0; ok && i < f->n_read; i++)
        ok = allow_path(set, f->read[i], FS_READ);
    for (int i = 0; ok && i < f->n_write; i++)
        ok = allow_path(set, f->write[i], FS_WRITE & known);
    for (int i = 0; ok && net && i < f->n_ports; i++)
        ok = allow_port(set, f->ports[i]);
    if (!ok) {
        if (set >= 0)
            close(set);
        return false;
    }
    if (!enter(set))
        return false;
    state.landlock = (int)abi;
    state.missing = NULL;
    return true;
}

bool confine_can(void)
{
    return ARCH != 0 && !SANITIZED;
}

bool confine_files(const ConfineFiles *files)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        state.missing = "no_new_privs";
        return false;
    }
    return lock_files(files);
}

void confine_helper(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    long abi = landlock_version();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || abi < 1)
        return;
    uint64_t handled[2] = {known_rights(abi) & ~(uint64_t)(FS_READ | FS_EXECUTE | FS_IOCTL_DEV), 0};
    if (abi == 1)
        handled[0] &= FS_ABI_1;
    int set = (int)syscall(SYS_landlock_create_ruleset, handled, 8, 0);
    if (set >= 0)
        (void)enter(set);
}

/* ---- seccomp ------------------------------------------------------------------------------- */

static const long free_calls[] = {
    /* files */
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_preadv,
    SYS_pwritev,
    SYS_lseek,
    SYS_close,
    SYS_dup,
    SYS_dup3,
    SYS_fcntl,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_openat,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_getcwd,
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_linkat,
    SYS_ftruncate,
    SYS_truncate,
    SYS_fallocate,
    SYS_fsync,
    SYS_fdatasync,
    SYS_sync_file_range,
    SYS_flock,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_statfs,
    SYS_fstatfs,
    SYS_fadvise64,
    SYS_copy_file_range,
    SYS_sendfile,
    SYS_umask,
    SYS_utimensat,
    /* memory */
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_msync,
    SYS_brk,
    SYS_mlock,
    SYS_munlock,
    SYS_mincore,
    /* threads, time, signals */
    SYS_futex,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_sched_setscheduler,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_membarrier,
    SYS_exit,
    SYS_exit_group,
    SYS_gettid,
    SYS_getpid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getresuid,
    SYS_getresgid,
    SYS_getgroups,
    SYS_getrusage,
    SYS_times,
    SYS_sysinfo,
    SYS_uname,
    SYS_getrandom,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_gettimeofday,
    SYS_nanosleep,
    SYS_restart_syscall,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_rt_sigpending,
    SYS_rt_sigsuspend,
    SYS_sigaltstack,
    SYS_wait4,
    SYS_waitid,
    /* sockets that are there, and those that come in */
    SYS_accept4,
    SYS_accept,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_sendto,
    SYS_sendmsg,
    SYS_shutdown,
    SYS_getsockname,
    SYS_getpeername,
    SYS_getsockopt,
    SYS_setsockopt,
    SYS_ppoll,
    SYS_pselect6,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_eventfd2,
    SYS_pipe2,
#ifdef SYS_open /* machines that have kept their first names */
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_mkdir,
    SYS_rmdir,
    SYS_unlink,
    SYS_rename,
    SYS_link,
    SYS_chmod,
    SYS_dup2,
    SYS_pipe,
    SYS_poll,
    SYS_select,
    SYS_epoll_wait,
    SYS_time,
#endif
#ifdef SYS_getrlimit
    SYS_getrlimit,
#endif
};

/* What only somebody does who has taken the server over. */
static const long deadly_calls[] = {
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_bpf,
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_open_by_handle_at,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_capset,
    SYS_mknodat,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_personality,
    SYS_acct,
#ifdef SYS_open
    SYS_fork,
    SYS_vfork,
    SYS_mknod,
#endif
};

/* Call nr is answered by `same` where the bits of argument i under the mask are v, else by `other`. */
static void on_bits(Filter *f, long nr, size_t i, uint32_t mask, uint32_t v, uint32_t same,
                    uint32_t other)
{
    put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 5);
    load(f, ARG(i));
    put(f, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    put(f, BPF_JMP | BPF_JEQ | BPF_K, v, 0, 1);
    answer(f, same);
    answer(f, other);
}

/* Call nr goes through where argument i is one of n. */
static void on_one_of(Filter *f, long nr, size_t i, const uint32_t *v, int n, uint32_t other)
{
    put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, (unsigned char)(2 + 2 * n));
    load(f, ARG(i));
    for (int k = 0; k < n; k++) {
        put(f, BPF_JMP | BPF_JEQ | BPF_K, v[k], 0, 1);
        answer(f, SECCOMP_RET_ALLOW);
    }
    answer(f, other);
}

static void server_filter(Filter *f, bool connects)
{
    static const uint32_t signals[] = {0, SIGKILL}, names[] = {PR_SET_NAME, PR_GET_NAME},
                          domains[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK},
                          asks[] = {0x5401 /* TCGETS */, 0x5421 /* FIONBIO */,
                                    0x541B /* FIONREAD */};
    const uint32_t wx = PROT_WRITE | PROT_EXEC, no = SECCOMP_RET_ERRNO | EPERM,
                   end = SECCOMP_RET_KILL_PROCESS;
    filter_begin(f);
    for (size_t i = 0; i < sizeof free_calls / sizeof *free_calls; i++)
        on_call(f, free_calls[i], SECCOMP_RET_ALLOW);
    for (size_t i = 0; i < sizeof deadly_calls / sizeof *deadly_calls; i++)
        on_call(f, deadly_calls[i], end);
    /* code comes from files alone: no memory is both written and run, none is made code later */
    on_bits(f, SYS_mmap, 2, wx, wx, end, SECCOMP_RET_ALLOW);
    on_bits(f, SYS_mprotect, 2, PROT_EXEC, 0, SECCOMP_RET_ALLOW, end);
    /* threads, no processes */
    on_bits(f, SYS_clone, 0, CLONE_THREAD, CLONE_THREAD, SECCOMP_RET_ALLOW, end);
    on_one_of(f, SYS_kill, 1, signals, 2, no);
    on_bits(f, SYS_tgkill, 0, ~0u, (uint32_t)getpid(), SECCOMP_RET_ALLOW, no);
    on_one_of(f, SYS_prctl, 0, names, 2, no);
    on_one_of(f, SYS_ioctl, 1, asks, 3, SECCOMP_RET_ERRNO | ENOTTY);
    /* limits are asked, not set (the address of the new ones is NULL) */
    put(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_prlimit64, 0, 6);
    load(f, ARG(2));
    put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
    load(f, ARG(2) + 4);
    put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
    answer(f, SECCOMP_RET_ALLOW);
    answer(f, no);
    if (connects) {
        on_one_of(f, SYS_socket, 0, domains, 4, no);
        on_call(f, SYS_connect, SECCOMP_RET_ALLOW);
        on_call(f, SYS_bind, SECCOMP_RET_ALLOW); /* of the resolver's netlink socket */
        on_call(f, SYS_sendmmsg, SECCOMP_RET_ALLOW);
        on_one_of(f, SYS_socketpair, 0, domains, 1, no); /* libcurl's resolver wakes itself */
    }
    on_call(f, SYS_socket, no);
    on_call(f, SYS_connect, no);
    answer(f, SECCOMP_RET_ERRNO | ENOSYS);
}

bool confine_calls(bool connects)
{
    Filter f;
    server_filter(&f, connects);
    struct sock_fprog program = {.len = f.n, .filter = f.code};
    state.seccomp =
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
    if (!state.seccomp)
        state.missing = "seccomp";
    return state.seccomp;
}

ConfineState confine_state(void)
{
    return state;
}
