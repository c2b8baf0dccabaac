/*
 * Room kept for a full disk: a file of zeros beside the SQLite database. When the disk is full the file is let go, ordinary
 * writes are refused at once, and what must go on (Ctx.vital: people sign in and out, the audit log is sealed, the lease of
 * this process) has its room. Once there is room again the file is made anew and everybody writes.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "db/driver.h"

struct Reserve {
    char *path;
    int64_t bytes;
    _Atomic bool spent;
};

/* Zeros that are really there: a hole takes no room. Where it does not fit nothing is left of it. */
static bool fill(const Reserve *r)
{
    int fd = open(r->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    struct statvfs s;
    bool ok = posix_fallocate(fd, 0, (off_t)r->bytes) == 0 && fstatvfs(fd, &s) == 0 &&
              (int64_t)(s.f_bavail * s.f_frsize) >
                  r->bytes / 4; /* and some for the writes it lets in again */
    close(fd);
    if (!ok)
        unlink(r->path);
    return ok;
}

Reserve *reserve_new(const DbOptions *o)
{
    if (o->reserve_bytes <= 0)
        return NULL;
    Reserve *r = calloc(1, sizeof(*r));
    size_t n = strlen(o->dir) + sizeof("/reserve");
    char *path = malloc(n);
    if (!r || !path)
        abort();
    snprintf(path, n, "%s/reserve", o->dir);
    *r = (Reserve){.path = path, .bytes = o->reserve_bytes};
    if (!fill(r)) {
        r->spent = true;
        log_write(LOG_ERROR, "disk_full", LOG_S("reserve", "none"));
    }
    return r;
}

void reserve_free(Reserve *r)
{
    if (r)
        free(r->path);
    free(r);
}

void reserve_spend(Reserve *r)
{
    if (!r || atomic_exchange(&r->spent, true))
        return;
    bool gone = unlink(r->path) == 0;
    log_write(LOG_ERROR, "disk_full", LOG_S("reserve", gone ? "let go" : "none"));
}

bool reserve_keeps_out(const Ctx *c, const Reserve *r)
{
    return r && r->spent && !c->vital;
}

bool db_disk_full(const Db *db)
{
    return db->reserve && db->reserve->spent;
}

void db_disk_look(Db *db)
{
    Reserve *r = db->reserve;
    if (!r || !r->spent || !fill(r))
        return;
    r->spent = false;
    log_write(LOG_INFO, "disk_room_again", LOG_I("reserve", r->bytes));
}
