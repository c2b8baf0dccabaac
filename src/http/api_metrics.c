/*
 * GET /metrics: what an operator's Prometheus reads. Counters of the process (base/meter.h), requests by route (tally.h),
 * and the states of the floors asked at this moment. The gate has asked who is calling (WHO_OPERATOR). No name, number or
 * address of a person is ever in it; a figure that cannot be had is left out and never guessed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/confine.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/meter.h"
#include "http/api.h"
#include "http/live.h"
#include "http/serve.h"
#include "http/tally.h"
#include "record/job.h"

enum { JOBS_WAIT_MS = 2000 };

static void head(Buf *b, const char *name, const char *type, const char *about)
{
    buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, about, name, type);
}

static void gauge(Buf *b, const char *name, const char *about, int64_t value)
{
    head(b, name, "gauge", about);
    buf_printf(b, "%s %" PRId64 "\n", name, value);
}

static void meters(Buf *b)
{
    const char *before = "";
    size_t n_before = 0;
    for (int m = 0; m < METER_COUNT; m++) {
        const char *name = meter_name((Meter)m);
        size_t n = strcspn(name, "{");
        if (n != n_before || strncmp(name, before, n) != 0) {
            char *plain = arena_dup(b->a, name, n);
            head(b, plain, "counter", meter_about((Meter)m));
        }
        before = name;
        n_before = n;
        buf_printf(b, "%s %" PRId64 "\n", name, meter_value((Meter)m));
    }
    head(b, "zhike_log_dropped_total", "counter", "Lines of the log dropped by log.rate");
    buf_printf(b, "zhike_log_dropped_total %" PRId64 "\n", log_dropped());
}

/* ---- floors -------------------------------------------------------------------------------- */

static void of_server(Buf *b)
{
    ServeFigures f;
    serve_figures(&f);
    gauge(b, "zhike_http_connections", "Connections open", f.connections);
    gauge(b, "zhike_http_queued", "Requests waiting for a worker", f.queued);
    gauge(b, "zhike_http_running", "Requests on a worker, this one included", f.running);
    gauge(b, "zhike_http_workers", "Workers", f.workers);
    gauge(b, "zhike_live_listeners", "Streams of live updates open", live_count());
}

static void seconds(Buf *b, const char *name, const char *labels, int64_t us)
{
    buf_printf(b, "%s{%s} %" PRId64 ".%06" PRId64 "\n", name, labels, us / 1000000, us % 1000000);
}

static const char *const whose[] = {"by=\"people\"", "by=\"jobs\""};

/* How long writes hold each other up: a histogram, and the longest so far with its parts. */
static void of_holds(Buf *b, const DbHold hold[2])
{
    static const char *const parts[] = {"all", "core", "rows", "search", "commit"};
    head(b, "zhike_db_hold_seconds", "histogram",
         "How long a write transaction held others up (time without a core left out on SQLite)");
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < DB_HOLD_STEPS; k++)
            buf_printf(b, "zhike_db_hold_seconds_bucket{%s,le=\"%g\"} %" PRId64 "\n", whose[i],
                       (double)db_hold_steps[k] / 1e6, hold[i].under[k]);
        buf_printf(b, "zhike_db_hold_seconds_bucket{%s,le=\"+Inf\"} %" PRId64 "\n", whose[i],
                   hold[i].n);
        seconds(b, "zhike_db_hold_seconds_sum", whose[i], hold[i].sum_us);
        buf_printf(b, "zhike_db_hold_seconds_count{%s} %" PRId64 "\n", whose[i], hold[i].n);
    }
    head(b, "zhike_db_hold_longest_seconds", "gauge",
         "The longest of them since the start, its time on a core, and the longest of each part");
    for (int i = 0; i < 2; i++) {
        const int64_t us[] = {hold[i].longest_us, hold[i].core_us, hold[i].rows_us,
                              hold[i].search_us, hold[i].commit_us};
        for (int k = 0; k < 5; k++)
            seconds(b, "zhike_db_hold_longest_seconds",
                    arena_printf(b->a, "%s,part=\"%s\"", whose[i], parts[k]), us[k]);
    }
}

static void of_database(Buf *b, Db *db)
{
    DbFigures f;
    db_figures(db, &f);
    of_holds(b, f.hold);
    head(b, "zhike_db_info", "gauge", "The engine");
    buf_printf(b, "zhike_db_info{engine=\"%s\"} 1\n", db_is_pg(db) ? "postgresql" : "sqlite");
    gauge(b, "zhike_db_connections", "Connections of the pool, open", f.open);
    gauge(b, "zhike_db_connections_max", "Connections of the pool at most", f.most);
    gauge(b, "zhike_db_connections_idle", "Connections of the pool, idle", f.idle);
    gauge(b, "zhike_db_waiting", "Who waits for a connection of the pool", f.waiting);
    gauge(b, "zhike_db_writes_queued", "Writes waiting for the writer (SQLite)", f.queued);
}

static void size_of(Buf *b, const char *name, const char *about, const char *file)
{
    struct stat st;
    if (stat(arena_printf(b->a, "%s/%s", serve_dir(), file), &st) == 0)
        gauge(b, name, about, (int64_t)st.st_size);
}

static void of_disk(const Db *db, Buf *b)
{
    struct statvfs v;
    gauge(b, "zhike_disk_full", "The disk is full, only what is vital is written (0: it is not)",
          db_disk_full(db));
    size_of(b, "zhike_db_file_bytes", "The file of SQLite", "zhike.db");
    size_of(b, "zhike_db_log_bytes", "The write-ahead log of SQLite", "zhike.db-wal");
    if (statvfs(serve_dir(), &v) != 0)
        return;
    gauge(b, "zhike_disk_bytes", "Size of the volume of the data folder",
          (int64_t)(v.f_blocks * v.f_frsize));
    gauge(b, "zhike_disk_free_bytes", "Room left there for this user",
          (int64_t)(v.f_bavail * v.f_frsize));
}

static bool of_jobs(Ctx *c, Buf *b)
{
    JobFigures f;
    if (!job_figures(c, &f))
        return false;
    head(b, "zhike_jobs", "gauge", "Background jobs that have not ended");
    buf_printf(b, "zhike_jobs{state=\"queued\"} %" PRId64 "\n", f.queued);
    buf_printf(b, "zhike_jobs{state=\"running\"} %" PRId64 "\n", f.running);
    gauge(b, "zhike_jobs_oldest_seconds", "Age of the job that waits longest",
          f.oldest_at ? (c->now_ms - f.oldest_at) / 1000 : 0);
    return true;
}

static void of_confinement(Buf *b)
{
    ConfineState s = confine_state();
    head(b, "zhike_confined", "gauge", "The server has locked itself up (0: it has not)");
    buf_printf(b, "zhike_confined{by=\"seccomp\"} %d\nzhike_confined{by=\"landlock\"} %d\n",
               s.seccomp, s.landlock);
}

/* ---- the process --------------------------------------------------------------------------- */

static int64_t count_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    int64_t n = -3; /* ".", "..", and the folder itself */
    if (!d)
        return -1;
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

/* Field `at` (from 1) of /proc/self/stat, behind the name in brackets. */
static int64_t stat_field(const char *text, int at)
{
    const char *p = strrchr(text, ')');
    for (int i = 2; p && i < at; i++)
        p = strchr(p + 1, ' ');
    return p ? strtoll(p, NULL, 10) : -1; /* written by the kernel */
}

static void of_process(Buf *b)
{
    int64_t used, rest;
    memory_heap(&used, &rest);
    head(b, "zhike_heap_bytes", "gauge", "The heap: in use, and free but kept by the C library");
    buf_printf(b, "zhike_heap_bytes{state=\"used\"} %" PRId64 "\n", used);
    buf_printf(b, "zhike_heap_bytes{state=\"free\"} %" PRId64 "\n", rest);
    char text[1024] = "";
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    head(b, "process_cpu_seconds_total", "counter", "Processor time of the process");
    buf_printf(b, "process_cpu_seconds_total %.3f\n",
               (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                   (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
    struct rlimit most;
    int64_t files = count_files();
    if (files >= 0)
        gauge(b, "process_open_fds", "Descriptors open", files);
    if (getrlimit(RLIMIT_NOFILE, &most) == 0)
        gauge(b, "process_max_fds", "Descriptors at most", (int64_t)most.rlim_cur);
    if (n <= 0 || stat_field(text, 24) < 0)
        return;
    gauge(b, "process_threads", "Threads", stat_field(text, 20));
    gauge(b, "process_virtual_memory_bytes", "Address space", stat_field(text, 23));
    gauge(b, "process_resident_memory_bytes", "Memory in use",
          stat_field(text, 24) * sysconf(_SC_PAGESIZE));
    struct timespec boot, now;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    clock_gettime(CLOCK_REALTIME, &now);
    head(b, "process_start_time_seconds", "gauge", "When it began, since 1970");
    buf_printf(b, "process_start_time_seconds %.2f\n",
               (double)(now.tv_sec - boot.tv_sec) +
                   (double)stat_field(text, 22) / (double)sysconf(_SC_CLK_TCK));
}

bool api_metrics(Request *rq)
{
    Buf *b = &rq->out.body;
    rq->out.type = "text/plain; version=0.0.4; charset=utf-8";
    head(b, "zhike_info", "gauge", "The program");
    buf_printf(b, "zhike_info{version=\"%s\"} 1\n", ZK_VERSION);
    meters(b);
    tally_write(b);
    of_server(b);
    of_database(b, rq->c.db);
    of_disk(rq->c.db, b);
    of_confinement(b);
    of_process(b);
    /* asked last, and not for long: where the database is away all the rest is still told */
    rq->c.deadline_ms = clock_mono_ms() + JOBS_WAIT_MS;
    if (!of_jobs(&rq->c, b))
        ctx_errors_forget(&rq->c, 0);
    return true;
}
