/*
 * Files of the configuration: the company's logo, and the document of a row whose entity has a field of the type "files" (the Word
 * document of a print template). A row names its file by digest; the bytes stand once, as base64, under "files" at the end. What
 * comes in is looked at as an upload is, before the write; its bytes go into the store as the last thing of the write.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/crypt.h"
#include "base/file.h"
#include "record/configuration/impl.h"
#include "record/hooks.h"
#include "record/logo.h"

enum { HEX = 64, LINE = 76, NAME_MOST = 255 };

const Field *cfg_file_field(const Entity *e)
{
    for (int i = 0; i < e->n_fields; i++)
        if (e->fields[i].type == FT_FILES && configuration_carries(e, &e->fields[i]))
            return &e->fields[i];
    return NULL;
}

json_object *cfg_file_value(const char *name, const char *sha)
{
    json_object *o = json_object_new_object();
    json_object_object_add(o, "name", json_object_new_string(name));
    json_object_object_add(o, "sha256", json_object_new_string(sha));
    return o;
}

/* ---- giving out ------------------------------------------------------------------------------------ */

static void want(Map *all, Arena *a, const char *sha)
{
    if (sha && !map_has(all, sha))
        map_put(all, sha, arena_str(a, sha));
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The digests of all files the given parts name, in order. */
static int named(Ctx *c, const CfgDoc *d, const char ***out)
{
    Map all;
    int n = 0;
    map_init(&all, c->a);
    if (d->settings_given)
        want(&all, c->a, json_str(d->settings, LOGO_SETTING, NULL));
    for (int i = 0; i < d->n; i++) {
        const Field *f = d->parts[i].given ? cfg_file_field(d->parts[i].e) : NULL;
        for (int k = 0; f && k < d->parts[i].n; k++) {
            json_object *v = json_member(d->parts[i].items[k].body, f->name);
            want(&all, c->a, v ? json_str(v, "sha256", NULL) : NULL);
        }
    }
    *out = ARENA_ARRAY(c->a, all.n + 1, const char *);
    for (size_t i = 0; i < all.n; i++)
        (*out)[n++] = all.items[i].key;
    if (n)
        qsort(*out, (size_t)n, sizeof **out, by_text);
    return n;
}

static void put_lines(Buf *b, const char *text)
{
    for (size_t n = strlen(text), at = 0; at < n; at += LINE) {
        size_t len = n - at < LINE ? n - at : LINE;
        buf_puts(b, at ? ",\n      \"" : "\n      \"");
        buf_add(b, text + at, len);
        buf_putc(b, '"');
    }
}

bool cfg_files_write(Ctx *c, const CfgDoc *d, Buf *b)
{
    const char **all;
    int n = named(c, d, &all);
    int64_t room = conf_size("configuration.max_size"), sum = (int64_t)b->len;
    for (int i = 0; i < n; i++)
        sum += file_size(attach_store_path(c, all[i])) / 57 * 86; /* a line of 76 holds 57 bytes */
    if (n && sum > room)
        return ctx_fail(c, ERR_TOO_LARGE, "only", "cfg.export_large", ctx_num(c, sum / 1024),
                        ctx_num(c, room / 1024));
    if (n)
        buf_puts(b, ",\n  \"files\": {");
    for (int i = 0; i < n; i++) {
        const char *path = attach_store_path(c, all[i]);
        char *bytes;
        size_t len;
        if (file_size(path) < 0)
            return ctx_fail_detail(c, ERR_INTERNAL, path, "cfg.file_gone");
        if (!file_read(c, path, (size_t)room, &bytes, &len))
            return false;
        buf_puts(b, i ? ",\n    \"" : "\n    \"");
        buf_puts(b, all[i]);
        buf_puts(b, "\": [");
        put_lines(b, crypt_base64(c->a, bytes, len));
        buf_puts(b, "\n    ]");
    }
    if (n)
        buf_puts(b, "\n  }");
    return c->n_err == 0;
}

/* ---- coming in ------------------------------------------------------------------------------------- */

static bool is_digest(const char *s)
{
    return strlen(s) == HEX && strspn(s, "0123456789abcdef") == HEX;
}

/* The base64 of all lines as one text; NULL where it is no list of texts. */
static const char *lines_of(Ctx *c, json_object *list)
{
    Buf b;
    buf_init(&b, c->a);
    if (!json_object_is_type(list, json_type_array))
        return NULL;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *it = json_object_array_get_idx(list, i);
        if (!json_object_is_type(it, json_type_string))
            return NULL;
        buf_puts(&b, json_object_get_string(it));
    }
    return b.data;
}

static bool read_one(Ctx *c, const char *sha, json_object *list, CfgFile *f)
{
    char hex[HEX + 1];
    const char *at = arena_printf(c->a, "files.%s", sha), *text;
    if (!is_digest(sha))
        return ctx_fail(c, ERR_INVALID, at, "cfg.file_key", sha);
    text = lines_of(c, list);
    f->bytes = text ? crypt_from_base64(c->a, text, &f->n) : NULL;
    if (!f->bytes || !f->n)
        return ctx_fail(c, ERR_INVALID, at, "cfg.file_text");
    crypt_sha256_hex(f->bytes, f->n, hex);
    if (strcmp(hex, sha) != 0)
        return ctx_fail(c, ERR_INVALID, at, "cfg.file_digest");
    f->sha = sha;
    return true;
}

void cfg_files_read(Ctx *c, json_object *files, CfgDoc *out)
{
    json_object_object_foreach(files, sha, list)
    {
        CfgFile *f = ARENA_NEW(c->a, CfgFile);
        if (read_one(c, arena_str(c->a, sha), list, f))
            map_put(&out->files, f->sha, f);
    }
}

bool cfg_file_use(Ctx *c, CfgDoc *d, const Entity *e, const char *place, const char *sha)
{
    CfgFile *f = map_get(&d->files, sha);
    if (!f)
        return ctx_fail(c, ERR_INVALID, place, "cfg.file_missing", sha);
    f->used = true;
    vec_push(c->a, &d->uses, (CfgUse){e, place, f});
    return true;
}

static bool plain(const char *name)
{
    size_t n = strlen(name);
    if (!n || n > NAME_MOST || strpbrk(name, "/\\"))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return true;
}

bool cfg_file_ref(Ctx *c, CfgDoc *d, const Entity *e, const char *place, json_object *v,
                  json_object **out)
{
    const char *name, *sha;
    *out = NULL;
    if (!v)
        return true;
    name = json_object_is_type(v, json_type_object) ? json_str(v, "name", "") : "";
    sha = *name ? json_str(v, "sha256", "") : "";
    if (!plain(name) || !is_digest(sha) || json_object_object_length(v) != 2)
        return ctx_fail(c, ERR_TYPE, place, "cfg.file_ref");
    *out = cfg_keep(c, cfg_file_value(name, sha));
    return cfg_file_use(c, d, e, place, sha);
}

static void gone(void *path)
{
    (void)unlink(path); /* where it was not moved into the store */
}

static bool put_down(Ctx *c, CfgFile *f)
{
    if (f->path)
        return true;
    char *path = attach_tmp(c, ".cfg");
    arena_defer(c->a, gone, path);
    if (!file_write(c, path, f->bytes, f->n, 0600))
        return false;
    f->path = path;
    return true;
}

static bool before_attach(Ctx *c, const Entity *e, const Record *r, CfgFile *f)
{
    const RecordHooks *h = hooks_of(e);
    if (!h || !h->before_attach)
        return true;
    return h->before_attach(c, r, r ? NULL : f->path, &f->seen);
}

/* As an upload at that place: the same look, by the same children. */
static bool look(Ctx *c, const CfgUse *u)
{
    if (!put_down(c, u->file))
        return false;
    if (!u->e)
        return logo_check(c, u->file->path);
    if (u->file->seen)
        return true;
    return before_attach(c, u->e, NULL, u->file);
}

bool cfg_files_check(Ctx *c, CfgDoc *d)
{
    int before = c->n_err;
    for (size_t i = 0; i < d->files.n; i++) {
        const CfgFile *f = d->files.items[i].value;
        if (!f->used)
            ctx_fail(c, ERR_INVALID, arena_printf(c->a, "files.%s", f->sha), "cfg.file_unused");
    }
    db_release(c); /* children work now */
    for (size_t i = 0; i < d->uses.n && c->n_err == before; i++) {
        ErrItem *last = c->err_last;
        if (!look(c, &d->uses.items[i]))
            for (ErrItem *x = cfg_since(c, last); x; x = x->next)
                x->field = d->uses.items[i].place;
    }
    return c->n_err == before;
}

/* ---- writing --------------------------------------------------------------------------------------- */

static bool row_of(Ctx *c, CfgFile *f, const AttachNew *n, int64_t *id)
{
    const AttachSeen seen = {.hex = arena_str(c->a, f->sha),
                             .mime = attach_mime(f->bytes, f->n, n->name),
                             .size = (int64_t)f->n};
    f->wanted = true;
    return attach_row(c, n, &seen, id);
}

bool cfg_logo_put(Ctx *c, const CfgDoc *file, const char *sha, const char **out_value)
{
    CfgFile *f = sha ? map_get(&file->files, sha) : NULL;
    int64_t id = 0;
    *out_value = NULL;
    if (!logo_drop(c))
        return false;
    if (!f)
        return true;
    if (!row_of(c, f, &(AttachNew){.name = "logo.jpg", .parent_type = LOGO_OWNER, .field = "logo"},
                &id))
        return false;
    *out_value = arena_printf(c->a, "%" PRId64, id);
    return true;
}

static bool drop_all(Ctx *c, const Entity *e, int64_t id)
{
    DbVal p[] = {db_of_text(e->name), db_of_int(id), db_of_int(c->now_ms)};
    return db_exec(c,
                   SQL("UPDATE \"attachment\" SET \"deleted_at\" = $3 WHERE \"parent_type\" = $1 "
                       "AND \"parent_id\" = $2 AND \"deleted_at\" IS NULL"),
                   p, 3);
}

static const CfgField *changed(const CfgChange *x, const Field *f)
{
    for (int i = 0; i < x->n_fields; i++)
        if (strcmp(x->fields[i].f->name, f->name) == 0)
            return &x->fields[i];
    return NULL;
}

bool cfg_file_put(Ctx *c, const CfgDoc *file, const CfgChange *x, const Entity *e, int64_t id)
{
    const Field *f = cfg_file_field(x->e);
    if (!f || (x->kind == CFG_CHANGE && !changed(x, f)))
        return true;
    json_object *v = json_member(x->is->body, f->name);
    if (!v)
        return x->kind == CFG_ADD || drop_all(c, e, id);
    CfgFile *of = map_get(&file->files, json_str(v, "sha256", "")); /* there: cfg_file_use */
    Record r;
    int64_t made;
    ErrItem *last = c->err_last;
    if (!rec_load(c, e, id, &r)) /* it has just been saved */
        return false;
    if (!before_attach(c, e, &r, of)) {
        for (ErrItem *y = cfg_since(c, last); y; y = y->next)
            y->field = f->name;
        return false;
    }
    return row_of(c, of,
                  &(AttachNew){.name = arena_str(c->a, json_str(v, "name", "")),
                               .parent_type = e->name,
                               .parent = id},
                  &made);
}

bool cfg_files_keep(Ctx *c, const CfgDoc *file)
{
    for (size_t i = 0; i < file->files.n; i++) {
        CfgFile *f = file->files.items[i].value;
        if (!f->wanted || f->kept)
            continue;
        if (!attach_keep(c, f->path, f->sha))
            return false;
        f->kept = true; /* the write may run again; the bytes are there already */
    }
    return true;
}

/* ---- taking back ----------------------------------------------------------------------------------- */

static bool listed(const char *list, int64_t id)
{
    for (const char *p = list; p && *p;) {
        if (strtoll(p, NULL, 10) == id)
            return true;
        p += strcspn(p, ",");
        p += *p == ',';
    }
    return false;
}

bool cfg_file_there(Ctx *c, int64_t id, bool *out)
{
    DbVal p[] = {db_of_int(id)};
    DbRows *r = db_query(c, SQL("SELECT \"sha256\" FROM \"attachment\" WHERE \"id\" = $1"), p, 1);
    if (!r)
        return false;
    *out = db_step(r) && file_size(attach_store_path(c, arena_str(c->a, db_text(r, 0)))) >= 0;
    db_done(r);
    return c->n_err == 0;
}

bool cfg_file_back(Ctx *c, int64_t made, int64_t dropped, bool *out_lost)
{
    DbVal m[] = {db_of_int(made)}, d[] = {db_of_int(dropped)};
    *out_lost = false;
    if (made && !db_exec(c, SQL("DELETE FROM \"attachment\" WHERE \"id\" = $1"), m, 1))
        return false;
    if (!dropped)
        return true;
    if (!db_exec(c, SQL("UPDATE \"attachment\" SET \"deleted_at\" = NULL WHERE \"id\" = $1"), d, 1))
        return false;
    *out_lost = db_changes(c) != 1; /* swept since cfg_file_there saw it */
    return true;
}

bool cfg_files_back(Ctx *c, const char *was, const char *is, bool *out_lost)
{
    *out_lost = false;
    for (int pass = 0; pass < 2; pass++)
        for (const char *p = pass ? was : is; p && *p && !*out_lost;) {
            int64_t id = strtoll(p, NULL, 10);
            if (!listed(pass ? is : was, id) &&
                !cfg_file_back(c, pass ? 0 : id, pass ? id : 0, out_lost))
                return false;
            p += strcspn(p, ",");
            p += *p == ',';
        }
    return true;
}

bool cfg_files_lost(Ctx *c, const char *was, const char *is, bool *out)
{
    *out = false;
    for (const char *p = was; *p && !*out;) {
        int64_t id = strtoll(p, NULL, 10);
        bool there = true;
        if (!listed(is, id) && !cfg_file_there(c, id, &there))
            return false;
        *out = !there;
        p += strcspn(p, ",");
        p += *p == ',';
    }
    return true;
}
