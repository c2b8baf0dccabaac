/* The log. See log.h. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/utf8.h"

enum { MAX_VALUE = 2000 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int out_fd = STDERR_FILENO;
static char out_path[4096];
static atomic_int min_level = LOG_INFO;
static int64_t limit = 1000;              /* lines a second */
static int64_t window, in_window, unsaid; /* this second, its lines, drops not yet told */
static _Atomic int64_t dropped;

void log_set_level(const char *level)
{
    for (int i = 0; level && i <= LOG_ERROR; i++)
        if (strcmp(level, level_names[i]) == 0)
            atomic_store(&min_level, i);
}

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

bool log_open(const char *path, const char *level, int64_t per_second)
{
    log_set_level(level);
    int fd = STDERR_FILENO;
    if (path && *path) {
        if (strlen(path) >= sizeof out_path || (fd = open_file(path)) < 0) {
            fprintf(stderr, "zhike: the log file %s cannot be opened: %s\n", path, strerror(errno));
            return false;
        }
    }
    pthread_mutex_lock(&lock);
    if (out_fd != STDERR_FILENO)
        close(out_fd);
    out_fd = fd;
    snprintf(out_path, sizeof out_path, "%s", path ? path : "");
    limit = per_second > 0 ? per_second : 1000;
    pthread_mutex_unlock(&lock);
    return true;
}

bool log_reopen(void)
{
    pthread_mutex_lock(&lock);
    bool ok = true;
    if (out_path[0]) {
        int fd = open_file(out_path);
        ok = fd >= 0;
        if (ok) {
            if (out_fd != STDERR_FILENO)
                close(out_fd);
            out_fd = fd;
        }
    }
    pthread_mutex_unlock(&lock);
    return ok;
}

void log_close(void)
{
    pthread_mutex_lock(&lock);
    if (out_fd != STDERR_FILENO)
        close(out_fd);
    out_fd = STDERR_FILENO;
    out_path[0] = 0;
    window = in_window = unsaid = 0;
    pthread_mutex_unlock(&lock);
}

bool log_wants(LogLevel level)
{
    return (int)level >= atomic_load(&min_level);
}

/* The last guard, not the first: callers must not hand personal data over at all. */
static bool is_secret(const char *key)
{
    static const char *const words[] = {"password", "secret",       "token", "cookie",
                                        "phone",    "mobile",       "email", "id_number",
                                        "csrf",     "authorization"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(key, words[i]))
            return true;
    return false;
}

static void write_line(const char *s, size_t n)
{
    /* A log that cannot be written (full disk, closed pipe) must not stop the work. */
    while (n) {
        ssize_t done = write(out_fd, s, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        s += done;
        n -= (size_t)done;
    }
}

static void compose(Arena *a, Buf *b, int64_t now, LogLevel level, const char *event,
                    const LogField *f)
{
    char time[25];
    clock_rfc3339(now, time);
    Jw w;
    jw_init(&w, b);
    jw_obj(&w);
    jw_kstr(&w, "time", time);
    jw_kstr(&w, "level", level_names[level]);
    jw_kstr(&w, "event", event);
    for (; f && f->key; f++) {
        jw_key(&w, f->key);
        if (!f->text) {
            jw_int(&w, f->n);
        } else if (is_secret(f->key)) {
            jw_str(&w, "[removed]");
        } else {
            size_t n = strnlen(f->text, MAX_VALUE);
            while (n == MAX_VALUE && n > MAX_VALUE - 4 &&
                   ((unsigned char)f->text[n] & 0xC0) == 0x80)
                n--; /* not inside a character */
            jw_str(&w, utf8_clean(a, f->text, n));
        }
    }
    jw_end(&w);
    buf_putc(b, '\n');
}

/* Has this second room for one more line? *tell: how many lines before it were dropped and never told. */
static bool take_room(int64_t *tell)
{
    int64_t second = clock_mono_ms() / 1000;
    pthread_mutex_lock(&lock);
    *tell = 0;
    if (second != window) {
        window = second;
        in_window = 0;
        *tell = unsaid;
        unsaid = 0;
    }
    bool room = in_window < limit;
    if (room)
        in_window++;
    else
        unsaid++;
    pthread_mutex_unlock(&lock);
    if (!room)
        atomic_fetch_add(&dropped, 1);
    return room;
}

void log_fields(LogLevel level, const char *event, const LogField *fields)
{
    int64_t tell;
    if (!log_wants(level) || !take_room(&tell)) /* asked first: a dropped line costs nothing */
        return;
    int64_t now = clock_now_ms();
    Arena *a = arena_new(0);
    Buf b;
    buf_init(&b, a);
    if (tell) {
        const LogField f[] = {LOG_I("lines", tell), {.key = NULL}};
        compose(a, &b, now, LOG_WARN, "log.dropped", f);
    }
    compose(a, &b, now, level, event, fields);
    pthread_mutex_lock(&lock); /* whole lines, and the file may be opened anew */
    write_line(b.data, b.len);
    pthread_mutex_unlock(&lock);
    arena_free(a);
}

void log_event(LogLevel level, const char *event)
{
    log_fields(level, event, NULL);
}

int64_t log_dropped(void)
{
    return atomic_load(&dropped);
}
