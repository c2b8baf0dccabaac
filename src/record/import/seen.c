/*
 * What was seen in the file of an import: which rows agree in the keys that tell records apart, and what rows were
 * called, so that links of other sheets find them. Keys are kept as 64-bit hashes: a million rows of three keys
 * take some 100 MB less than their texts would. See run.h.
 */
#include <string.h>

#include "base/fold.h"
#include "meta/types.h"
#include "record/import/run.h"

enum { NAMES_MOST = 2000000, PLACE_SHIFT = 40, RULE_MATCH = -1 };

int64_t imp_place(int sheet, int64_t row)
{
    return (int64_t)(sheet + 1) << PLACE_SHIFT | row;
}

int imp_place_sheet(int64_t place)
{
    return (int)(place >> PLACE_SHIFT) - 1;
}

int64_t imp_place_row(int64_t place)
{
    return place & (((int64_t)1 << PLACE_SHIFT) - 1);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    x ^= x >> 31;
    return x ? x : 1; /* 0 is a free slot */
}

static uint64_t hash_add(uint64_t h, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    return (h ^ 0xff) * 0x100000001b3u;
}

static uint64_t hash_start(const Entity *e, int64_t what)
{
    uint64_t h = hash_add(0xcbf29ce484222325u, e->name, strlen(e->name));
    return hash_add(h, (const char *)&what, sizeof what);
}

/* The old table goes with its arena: doubling on the job's would keep as much again. */
static void grow(Run *r)
{
    Seen *s = &r->seen;
    size_t cap = s->cap ? s->cap * 2 : 4096;
    Arena *a = arena_child(r->keep);
    Seen more = {ARENA_ARRAY(a, cap, uint64_t), ARENA_ARRAY(a, cap, int64_t), s->n, cap, a};
    for (size_t i = 0; i < s->cap; i++) {
        if (!s->keys[i])
            continue;
        size_t at = s->keys[i] & (cap - 1);
        while (more.keys[at])
            at = (at + 1) & (cap - 1);
        more.keys[at] = s->keys[i];
        more.places[at] = s->places[i];
    }
    if (s->a)
        arena_free(s->a);
    *s = more;
}

/* The slot of a key: its own, or the free one where it belongs. */
static size_t slot_of(const Seen *s, uint64_t key)
{
    size_t at = key & (s->cap - 1);
    while (s->keys[at] && s->keys[at] != key)
        at = (at + 1) & (s->cap - 1);
    return at;
}

uint64_t seen_rule_key(Ctx *c, const Entity *e, int rule, const DbVal *values)
{
    uint64_t h = hash_start(e, rule);
    for (int k = 0; e->dups[rule].fields[k]; k++) {
        const Field *f = entity_field(e, e->dups[rule].fields[k]);
        DbVal key = f ? type_match_key(c->a, f, &values[f->index]) : db_null();
        if (key.kind != DB_TEXT || !key.n)
            return 0;
        h = hash_add(h, key.s, key.n);
    }
    return mix(h);
}

static void add_key(SeenKeys *out, uint64_t key, int rule)
{
    if (out->n == IMP_KEYS_MOST)
        return;
    out->keys[out->n] = key;
    out->rules[out->n++] = rule;
}

void seen_keys(Run *r, const ImpPlan *p, const ImpCells *row, const DbVal *values, int64_t match,
               SeenKeys *out)
{
    Ctx *c = r->c;
    const Entity *e = p->e;
    out->n = 0;
    if (match)
        add_key(out, mix(hash_add(hash_start(e, -2), (const char *)&match, sizeof match)),
                RULE_MATCH);
    for (int i = 0; i < p->s->n_match && p->s->mode != IMP_CREATE; i++) {
        const char *key = imp_group_key(c, p, &p->s->match[i], row);
        if (key)
            add_key(out, mix(hash_add(hash_start(e, -3 - i), key, strlen(key))), RULE_MATCH);
    }
    for (int i = 0; i < e->n_dups; i++) {
        uint64_t key = imp_rule_counts(&e->dups[i]) ? seen_rule_key(c, e, i, values) : 0;
        if (key)
            add_key(out, key, i);
    }
}

int64_t seen_find(const Run *r, const SeenKeys *keys, int *which)
{
    const Seen *s = &r->seen;
    for (int i = 0; s->cap && i < keys->n; i++) {
        size_t at = slot_of(s, keys->keys[i]);
        if (s->keys[at]) {
            *which = i;
            return s->places[at];
        }
    }
    return 0;
}

void seen_take(Run *r, const SeenKeys *keys, int64_t place)
{
    Seen *s = &r->seen;
    for (int i = 0; i < keys->n; i++) {
        if (s->n * 4 >= s->cap * 3)
            grow(r);
        size_t at = slot_of(s, keys->keys[i]);
        if (s->keys[at])
            continue;
        s->keys[at] = keys->keys[i];
        s->places[at] = place;
        s->n++;
    }
}

const char *seen_group(Ctx *c, uint64_t key)
{
    return arena_printf(c->a, "%016llx", (unsigned long long)key);
}

/* ---- names --------------------------------------------------------------------------------- */

static const char *name_key(Ctx *c, const Entity *e, char kind, const char *text)
{
    return arena_printf(c->a, "%s/%c/%s", e->name, kind, fold_text(c->a, text));
}

/* Is the entity linked to by a sheet of this file at all? */
static bool is_target(const Run *r, const Entity *e)
{
    for (int i = 0; i < r->n_order; i++) {
        const ImpPlan *p = &r->plans[r->order[i]];
        for (int k = 0; k < p->n; k++)
            if (p->maps[k].f->to && strcmp(p->maps[k].f->to, e->name) == 0)
                return true;
    }
    return false;
}

static void count_row(InFile *f, int64_t row)
{
    for (int i = 0; i < f->n && i < 5; i++)
        if (f->rows[i] == row)
            return;
    if (f->n < 5)
        f->rows[f->n] = row;
    f->n++;
}

static void uncount_row(InFile *f, int64_t row)
{
    for (int i = 0; i < f->n && i < 5; i++)
        if (f->rows[i] == row) {
            int kept = f->n < 5 ? f->n : 5;
            memmove(&f->rows[i], &f->rows[i + 1], (size_t)(kept - i - 1) * sizeof *f->rows);
            f->n--;
            return;
        }
}

/* The entries of what a row is called; NULL for none. make: those that are not there. */
static int entries_of(Run *r, const ImpPlan *p, const ImpCells *row, bool make, InFile *out[2])
{
    const struct {
        char kind;
        int col;
    } by[] = {{'#', p->number_col}, {'n', p->title_col}};
    int n = 0;
    if (!is_target(r, p->e) || r->names.n > NAMES_MOST)
        return 0;
    for (int i = 0; i < 2; i++) {
        const char *text = by[i].col >= 0 && by[i].col < row->n ? row->cells[by[i].col].text : "";
        if (!*text)
            continue;
        const char *key = name_key(r->c, p->e, by[i].kind, text);
        InFile *f = map_get(&r->names, key);
        if (!f && make) {
            f = ARENA_NEW(r->keep, InFile);
            map_put(&r->names, key, f);
        }
        if (f)
            out[n++] = f;
    }
    return n;
}

void seen_name(Run *r, const ImpPlan *p, const ImpCells *row, int64_t id, bool written, bool real)
{
    InFile *list[2];
    int n = entries_of(r, p, row, true, list);
    for (int i = 0; i < n; i++) {
        InFile *f = list[i];
        if (!id) {
            uncount_row(f, row->row);
            if (f->id && f->row != row->row)
                continue; /* a later row that failed does not hide one that is there */
            *f = (InFile){.row = row->row};
            continue;
        }
        if (f->id != id) /* several rows for one record are no two of that name */
            count_row(f, row->row);
        f->id = id;
        f->row = row->row;
        f->written = written;
        f->real = real;
    }
}

void seen_unname(Run *r, const ImpPlan *p, const ImpCells *row)
{
    InFile *list[2];
    int n = entries_of(r, p, row, false, list);
    for (int i = 0; i < n; i++) {
        uncount_row(list[i], row->row);
        if (list[i]->row == row->row)
            *list[i] = (InFile){0};
    }
}

InFile *seen_named(const Run *r, const Entity *e, const char *text)
{
    static const char kinds[] = {'#', 'n'};
    for (int i = 0; i < 2; i++) {
        InFile *f = map_get(&r->names, name_key(r->c, e, kinds[i], text));
        if (f && f->row)
            return f;
    }
    return NULL;
}
