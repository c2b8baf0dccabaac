/* The key of the data folder is exchanged. See secret_key.h. */
#include "record/secret_key.h"

#include <inttypes.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/sealing.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/map.h"
#include "base/msg.h"
#include "base/secret.h"
#include "record/configuration/configuration.h"
#include "record/sealed.h"

/* ---- rows ----------------------------------------------------------------------------------------- */

static bool read_rows(Ctx *c, KeyRows *out)
{
    int mark = c->n_err;
    *out = (KeyRows){0};
    DbRows *r = db_query(c,
                         SQL("SELECT \"id\", \"state\", \"at\" FROM \"secret_key\" ORDER BY \"at\" "
                             "ASC, \"state\" DESC, \"id\" ASC"),
                         NULL, 0);
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, out,
                 (KeyRow){.id = db_text_copy(c->a, r, 0),
                          .state = db_text_copy(c->a, r, 1),
                          .at = db_int(r, 2),
                          .here = secret_has(db_text(r, 0))});
    db_done(r);
    return c->n_err == mark;
}

/* The newest row of this state, or NULL. */
static const KeyRow *in_state(const KeyRows *rows, const char *state)
{
    for (size_t i = rows->n; i-- > 0;)
        if (strcmp(rows->items[i].state, state) == 0)
            return &rows->items[i];
    return NULL;
}

static const KeyRow *with_id(const KeyRows *rows, const char *id)
{
    for (size_t i = 0; i < rows->n; i++)
        if (strcmp(rows->items[i].id, id) == 0)
            return &rows->items[i];
    return NULL;
}

static bool put_state(Ctx *c, const char *id, const char *state)
{
    DbVal p[] = {db_of_text(id), db_of_text(state), db_of_int(c->now_ms)};
    return db_exec(c,
                   SQL("INSERT INTO \"secret_key\" (\"id\", \"state\", \"at\") VALUES ($1, $2, $3) "
                       "ON CONFLICT (\"id\") DO UPDATE SET \"state\" = $2, \"at\" = $3"),
                   p, 3) &&
           db_change(c, "key", 0);
}

/* Of two processes that are the first at the same moment one names the key. */
static bool name_first(Ctx *c, void *arg)
{
    KeyRows rows;
    return db_alone(c, "secret_key") && read_rows(c, &rows) &&
           (rows.n || put_state(c, arg, "current"));
}

bool secret_key_follow(Ctx *c, const char **out_missing)
{
    KeyRows rows;
    *out_missing = NULL;
    if (!secret_reload(c) || !read_rows(c, &rows))
        return false;
    if (!rows.n) {
        if (!db_write(c, name_first, secret_current(c->a)) || !read_rows(c, &rows))
            return false;
    }
    const KeyRow *now = in_state(&rows, "current");
    if (now && !secret_use(now->id))
        *out_missing = now->id;
    for (size_t i = 0; i < rows.n; i++)
        if (strcmp(rows.items[i].state, "dropped") == 0)
            secret_forget(rows.items[i].id);
    return true;
}

/* ---- who has which -------------------------------------------------------------------------------- */

static bool hold_in_write(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_text(db_holder(c->db)), db_of_text(arg), db_of_text(secret_current(c->a))};
    return db_exec(c,
                   SQL("DELETE FROM \"secret_key_held\" WHERE \"holder\" NOT IN (SELECT "
                       "\"holder\" FROM \"node_lease\" WHERE \"holder\" IS NOT NULL)"),
                   NULL, 0) &&
           db_exec(c,
                   SQL("INSERT INTO \"secret_key_held\" (\"holder\", \"ids\", \"seals\") VALUES "
                       "($1, $2, $3) ON CONFLICT (\"holder\") DO UPDATE SET \"ids\" = $2, "
                       "\"seals\" = $3"),
                   p, 3);
}

bool secret_key_hold(Ctx *c)
{
    return db_write(c, hold_in_write, secret_ids(c->a));
}

static bool count_living(Ctx *c, SqlText which, const char *id, int *out)
{
    VEC(const char *) found = {0};
    DbVal p[] = {db_of_text(id)};
    int mark = c->n_err;
    *out = 0;
    DbRows *r = db_query(c, which, p, 1);
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, &found, db_text_copy(c->a, r, 0));
    db_done(r);
    for (size_t i = 0; i < found.n && c->n_err == mark; i++) {
        bool lives;
        if (!db_holder_lives(c, found.items[i], &lives))
            return false;
        *out += lives;
    }
    return c->n_err == mark;
}

bool secret_key_waiting(Ctx *c, const char *id, int *out)
{
    return count_living(c,
                        SQL("SELECT \"holder\" FROM \"secret_key_held\" WHERE \"ids\" NOT LIKE '%' "
                            "|| CAST($1 AS TEXT) || '%'"),
                        id, out);
}

bool secret_key_sealing(Ctx *c, const char *id, int *out)
{
    return count_living(c,
                        SQL("SELECT \"holder\" FROM \"secret_key_held\" WHERE (\"seals\" = $1 OR "
                            "\"seals\" IS NULL) AND EXISTS (SELECT 1 FROM \"secret_key\" WHERE "
                            "\"id\" = $1 AND \"state\" = 'leaving')"),
                        id, out);
}

/* ---- begin ---------------------------------------------------------------------------------------- */

typedef struct Begin {
    bool lost;
    const char *id; /* in the file already */
} Begin;

static bool begin_in_write(Ctx *c, void *arg)
{
    const Begin *b = arg;
    KeyRows rows;
    if (!db_alone(c, "secret_key") || !read_rows(c, &rows))
        return false;
    const KeyRow *next = in_state(&rows, "next");
    if (next && strcmp(next->id, b->id) != 0) {
        if (!b->lost)
            return ctx_fail(c, ERR_CONFLICT, NULL, "err.key_next", next->id);
        if (!put_state(c, next->id, "dropped"))
            return false;
    }
    return put_state(c, b->id, "next");
}

/* The newest key of the file that no row knows: one that was made before the row could be written. */
static const char *unnamed(Ctx *c, const KeyRows *rows)
{
    const char *found = NULL;
    for (const char *p = secret_ids(c->a); *p; p += SECRET_ID + (p[SECRET_ID] == ' ')) {
        const char *id = arena_dup(c->a, p, SECRET_ID);
        if (!with_id(rows, id))
            found = id;
    }
    return found;
}

bool secret_key_begin(Ctx *c, bool lost, const char **out)
{
    KeyRows rows;
    const char *missing;
    if (!secret_key_follow(c, &missing) || !read_rows(c, &rows))
        return false;
    if (missing && !lost)
        return ctx_fail(c, ERR_CONFLICT, "secret.key", "err.key_missing", missing);
    const KeyRow *next = in_state(&rows, "next");
    if (next && !next->here && !lost)
        return ctx_fail(c, ERR_CONFLICT, "secret.key", "err.key_next", next->id);
    *out = next && next->here ? next->id : unnamed(c, &rows);
    Begin b = {.lost = lost};
    if (!*out && !secret_add(c, out))
        return false;
    b.id = *out;
    return db_write(c, begin_in_write, &b);
}

/* ---- sealing anew --------------------------------------------------------------------------------- */

typedef struct Turn {
    const char *id;  /* to this one, or (drop) away from it */
    bool drop, lost; /* lost: at_once, of a drop */
    int64_t
        room_ms; /* how long each text may be waited for, however many there are; 0: without end */
    int unreadable;
    KeyReport done;
} Turn;

/* The end that the caller set is for a statement that somebody holds up; much work is no reason to give up. */
static int64_t room(const Ctx *c)
{
    return c->deadline_ms ? c->deadline_ms - clock_mono_ms() : 0;
}

/* NULL: nothing opens it. */
static const char *seal_anew(Ctx *c, Turn *t, const char *label, const char *sealed)
{
    if (t->room_ms > 0)
        c->deadline_ms = clock_mono_ms() + t->room_ms;
    char *text = secret_open(c->a, label, sealed);
    const char *out = text ? secret_seal(c->a, label, text) : NULL;
    if (text)
        t->done.sealed++;
    else
        t->unreadable++;
    return out;
}

static bool concerns(Ctx *c, const Turn *t, const char *sealed)
{
    const char *id = secret_id_of(c->a, sealed);
    return t->drop ? id && strcmp(id, t->id) == 0 : !id || strcmp(id, t->id) != 0;
}

static const char *seal_image(Ctx *c, const char *entity, const char *sealed, void *arg)
{
    Turn *t = arg;
    return concerns(c, t, sealed) ? seal_anew(c, t, entity, sealed) : sealed;
}

/* A statement each: a text under seal is another one every time, and there are few (channels, letters that wait). */
static bool seal_all(Ctx *c, Turn *t)
{
    SealedTexts all;
    t->done = (KeyReport){0};
    t->unreadable = 0;
    if (!sealed_texts(c, &all))
        return false;
    for (size_t i = 0; i < all.n; i++)
        if (concerns(c, t, all.items[i].text) &&
            !sealed_put(c, &all.items[i], seal_anew(c, t, all.items[i].label, all.items[i].text)))
            return false;
    if (!configuration_reseal(c, seal_image, t))
        return false;
    t->done.forgotten = t->unreadable;
    return t->lost || !t->unreadable ||
           ctx_fail(c, ERR_CONFLICT, NULL, "err.key_unreadable", ctx_num(c, t->unreadable));
}

static bool audit_key(Ctx *c, const char *action, const Turn *t)
{
    AuditEntry e = {.action = action,
                    .record_name = t->id,
                    .changes = arena_printf(c->a,
                                            "{\"sealed\":%d,\"forgotten\":%d,\"codes\":%d,"
                                            "\"given_up\":%s}",
                                            t->done.sealed, t->done.forgotten, t->done.codes,
                                            t->lost ? "true" : "false")};
    return audit_add(c, &e);
}

/* Codes that hang on keys of the ring keep them; those of programs before the ring carry no name yet. */
static bool name_codes(Ctx *c, const char *id)
{
    DbVal p[] = {db_of_text(id)};
    return db_exec(c,
                   SQL("UPDATE \"recovery_code\" SET \"hash\" = CAST($1 AS TEXT) || '.' || "
                       "\"hash\" WHERE \"hash\" NOT LIKE '%.%'"),
                   p, 1);
}

static bool end_codes(Ctx *c, const char *id, Turn *t)
{
    DbVal p[] = {db_of_text(arena_printf(c->a, "%s.%%", id))};
    if (!db_exec(c, SQL("DELETE FROM \"recovery_code\" WHERE \"hash\" LIKE $1"), p, 1))
        return false;
    t->done.codes += (int)db_changes(c);
    return true;
}

static bool turn_in_write(Ctx *c, void *arg)
{
    Turn *t = arg;
    KeyRows rows;
    if (!db_alone(c, "secret_key") || !read_rows(c, &rows))
        return false;
    const KeyRow *next = with_id(&rows, t->id), *now = in_state(&rows, "current");
    if (!next || strcmp(next->state, "next") != 0)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.secret_busy");
    if (!seal_all(c, t) || (now && !name_codes(c, now->id)))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        const KeyRow *k = &rows.items[i];
        bool was = strcmp(k->state, "current") == 0, gone = t->lost && !k->here && k != next;
        if ((was || gone) && strcmp(k->state, "dropped") != 0 &&
            !put_state(c, k->id, gone ? "dropped" : "old"))
            return false;
        if (gone && !end_codes(c, k->id, t))
            return false;
    }
    return put_state(c, t->id, "current") && audit_key(c, "key_rotated", t);
}

/* Only this process seals with it before the write is there, and it seals nothing else. */
bool secret_key_turn(Ctx *c, const char *id, bool lost, KeyReport *out)
{
    Turn t = {.id = id, .lost = lost, .room_ms = room(c)};
    if (!secret_use(id))
        return ctx_fail(c, ERR_CONFLICT, "secret.key", "err.key_missing", id);
    bool ok = db_write(c, turn_in_write, &t);
    *out = t.done;
    return ok;
}

/* ---- an old one goes ------------------------------------------------------------------------------ */

static bool people_with_codes(Ctx *c, const char *id, int64_t *out)
{
    DbVal p[] = {db_of_text(arena_printf(c->a, "%s.%%", id))};
    return db_one_int(c,
                      SQL("SELECT COUNT(DISTINCT \"user_id\") FROM \"recovery_code\" WHERE "
                          "\"hash\" LIKE $1"),
                      p, 1, out, NULL);
}

static bool may_drop(Ctx *c, const KeyRow *k)
{
    int64_t until = k->at + conf_duration_ms("approval.link_life"), people;
    if (until > c->now_ms)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.key_links",
                        ctx_num(c, (until - c->now_ms + 3599999) / 3600000));
    if (!people_with_codes(c, k->id, &people))
        return false;
    return !people || ctx_fail(c, ERR_CONFLICT, NULL, "err.key_codes", ctx_num(c, people));
}

/* The row of a key that may be dropped; *out NULL: all but the file was done before. */
static bool leaver(Ctx *c, const Turn *t, const KeyRow **out)
{
    KeyRows rows;
    if (!read_rows(c, &rows))
        return false;
    const KeyRow *k = with_id(&rows, t->id);
    *out = k && strcmp(k->state, "dropped") != 0 ? k : NULL;
    if (!k)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.key_none", t->id);
    if (*out && strcmp(k->state, "old") != 0 && strcmp(k->state, "leaving") != 0)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.key_current", t->id);
    return !*out || t->lost || may_drop(c, k);
}

/* Writes that still seal with it end before, and those behind seal with another (auth/sealing.h). Nothing else is locked here, for
   such a write may hold rows already. Since when it is old stays. */
static bool leave_in_write(Ctx *c, void *arg)
{
    const KeyRow *k;
    const Turn *t = arg;
    DbVal p[] = {db_of_text(t->id)};
    if (!db_alone(c, SEALING_LOCK) || !leaver(c, t, &k))
        return false;
    return !k ||
           (db_exec(c, SQL("UPDATE \"secret_key\" SET \"state\" = 'leaving' WHERE \"id\" = $1"), p,
                    1) &&
            db_change(c, "key", 0));
}

static bool drop_in_write(Ctx *c, void *arg)
{
    Turn *t = arg;
    const KeyRow *k;
    /* alone past the second, too: who moves sealed texts about has ended, or reads what stands here behind this write */
    if (!db_alone(c, "secret_key") || !db_alone(c, SEALING_LOCK) || !leaver(c, t, &k))
        return false;
    if (!k)
        return true;
    if (strcmp(k->state, "leaving") != 0)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.secret_busy");
    return seal_all(c, t) && end_codes(c, t->id, t) && put_state(c, t->id, "dropped") &&
           audit_key(c, "key_dropped", t);
}

bool secret_key_leave(Ctx *c, const char *id, bool at_once)
{
    const char *missing;
    Turn t = {.id = id, .drop = true, .lost = at_once};
    if (!secret_key_follow(c, &missing))
        return false;
    if (missing)
        return ctx_fail(c, ERR_CONFLICT, "secret.key", "err.key_missing", missing);
    return db_write(c, leave_in_write, &t);
}

bool secret_key_drop(Ctx *c, const char *id, bool at_once, KeyReport *out)
{
    Turn t = {.id = id, .drop = true, .lost = at_once, .room_ms = room(c)};
    bool ok = db_write(c, drop_in_write, &t) && secret_remove(c, id);
    *out = t.done;
    return ok;
}

/* ---- a look --------------------------------------------------------------------------------------- */

static void count_one(Ctx *c, KeyRows *rows, const char *sealed)
{
    const char *id = secret_id_of(c->a, sealed);
    for (size_t i = 0; i < rows->n;
         i++) /* without a name: of the first, as programs before the ring sealed */
        if (id ? strcmp(rows->items[i].id, id) == 0 : i == 0)
            rows->items[i].sealed++;
}

static const char *count_image(Ctx *c, const char *entity, const char *sealed, void *arg)
{
    (void)entity;
    count_one(c, arg, sealed);
    return sealed;
}

static bool look(Ctx *c, void *arg)
{
    KeyRows *rows = arg;
    SealedTexts all;
    if (!read_rows(c, rows) || !sealed_texts(c, &all))
        return false;
    for (size_t i = 0; i < all.n; i++)
        count_one(c, rows, all.items[i].text);
    for (size_t i = 0; i < rows->n; i++) {
        int64_t n;
        DbVal p[] = {db_of_text(arena_printf(c->a, "%s.%%", rows->items[i].id))};
        if (!db_one_int(c, SQL("SELECT COUNT(*) FROM \"recovery_code\" WHERE \"hash\" LIKE $1"), p,
                        1, &n, NULL))
            return false;
        rows->items[i].codes = (int)n;
    }
    return configuration_reseal(c, count_image, rows);
}

bool secret_key_list(Ctx *c, KeyRows *out)
{
    const char *missing;
    return secret_key_follow(c, &missing) && db_write(c, look, out);
}

/* ---- what nothing opens --------------------------------------------------------------------------- */

typedef struct Shut {
    KeyRows rows;
    KeyShut *told;
    void *arg;
} Shut;

static void look_at(Ctx *c, Shut *s, const char *label, const char *what, int64_t row,
                    const char *sealed)
{
    const char *id = secret_id_of(c->a, sealed);
    const KeyRow *k = id ? with_id(&s->rows, id) : NULL;
    const char *why = k && strcmp(k->state, "dropped") == 0 ? "which was dropped"
                      : id && !secret_has(id)               ? "which secret.key lacks"
                                                            : "which does not open it";
    if ((k && strcmp(k->state, "dropped") == 0) || !secret_open(c->a, label, sealed))
        s->told(s->arg, what, row, id ? id : "without a name", why);
}

static const char *look_at_image(Ctx *c, const char *entity, const char *sealed, void *arg)
{
    look_at(c, arg, entity, arena_printf(c->a, "%s that an import erased", entity), 0, sealed);
    return sealed;
}

static bool shut_in_write(Ctx *c, void *arg)
{
    Shut *s = arg;
    SealedTexts all;
    if (!read_rows(c, &s->rows) || !sealed_texts(c, &all))
        return false;
    for (size_t i = 0; i < all.n; i++) {
        const SealedText *t = &all.items[i];
        look_at(c, s, t->label, t->e->name, t->id, t->text);
    }
    return configuration_reseal(c, look_at_image, s);
}

bool secret_key_check(Ctx *c, KeyShut *told, void *arg)
{
    Shut s = {.told = told, .arg = arg};
    return db_write(c, shut_in_write, &s);
}
