/*
 * Put in front of the C library (LD_PRELOAD) by the tests of this folder; never part of the program. It
 *   records  writes, truncations and syncs of the database and its log, for the power cut (ZHIKE_SHIM_LOG);
 *   fails    the n-th call of a kind on a file of the data folder, or the n-th allocation, as a small shared file
 *            says that the test writes while the server runs (ZHIKE_SHIM_CTL);
 *   shifts   the wall clock by what that file says, or holds it still;
 *   drops    syncs, where ZHIKE_SHIM_DROP_SYNC is set: the negative control of the power cut.
 * ZHIKE_SHIM_DIR is the data folder. shim.mjs is the other side.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OP_WRITE = 1, OP_SYNC = 2, OP_TRUNCATE = 4, OP_OPEN = 8, OP_MEMORY = 16, OP_RENAME = 32 };

/* The shared file; shim.mjs knows the same offsets. */
typedef struct Control {
    _Atomic int32_t ops; /* 0: what fails */
    _Atomic int32_t
        error; /* 4: errno; 0: only half is written; -1: the process is killed before the call */
    _Atomic int32_t left;  /* 8: calls that still go well, counting down to 0 */
    _Atomic int32_t times; /* 12: how many fail from there */
    _Atomic int32_t hits;  /* 16: how many did */
    _Atomic int32_t calls; /* 20: of these kinds, while armed */
    _Atomic int64_t clock; /* 24: ns added to the wall clock */
    _Atomic int32_t armed; /* 32 */
    _Atomic int32_t
        files; /* 36: 1: only the database and its log, 2: only the other files, 3: all */
    _Atomic int64_t where;  /* 40: who called at the last failure, for a debugger */
    _Atomic int64_t frozen; /* 48: the wall clock stands still at this ns; 0: it goes */
} Control;

enum { FILES = 65536 };
enum { NONE, DATABASE, WAL, OTHER };
enum { LOG_WRITE = 1, LOG_TRUNCATE, LOG_SYNC, LOG_ANCHOR };

typedef struct Entry {
    uint32_t kind, file;
    int64_t at, n, time, ref;
} Entry;

static Control nothing, *control = &nothing;
static const char *folder;
static size_t folder_len;
static bool drop_sync;
static int log_fd = -1;
static _Atomic unsigned char kind_of[FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t entries; /* under lock */

__attribute__((constructor)) static void begin(void)
{
    const char *ctl = getenv("ZHIKE_SHIM_CTL"), *log = getenv("ZHIKE_SHIM_LOG");
    folder = getenv("ZHIKE_SHIM_DIR");
    folder_len = folder ? strlen(folder) : 0;
    drop_sync = getenv("ZHIKE_SHIM_DROP_SYNC") != NULL;
    if (log)
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                              0600);
    int fd = ctl ? (int)syscall(SYS_openat, AT_FDCWD, ctl, O_RDWR | O_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    void *p = mmap(NULL, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p != MAP_FAILED)
        control = p;
    syscall(SYS_close, fd);
}

/* --- failing --------------------------------------------------------------------------------- */

/* true: this call of kind op is to fail, with *error. */
static bool strikes(int op, int file, int *error, void *caller)
{
    Control *k = control;
    if (!k->armed || !(k->ops & op))
        return false;
    if (op != OP_MEMORY && !((file == OTHER ? 2 : 1) & k->files))
        return false;
    atomic_fetch_add(&k->calls, 1);
    if (atomic_fetch_sub(&k->left, 1) > 0)
        return false;
    if (atomic_fetch_add(&k->hits, 1) >= k->times)
        return false;
    if (k->error == -1) {
        kill(getpid(), SIGKILL);
        pause();
    }
    *error = k->error;
    k->where = (int64_t)(intptr_t)caller;
    return true;
}

static int file_of(int fd)
{
    return fd >= 0 && fd < FILES ? kind_of[fd] : NONE;
}

static bool ends(const char *s, const char *tail)
{
    size_t n = strlen(s), t = strlen(tail);
    return n >= t && !strcmp(s + n - t, tail);
}

static int file_kind(const char *path)
{
    if (!folder || strncmp(path, folder, folder_len) != 0)
        return NONE;
    if (ends(path, "/zhike.db"))
        return DATABASE;
    if (ends(path, "/zhike.db-wal"))
        return WAL;
    return ends(path, "-shm") ? NONE : OTHER;
}

/* --- recording ------------------------------------------------------------------------------- */

static int64_t mono(void)
{
    struct timespec t;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Under the lock. */
static void record(uint32_t kind, int file, int64_t at, const void *data, size_t n, int64_t ref)
{
    Entry e = {kind, (uint32_t)file, at, (int64_t)n, mono(), ref};
    struct iovec v[2] = {{&e, sizeof e}, {(void *)(uintptr_t)data, data ? n : 0}};
    if (syscall(SYS_writev, log_fd, v, 2) < 0)
        abort();
    entries++;
}

static bool recorded(int file)
{
    return log_fd >= 0 && (file == DATABASE || file == WAL);
}

/* --- files ----------------------------------------------------------------------------------- */

static int open_it(int dir, const char *path, int flags, mode_t mode, void *caller)
{
    int file = file_kind(path), error;
    if (file != NONE && strikes(OP_OPEN, file, &error, caller)) {
        errno = error ? error : EIO;
        return -1;
    }
    int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    if (fd >= 0 && fd < FILES)
        kind_of[fd] = (unsigned char)file;
    return fd;
}

#define MODE(flags)                                                                                \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list list;                                                                              \
        va_start(list, flags);                                                                     \
        mode = va_arg(list, mode_t);                                                               \
        va_end(list);                                                                              \
    }

int open(const char *path, int flags, ...)
{
    MODE(flags)
    return open_it(AT_FDCWD, path, flags, mode, __builtin_return_address(0));
}
int open64(const char *path, int flags, ...)
{
    MODE(flags)
    return open_it(AT_FDCWD, path, flags, mode, __builtin_return_address(0));
}
int openat(int dir, const char *path, int flags, ...)
{
    MODE(flags)
    return open_it(dir, path, flags, mode, __builtin_return_address(0));
}
int openat64(int dir, const char *path, int flags, ...)
{
    MODE(flags)
    return open_it(dir, path, flags, mode, __builtin_return_address(0));
}

/* An upload comes into a file of this kind; glibc opens it past open() above. */
int mkstemp(char *path)
{
    static int (*real)(char *);
    if (!real)
        real = (int (*)(char *))(uintptr_t)dlsym(RTLD_NEXT, "mkstemp");
    int file = file_kind(path), error;
    if (file != NONE && strikes(OP_OPEN, file, &error, __builtin_return_address(0))) {
        errno = error ? error : EIO;
        return -1;
    }
    int fd = real(path);
    if (fd >= 0 && fd < FILES)
        kind_of[fd] = (unsigned char)file;
    return fd;
}

int close(int fd)
{
    if (fd >= 0 && fd < FILES)
        kind_of[fd] = NONE;
    return (int)syscall(SYS_close, fd);
}

/* at < 0: where the file stands */
static ssize_t write_it(int fd, const void *data, size_t n, int64_t at, void *caller)
{
    int file = file_of(fd), error;
    if (file != NONE && strikes(OP_WRITE, file, &error, caller)) {
        if (error || n < 2) {
            errno = error ? error : ENOSPC;
            return -1;
        }
        n /= 2;
    }
    if (!recorded(file))
        return at < 0 ? syscall(SYS_write, fd, data, n) : syscall(SYS_pwrite64, fd, data, n, at);
    pthread_mutex_lock(&lock);
    if (at < 0)
        at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
    ssize_t done = syscall(SYS_pwrite64, fd, data, n, at);
    int kept = errno;
    if (done > 0)
        record(LOG_WRITE, file, at, data, (size_t)done, 0);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}
ssize_t write(int fd, const void *data, size_t n)
{
    return write_it(fd, data, n, -1, __builtin_return_address(0));
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    return write_it(fd, data, n, at, __builtin_return_address(0));
}
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at)
{
    return write_it(fd, data, n, at, __builtin_return_address(0));
}

static int truncate_it(int fd, int64_t size, void *caller)
{
    int file = file_of(fd), error;
    if (file != NONE && strikes(OP_TRUNCATE, file, &error, caller)) {
        errno = error ? error : EIO;
        return -1;
    }
    if (!recorded(file))
        return (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&lock);
    int rc = (int)syscall(SYS_ftruncate, fd, size);
    if (rc == 0)
        record(LOG_TRUNCATE, file, size, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
    return rc;
}
int ftruncate(int fd, off_t size)
{
    return truncate_it(fd, size, __builtin_return_address(0));
}
int ftruncate64(int fd, off64_t size)
{
    return truncate_it(fd, size, __builtin_return_address(0));
}

static int sync_it(long call, int fd, void *caller)
{
    int file = file_of(fd), error;
    if (file != NONE && strikes(OP_SYNC, file, &error, caller)) {
        errno = error ? error : EIO;
        return -1;
    }
    if (file != NONE && drop_sync)
        return 0;
    if (!recorded(file))
        return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    int64_t before = entries;
    pthread_mutex_unlock(&lock);
    int rc = (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    if (rc == 0)
        record(LOG_SYNC, file, 0, NULL, 0, before);
    pthread_mutex_unlock(&lock);
    return rc;
}
int fsync(int fd)
{
    return sync_it(SYS_fsync, fd, __builtin_return_address(0));
}
int fdatasync(int fd)
{
    return sync_it(SYS_fdatasync, fd, __builtin_return_address(0));
}

/* The anchor of the audit chain comes by rename: what it says is kept in its place of the recording. */
int rename(const char *from, const char *to)
{
    int file = file_kind(to), error;
    if (file != NONE && strikes(OP_RENAME, file, &error, __builtin_return_address(0))) {
        errno = error ? error : EIO;
        return -1;
    }
    if (log_fd < 0 || file != OTHER || !ends(to, "/audit.head"))
        return (int)syscall(SYS_rename, from, to);
    char text[4096];
    int fd = (int)syscall(SYS_openat, AT_FDCWD, from, O_RDONLY | O_CLOEXEC, 0);
    ssize_t n = fd >= 0 ? syscall(SYS_read, fd, text, sizeof text) : 0;
    if (fd >= 0)
        syscall(SYS_close, fd);
    pthread_mutex_lock(&lock);
    int rc = (int)syscall(SYS_rename, from, to);
    if (rc == 0 && n > 0)
        record(LOG_ANCHOR, OTHER, 0, text, (size_t)n, 0);
    pthread_mutex_unlock(&lock);
    return rc;
}

/* --- clock ----------------------------------------------------------------------------------- */

static void shift(struct timespec *t)
{
    int64_t ns = control->clock, still = control->frozen;
    int64_t all = still ? still : (int64_t)t->tv_sec * 1000000000 + t->tv_nsec + ns;
    t->tv_sec = all / 1000000000;
    t->tv_nsec = all % 1000000000;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    int rc = (int)syscall(SYS_clock_gettime, id, t);
    if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        shift(t);
    return rc;
}
int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec s;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &s);
    *t = (struct timeval){.tv_sec = s.tv_sec, .tv_usec = s.tv_nsec / 1000};
    return 0;
}
time_t time(time_t *out)
{
    struct timespec s;
    clock_gettime(CLOCK_REALTIME, &s);
    if (out)
        *out = s.tv_sec;
    return s.tv_sec;
}

/* --- memory ---------------------------------------------------------------------------------- */

typedef void *Malloc(size_t);
typedef void *Calloc(size_t, size_t);
typedef void *Realloc(void *, size_t);

/*
 * The program has malloc itself (base/memory.c) and asks glibc under these names; dlsym does not allocate where it finds
 * what it looks for.
 */
#define NEXT(name, type)                                                                           \
    static type *real;                                                                             \
    if (!real)                                                                                     \
    real = (type *)(uintptr_t)dlsym(RTLD_NEXT, name)

static bool no_memory(void *caller)
{
    int error;
    if (!strikes(OP_MEMORY, NONE, &error, caller))
        return false;
    errno = ENOMEM;
    return true;
}
void *__libc_malloc(size_t n)
{
    NEXT("__libc_malloc", Malloc);
    return no_memory(__builtin_return_address(0)) ? NULL : real(n);
}
void *__libc_calloc(size_t n, size_t size)
{
    NEXT("__libc_calloc", Calloc);
    return no_memory(__builtin_return_address(0)) ? NULL : real(n, size);
}
void *__libc_realloc(void *p, size_t n)
{
    NEXT("__libc_realloc", Realloc);
    return no_memory(__builtin_return_address(0)) ? NULL : real(p, n);
}
