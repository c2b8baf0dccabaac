/* Files at records. See attach.h. */
#include "record/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/id.h"
#include "record/hooks.h"
#include "record/picture/picture.h"
#include "record/rows.h"

static char data_dir[4096] = ".";

void attach_set_dir(const char *dir)
{
    snprintf(data_dir, sizeof data_dir, "%s", dir);
}

const char *attach_dir(void)
{
    return data_dir;
}

char *attach_tmp(Ctx *c, const char *suffix)
{
    return arena_printf(c->a, "%s/tmp/%s%s", data_dir, crypt_token_hex(c->a, 12), suffix);
}

/* ---- what it is, by content ---------------------------------------------------------------- */

static const char *sniff(const unsigned char *head, size_t n, const char *name)
{
    static const struct {
        const char *magic;
        size_t len;
        const char *mime;
    } known[] = {{"\x89PNG\r\n\x1a\n", 8, "image/png"},
                 {"\xff\xd8\xff", 3, "image/jpeg"},
                 {"GIF8", 4, "image/gif"},
                 {"%PDF-", 5, "application/pdf"},
                 {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, "application/vnd.ms-office"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n >= known[i].len && memcmp(head, known[i].magic, known[i].len) == 0)
            return known[i].mime;
    if (n >= 12 && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WEBP", 4) == 0)
        return "image/webp";
    if (n >= 4 && memcmp(head, "PK\003\004", 4) == 0) {
        const char *dot = strrchr(name, '.');
        if (dot && strcasecmp(dot, ".xlsx") == 0)
            return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        if (dot && strcasecmp(dot, ".docx") == 0)
            return "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        return "application/zip";
    }
    for (size_t i = 0; i < n; i++)
        if (head[i] == 0)
            return "application/octet-stream";
    return "text/plain";
}

const char *attach_mime(const void *bytes, size_t n, const char *name)
{
    return sniff(bytes, n < 512 ? n : 512, name);
}

/* ---- storing ------------------------------------------------------------------------------- */

static bool digest_file(Ctx *c, const char *path, char hex[65], int64_t *size,
                        unsigned char head[512], size_t *n_head)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return file_fail(c, path, errno);
    CryptSha256 s;
    crypt_sha256_start(&s);
    enum { STEP = 65536 };
    unsigned char *step = arena_alloc(c->a, STEP);
    *size = 0;
    *n_head = 0;
    ssize_t n;
    while ((n = read(fd, step, STEP)) > 0) {
        if (*size == 0) {
            *n_head = (size_t)n < 512 ? (size_t)n : 512;
            memcpy(head, step, *n_head);
        }
        crypt_sha256_add(&s, step, (size_t)n);
        *size += n;
    }
    bool ok = n == 0 && fsync(fd) == 0;
    int err = errno;
    close(fd);
    crypt_sha256_end(&s, hex);
    return ok || file_fail(c, path, err);
}

char *attach_store_path(Ctx *c, const char *hex)
{
    return arena_printf(c->a, "%s/files/%.2s/%s", data_dir, hex, hex + 2);
}

bool attach_look(Ctx *c, const char *path, const char *name, AttachSeen *out)
{
    unsigned char head[512];
    size_t n = 0;
    out->hex = arena_alloc(c->a, 65);
    if (!digest_file(c, path, out->hex, &out->size, head, &n))
        return false;
    out->mime = sniff(head, n, name);
    return true;
}

bool attach_keep(Ctx *c, const char *path, const char *hex)
{
    char *to = attach_store_path(c, hex);
    char *folder = arena_printf(c->a, "%s/files/%.2s", data_dir, hex);
    bool fresh = !file_exists(folder);
    if (!file_make_dirs(c, folder, 0700) ||
        (fresh && !file_sync_dir(c, arena_printf(c->a, "%s/files", data_dir))))
        return false;
    chmod(path, 0600);
    if (rename(path, to) != 0)
        return file_fail(c, to, errno);
    return file_sync_dir(c, folder);
}

bool attach_row(Ctx *c, const AttachNew *n, const AttachSeen *f, int64_t *out_id)
{
    int64_t id = id_new();
    DbVal p[] = {db_of_int(id),
                 db_of_text(n->parent_type),
                 db_of_int(n->parent),
                 db_of_text(n->field),
                 db_of_text(n->name),
                 db_of_text(f->mime),
                 db_of_int(f->size),
                 db_of_text(f->hex),
                 c->actor->user ? db_of_int(c->actor->user) : db_null(),
                 db_of_int(c->now_ms)};
    *out_id = id;
    return db_exec(c,
                   SQL("INSERT INTO \"attachment\" (\"id\", \"parent_type\", \"parent_id\", "
                       "\"field\", \"file_name\", "
                       "\"mime\", \"size\", \"sha256\", \"uploaded_by_id\", \"uploaded_at\") "
                       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"),
                   p, 10) &&
           audit_add(
               c,
               &(AuditEntry){.action = "attach", .entity = n->parent_type, .record = n->parent}) &&
           (!n->with || n->with(c, n->arg, id));
}

typedef struct Insert {
    const AttachNew *n;
    const Entity *e; /* of the record it is for; NULL where it is for none */
    AttachSeen f;
    int64_t id;
} Insert;

/* The record may have gone, or have been merged, since it was read: a merge that is at it takes this file along, or is waited for. */
static bool still_there(Ctx *c, const Entity *e, int64_t id)
{
    Sql q;
    DbIds found = {0};
    Record r;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" WHERE \"id\" = "));
    sql_bind(&q, db_of_int(id));
    if (e->standard)
        sql_add(&q, SQL(" AND \"deleted_at\" IS NULL"));
    sql_hold(c, &q, false);
    if (!db_ids(c, sql_query(c, &q), &found))
        return false;
    return found.n || (rec_get_for(c, e, id, ACT_EDIT, &r) &&
                       ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found"));
}

/* Before the row and what the audit log locks: a merge locks in this order, too. */
static bool insert_row(Ctx *c, void *arg)
{
    Insert *i = arg;
    return (!i->e || still_there(c, i->e, i->n->parent)) && attach_row(c, i->n, &i->f, &i->id);
}

static bool store(Ctx *c, const Entity *e, const AttachNew *n, int64_t *out_id)
{
    Insert i = {.n = n, .e = e};
    if (!attach_look(c, n->path, n->name, &i.f) || !attach_keep(c, n->path, i.f.hex) ||
        !db_write(c, insert_row, &i))
        return false;
    *out_id = i.id;
    return true;
}

bool attach_store(Ctx *c, const AttachNew *n, int64_t *out_id)
{
    return store(c, NULL, n, out_id);
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct Meta {
    const char *parent_type;
    int64_t parent;
    bool found;
} Meta;

static bool look(Ctx *c, int64_t id, AttachFile *out, Meta *m)
{
    DbVal p[] = {db_of_int(id)};
    DbRows *r = db_query(
        c,
        SQL("SELECT \"file_name\", \"mime\", \"size\", \"sha256\", \"parent_type\", \"parent_id\" "
            "FROM \"attachment\" WHERE \"id\" = $1 AND \"deleted_at\" IS NULL"),
        p, 1);
    if (!r)
        return false;
    m->found = db_step(r);
    if (m->found) {
        out->name = arena_str(c->a, db_text(r, 0));
        out->mime = arena_str(c->a, db_text(r, 1));
        out->size = db_int(r, 2);
        out->path = attach_store_path(c, arena_str(c->a, db_text(r, 3)));
        m->parent_type = arena_str(c->a, db_text(r, 4));
        m->parent = db_int(r, 5);
    }
    db_done(r);
    return c->n_err == 0;
}

bool attach_path(Ctx *c, int64_t id, AttachFile *out)
{
    Meta m = {0};
    return look(c, id, out, &m) && (m.found || ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found"));
}

/* Jobs and imports are not records of the generic calls: their owner reads their files. */
static bool owns_work(Ctx *c, const char *type, int64_t id)
{
    DbVal p[] = {db_of_int(id), db_of_int(c->actor->user)};
    int64_t one;
    bool found = false;
    const Entity *e = model_entity(c->model, type);
    if (!e || !access_may(c, e, ACT_READ)) /* a bearer token whose scopes do not name it */
        return false;
    if (strcmp(type, "job") == 0)
        db_one_int(c, SQL("SELECT 1 FROM \"job\" WHERE \"id\" = $1 AND \"owner_id\" = $2"), p, 2,
                   &one, &found);
    else if (strcmp(type, "import_job") == 0)
        db_one_int(c, SQL("SELECT 1 FROM \"import_job\" WHERE \"id\" = $1 AND \"owner_id\" = $2"),
                   p, 2, &one, &found);
    return found;
}

static bool may_read(Ctx *c, const Meta *m)
{
    if (!m->found || !m->parent_type)
        return false;
    if (c->actor->is_system || owns_work(c, m->parent_type, m->parent))
        return true;
    const Entity *e = model_entity(c->model, m->parent_type);
    if (!e || !e->routes || !access_may(c, e, ACT_READ))
        return false;
    Record r;
    int before = c->n_err;
    bool yes = rec_get(c, e, m->parent, false, &r);
    ctx_errors_back_to(c, before);
    return yes;
}

bool attach_open(Ctx *c, int64_t id, AttachFile *out)
{
    Meta m = {0};
    if (!look(c, id, out, &m))
        return false;
    return may_read(c, &m) || ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
}

/* ---- previews ------------------------------------------------------------------------------ */

/* A row of pictures, a card, the whole window. */
static const int sizes[] = {160, 480, 1600};

/* One that cannot be shown leaves an empty file, so that it is not tried at every look. */
enum { AGAIN_MS = 3600000 };

static char *preview_path(Arena *a, const char *path, int size)
{
    return arena_printf(a, "%s.%d.jpg", path, size);
}

static bool failed_lately(Ctx *c, const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_size == 0 &&
           c->now_ms - (int64_t)st.st_mtime * 1000 < AGAIN_MS;
}

static bool is_picture(const char *mime)
{
    return strcmp(mime, "image/jpeg") == 0 || strcmp(mime, "image/png") == 0 ||
           strcmp(mime, "image/webp") == 0;
}

bool attach_thumbnail(Ctx *c, int64_t id, int64_t size, char **out_path)
{
    AttachFile f;
    if (!attach_open(c, id, &f))
        return false;
    bool known = false;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        known |= sizes[i] == size;
    if (!known)
        return ctx_fail(c, ERR_BAD_REQUEST, "size", "err.picture_size");
    if (!is_picture(f.mime))
        return ctx_fail(c, ERR_UNSUPPORTED_TYPE, NULL, "err.picture");
    char *path = *out_path = preview_path(c->a, f.path, (int)size);
    if (file_size(path) > 0)
        return true;
    if (failed_lately(c, path))
        return ctx_fail(c, ERR_INVALID, NULL, "err.picture");
    db_release(c); /* a child works now, for a second perhaps */
    int before = c->n_err;
    if (picture_make(c, f.path, path, (int)size))
        return true;
    ErrCode why = c->err_last ? c->err_last->code : ERR_INTERNAL;
    if (why == ERR_INVALID || why == ERR_TOO_LARGE) {
        int told = c->n_err;
        (void)file_write(c, path, "", 0, 0600); /* where that fails it is tried again, no more */
        ctx_errors_forget(c, told);
    }
    return c->n_err == before;
}

void attach_forget(Arena *a, const char *hex)
{
    const char *path = arena_printf(a, "%s/files/%.2s/%s", data_dir, hex, hex + 2);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        (void)unlink(preview_path(a, path, sizes[i]));
    (void)unlink(path);
}

bool attach_list(Ctx *c, const Entity *e, int64_t id, Buf *out)
{
    Record rec;
    if (!rec_get(c, e, id, false, &rec))
        return false;
    DbVal p[] = {db_of_text(e->name), db_of_int(id)};
    DbRows *r = db_query(c,
                         SQL("SELECT \"id\", \"file_name\", \"mime\", \"size\", "
                             "\"uploaded_by_id\", \"uploaded_at\", \"field\" "
                             "FROM \"attachment\" WHERE \"parent_type\" = $1 AND \"parent_id\" = "
                             "$2 AND \"deleted_at\" IS NULL "
                             "ORDER BY \"id\" DESC LIMIT 500"),
                         p, 2);
    if (!r)
        return false;
    const Entity *user = model_entity(c->model, "user");
    struct File {
        int64_t id, size, by, at;
        const char *name, *mime, *field;
    } *files = ARENA_ARRAY(c->a, 500, struct File);
    int n = 0;
    LinkLabels *labels = link_labels_new(c);
    while (db_step(r) && n < 500) {
        files[n] = (struct File){db_int(r, 0),
                                 db_int(r, 3),
                                 db_int(r, 4),
                                 db_int(r, 5),
                                 arena_str(c->a, db_text(r, 1)),
                                 arena_str(c->a, db_text(r, 2)),
                                 arena_str(c->a, db_text(r, 6))};
        if (files[n].by)
            link_labels_want(labels, user, files[n].by);
        n++;
    }
    db_done(r);
    if (c->n_err || !link_labels_fetch(c, labels))
        return false;
    Jw w;
    jw_list(&w, out);
    for (int i = 0; i < n; i++) {
        jw_obj(&w);
        jw_kint(&w, "id", files[i].id);
        jw_kstr(&w, "file_name", files[i].name);
        jw_kstr(&w, "mime", files[i].mime);
        jw_kint(&w, "size", files[i].size);
        jw_kstr(&w, "field", files[i].field);
        jw_kinstant(&w, "uploaded_at", files[i].at);
        rows_write_person(c, labels, "uploaded_by", files[i].by, &w);
        jw_end(&w);
    }
    jw_end(&w);
    jw_kstr(&w, "next_cursor", NULL);
    jw_end(&w);
    return true;
}

/* Reading a record is not enough to add to it. A parent without the edit right: refused by the engine's own words. */
bool attach_add(Ctx *c, const Entity *e, int64_t id, const char *path, const char *name,
                const char *field, Buf *out)
{
    Record rec;
    if (!(e->gets & GETS_ATTACHMENTS))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.no_attachments");
    if (!rec_get_for(c, e, id, ACT_EDIT, &rec))
        return false;
    const RecordHooks *h = hooks_of(e);
    const char *seen;
    if (h && h->before_attach && !h->before_attach(c, &rec, path, &seen))
        return false;
    int64_t new_id = 0;
    const AttachNew n = {
        .path = path, .name = name, .parent_type = e->name, .parent = id, .field = field};
    if (!store(c, e, &n, &new_id))
        return false;
    AttachFile f = {0};
    Meta m;
    if (!look(c, new_id, &f, &m))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kint(&w, "id", new_id);
    jw_kstr(&w, "file_name", f.name);
    jw_kstr(&w, "mime", f.mime);
    jw_kint(&w, "size", f.size);
    jw_end(&w);
    return true;
}

static bool mark_deleted(Ctx *c, void *arg)
{
    int64_t id = *(int64_t *)arg;
    DbVal p[] = {db_of_int(id), db_of_int(c->now_ms)};
    return db_exec(c, SQL("UPDATE \"attachment\" SET \"deleted_at\" = $2 WHERE \"id\" = $1"), p,
                   2) &&
           audit_add(c, &(AuditEntry){.action = "detach", .entity = "attachment", .record = id});
}

bool attach_delete(Ctx *c, int64_t id)
{
    AttachFile f;
    Meta m = {0};
    if (!look(c, id, &f, &m))
        return false;
    if (!may_read(c, &m))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    const Entity *e = model_entity(c->model, m.parent_type);
    Record rec;
    if (!e || !rec_get_for(c, e, m.parent, ACT_EDIT, &rec))
        return e ? false : ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
    return db_write(c, mark_deleted, &id);
}
