/* The checks of zhike check. See check.h. */
#include "record/check.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "db/sql.h"
#include "record/attach.h"
#include "record/recount.h"
#include "record/search.h"
#include "record/secret_key.h"

typedef struct Check {
    Ctx *c;
    FILE *to;
    int64_t n;
} Check;

static void ZK_PRINTF(2, 3) found(Check *k, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vfprintf(k->to, fmt, ap);
    va_end(ap);
    fputc('\n', k->to);
    k->n++;
}

/* ---- links --------------------------------------------------------------------------------- */

static bool dangling(Check *k, const Entity *e, const Field *f, const Entity *to, const char *type)
{
    Ctx *c = k->c;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\", "));
    sql_col(&q, "t0", f->column);
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 LEFT JOIN "));
    sql_name(&q, to->name);
    sql_add(&q, SQL(" AS t1 ON t1.\"id\" = "));
    sql_col(&q, "t0", f->column);
    sql_add(&q, SQL(" WHERE t1.\"id\" IS NULL AND "));
    sql_col(&q, "t0", f->column);
    sql_add(&q, SQL(" IS NOT NULL"));
    if (type) {
        sql_add(&q, SQL(" AND "));
        sql_col(&q, "t0", entity_field(e, f->to_field)->column);
        sql_add(&q, SQL(" = "));
        sql_bind(&q, db_of_text(type));
    }
    sql_add(&q, SQL(" LIMIT 20"));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        found(k, "%s %" PRId64 ": %s leads to %s %" PRId64 ", which is not there", e->name,
              db_int(r, 0), f->name, to->name, db_int(r, 1));
    db_done(r);
    return c->n_err == 0;
}

static bool links(Check *k)
{
    const Model *m = k->c->model;
    for (int i = 0; i < m->n; i++) {
        const Entity *e = &m->entities[i];
        for (int j = 0; j < e->n_fields; j++) {
            const Field *f = &e->fields[j];
            bool file = f->type == FT_FILE || f->type == FT_IMAGE;
            if ((f->type != FT_LINK && !file) || !f->column)
                continue;
            if (f->to || file) {
                const Entity *to = model_entity(m, file ? "attachment" : f->to);
                if (to && !dangling(k, e, f, to, NULL))
                    return false;
                continue;
            }
            const Field *by = entity_field(e, f->to_field);
            for (int o = 0; by && o < by->n_options; o++) {
                const Entity *to = model_entity(m, by->options[o].code);
                if (to && !dangling(k, e, f, to, to->name))
                    return false;
            }
        }
    }
    return true;
}

/* Records from which a link to their own kind, followed up, comes back to where it began. */
static bool circle(Check *k, const Entity *e, const Field *f)
{
    Ctx *c = k->c;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("WITH RECURSIVE up(id, at) AS (SELECT \"id\", "));
    sql_name(&q, f->column);
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" WHERE "));
    sql_name(&q, f->column);
    sql_add(&q, SQL(" IS NOT NULL UNION SELECT up.id, "));
    sql_col(&q, "t0", f->column);
    sql_add(&q, SQL(" FROM up JOIN "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 ON t0.\"id\" = up.at WHERE up.at <> up.id AND "));
    sql_col(&q, "t0", f->column);
    sql_add(&q, SQL(" IS NOT NULL) SELECT id FROM up WHERE at = id ORDER BY id LIMIT 20"));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        found(k, "%s %" PRId64 ": %s leads back to itself", e->name, db_int(r, 0), f->name);
    db_done(r);
    return c->n_err == 0;
}

static bool circles(Check *k)
{
    const Model *m = k->c->model;
    for (int i = 0; i < m->n; i++)
        for (int j = 0; j < m->entities[i].n_fields; j++) {
            const Entity *e = &m->entities[i];
            const Field *f = &e->fields[j];
            if (f->type == FT_LINK && f->column && f->to && strcmp(f->to, e->name) == 0 &&
                !f->may_circle && !circle(k, e, f))
                return false;
        }
    return true;
}

/* ---- search -------------------------------------------------------------------------------- */

/* Live records and search documents in one statement: two would see different moments beside a server.
   What lies in the recycle bin has no document. */
static bool count_docs(Ctx *c, const Entity *e, int64_t *rows, int64_t *docs)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT (SELECT count(*) FROM "));
    sql_name(&q, e->name);
    if (e->standard)
        sql_add(&q, SQL(" WHERE \"deleted_at\" IS NULL"));
    sql_add(&q, SQL("), (SELECT count(*) FROM "));
    sql_name(&q, arena_printf(c->a, "search_%s", e->name));
    sql_add(&q, SQL(")"));
    DbRows *r = sql_query(c, &q);
    if (!r || !db_step(r))
        return false;
    *rows = db_int(r, 0);
    *docs = db_int(r, 1);
    db_done(r);
    return true;
}

static bool search_docs(Check *k)
{
    Ctx *c = k->c;
    for (int i = 0; i < c->model->n; i++) {
        const Entity *e = &c->model->entities[i];
        if (!(e->gets & GETS_SEARCH))
            continue;
        int64_t rows = 0, docs = 0;
        if (!count_docs(c, e, &rows, &docs))
            return false;
        if (rows != docs)
            found(k, "%s: %" PRId64 " records, %" PRId64 " search documents", e->name, rows, docs);
    }
    return true;
}

static void stray_words(void *arg, const char *entity, int64_t id, int words)
{
    found(arg, "%s %" PRId64 ": its search document has %d words that stand nowhere in it", entity,
          id, words);
}

/* ---- files --------------------------------------------------------------------------------- */

static bool same_digest(const char *path, const char *want)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    CryptSha256 s;
    crypt_sha256_start(&s);
    static unsigned char step[65536];
    ssize_t n;
    while ((n = read(fd, step, sizeof step)) > 0)
        crypt_sha256_add(&s, step, (size_t)n);
    close(fd);
    char hex[65];
    crypt_sha256_end(&s, hex);
    return n == 0 && strcmp(hex, want) == 0;
}

static bool files(Check *k)
{
    Ctx *c = k->c;
    DbRows *r = db_query(
        c, SQL("SELECT \"id\", \"sha256\" FROM \"attachment\" ORDER BY \"id\" ASC"), NULL, 0);
    if (!r)
        return false;
    while (db_step(r)) {
        const char *hex = db_text(r, 1);
        char *path = arena_printf(c->a, "%s/files/%.2s/%s", attach_dir(), hex, hex + 2);
        if (!same_digest(path, hex))
            found(k, "attachment %" PRId64 ": its file is missing or changed", db_int(r, 0));
    }
    db_done(r);
    return c->n_err == 0;
}

/* ---- rollups ------------------------------------------------------------------------------- */

/* What the newest follow-up says, kept on its customer for every worklist. */
static bool follow_ups(Check *k)
{
    Ctx *c = k->c;
    DbRows *r = db_query(c,
                         SQL("SELECT t0.\"id\" FROM \"customer\" AS t0 LEFT JOIN (SELECT "
                             "\"customer_id\" AS cid, max(\"happened_at\") AS at "
                             "FROM \"follow_up\" WHERE \"deleted_at\" IS NULL GROUP BY "
                             "\"customer_id\") AS s ON s.cid = t0.\"id\" "
                             "WHERE t0.\"deleted_at\" IS NULL AND t0.\"last_follow_up_at\" IS "
                             "DISTINCT FROM s.at LIMIT 20"),
                         NULL, 0);
    if (!r)
        return false;
    while (db_step(r))
        found(k, "customer %" PRId64 ": last_follow_up_at differs from its follow-ups",
              db_int(r, 0));
    db_done(r);
    return c->n_err == 0;
}

/* What was merged away lies in the bin, and only that. */
static bool merged(Check *k)
{
    Ctx *c = k->c;
    for (int i = 0; i < c->model->n; i++) {
        const Entity *e = &c->model->entities[i];
        Sql q;
        if (!(e->gets & GETS_MERGE))
            continue;
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
        sql_name(&q, e->name);
        sql_add(&q, SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL AND "));
        sql_col(&q, "t0", entity_field(e, "merged_into")->column);
        sql_add(&q, SQL(" IS NOT NULL LIMIT 20"));
        DbRows *r = sql_query(c, &q);
        if (!r)
            return false;
        while (db_step(r))
            found(k, "%s %" PRId64 ": merged into another one, and not in the recycle bin", e->name,
                  db_int(r, 0));
        db_done(r);
    }
    return c->n_err == 0;
}

static void shut(void *arg, const char *what, int64_t id, const char *key, const char *why)
{
    if (id)
        found(arg, "%s %" PRId64 ": a secret is sealed with the key %s, %s", what, id, key, why);
    else
        found(arg, "%s: its secret is sealed with the key %s, %s", what, key, why);
}

static void wrong_count(void *arg, const char *entity, int64_t id, const char *field)
{
    found(arg, "%s %" PRId64 ": %s is wrong; check --recount mends it", entity, id, field);
}

static bool engine(Check *k)
{
    const char *wrong = NULL;
    if (!db_integrity(k->c, &wrong))
        return false;
    if (wrong)
        found(k, "database: %s", wrong);
    return true;
}

bool check_run(Ctx *c, FILE *to, int64_t *findings)
{
    Check k = {c, to, 0};
    bool ok = engine(&k) && links(&k) && circles(&k) && search_docs(&k) &&
              search_check(c, stray_words, &k) && files(&k) && follow_ups(&k) && merged(&k) &&
              secret_key_check(c, shut, &k) && recount_check(c, wrong_count, &k);
    *findings = k.n;
    return ok;
}
