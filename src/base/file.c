/* Whole files and folders. See file.h. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/vec.h"

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

bool file_fail(Ctx *c, const char *path, int err)
{
    char reason[128];
    const char *why = strerror_r(err, reason, sizeof reason);
    if (err == ENOSPC || err == EDQUOT)
        ctx_fail(c, ERR_DISK_FULL, NULL, "err.disk_full");
    else if (err == EIO || err == EMFILE || err == ENFILE) /* may be over in a moment */
        ctx_fail(c, ERR_BUSY, NULL, "err.db_io");
    else
        ctx_fail(c, err == ENOENT ? ERR_NOT_FOUND : ERR_INTERNAL, NULL, "file.failed",
                 last_part(path), why);
    c->err_last->detail = arena_printf(c->a, "%s: %s", path, why);
    return false;
}

static void close_fd(void *p)
{
    close((int)(intptr_t)p);
}

bool file_read(Ctx *c, const char *path, size_t limit, char **out, size_t *out_len)
{
    bool ok = false;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return file_fail(c, path, errno);
    if (fstat(fd, &st) != 0) {
        file_fail(c, path, errno);
        goto out;
    }
    if (S_ISDIR(st.st_mode)) {
        file_fail(c, path, EISDIR);
        goto out;
    }
    /* A pipe has no size, and a file may grow while it is read: the size is only a first guess. */
    size_t cap = (size_t)(st.st_size > 0 ? st.st_size : 0);
    cap = (cap < limit ? cap : limit) + 1;
    char *buf = arena_alloc(c->a, cap + 1);
    size_t len = 0;
    for (;;) {
        if (len == cap && cap <= limit) {
            size_t more = cap < 4096 ? 8192 : cap * 2;
            char *bigger = arena_alloc(c->a, more + 1);
            memcpy(bigger, buf, len);
            buf = bigger;
            cap = more;
        }
        ssize_t n = read(fd, buf + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            file_fail(c, path, errno);
            goto out;
        }
        if (n == 0)
            break;
        len += (size_t)n;
        if (len > limit) {
            ctx_fail(c, ERR_TOO_LARGE, NULL, "file.too_large", last_part(path),
                     ctx_num(c, (int64_t)limit));
            goto out;
        }
    }
    buf[len] = 0;
    *out = buf;
    *out_len = len;
    ok = true;
out:
    close_fd((void *)(intptr_t)fd);
    return ok;
}

bool file_sync_dir(Ctx *c, const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return file_fail(c, dir, errno);
    int rc = fsync(fd), err = errno;
    close(fd);
    return rc == 0 ? true : file_fail(c, dir, err);
}

bool file_read_open(Arena *a, int fd, size_t limit, char **out, size_t *out_len)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > limit)
        return false;
    size_t size = (size_t)st.st_size, len = 0;
    char *buf = arena_alloc(a, size + 1);
    while (len < size) {
        ssize_t n = pread(fd, buf + len, size - len, (off_t)len);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        len += n > 0 ? (size_t)n : 0;
    }
    buf[len] = 0;
    *out = buf;
    *out_len = len;
    return true;
}

int file_write_open(int fd, const void *data, size_t len)
{
    const char *from = data;
    while (len) {
        ssize_t n = write(fd, from, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        from += n;
        len -= (size_t)n;
    }
    return 0;
}

bool file_write(Ctx *c, const char *path, const void *data, size_t len, mode_t mode)
{
    char *tmp = arena_printf(c->a, "%s.%s.tmp", path, crypt_token_hex(c->a, 6));
    const char *slash = strrchr(path, '/');
    char *dir = slash ? arena_dup(c->a, path, slash == path ? 1 : (size_t)(slash - path))
                      : arena_str(c->a, ".");
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return file_fail(c, path, errno);
    int err = fchmod(fd, mode) == 0 ? 0 : errno; /* whatever the umask says */
    if (!err)
        err = file_write_open(fd, data, len);
    if (!err && fsync(fd) != 0)
        err = errno;
    if (close(fd) != 0 && !err)
        err = errno;
    if (!err && rename(tmp, path) != 0)
        err = errno;
    if (err) {
        unlink(tmp);
        return file_fail(c, path, err);
    }
    return file_sync_dir(c, dir);
}

bool file_make_dirs(Ctx *c, const char *path, mode_t mode)
{
    char *p = arena_str(c->a, path);
    struct stat st;
    for (char *s = p + 1; *p; s++) {
        if (*s && *s != '/')
            continue;
        char was = *s;
        *s = 0;
        if (mkdir(p, mode) != 0) {
            int err = errno;
            if (err != EEXIST || stat(p, &st) != 0)
                return file_fail(c, p, err);
            if (!S_ISDIR(st.st_mode))
                return file_fail(c, p, ENOTDIR);
        }
        *s = was;
        if (!was)
            break;
    }
    return true;
}

bool file_join(Ctx *c, const char *dir, const char *name, char **out)
{
    const char *part = name;
    for (const char *s = name;; s++) {
        unsigned char ch = (unsigned char)*s;
        if (ch == '/' || ch == 0) {
            size_t n = (size_t)(s - part);
            if (n == 0 || n > 255 || (part[0] == '.' && (n == 1 || (n == 2 && part[1] == '.'))))
                break;
            if (!ch) {
                size_t d = strlen(dir);
                *out = arena_printf(c->a, d && dir[d - 1] == '/' ? "%s%s" : "%s/%s", dir, name);
                return true;
            }
            part = s + 1;
        } else if (ch < 0x20 || ch == 0x7F || ch == '\\') {
            break;
        }
    }
    return ctx_fail(c, ERR_INVALID, NULL, "file.bad_name", name);
}

static int by_name(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

bool file_list(Ctx *c, const char *dir, char ***out, size_t *out_n)
{
    DIR *d = opendir(dir);
    if (!d)
        return file_fail(c, dir, errno);
    VEC(char *) names = {0};
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            vec_push(c->a, &names, arena_str(c->a, e->d_name));
    closedir(d);
    if (names.n)
        qsort(names.items, names.n, sizeof *names.items, by_name);
    size_t n = names.n;
    vec_push(c->a, &names, NULL);
    *out = names.items;
    *out_n = n;
    return true;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

int64_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}
