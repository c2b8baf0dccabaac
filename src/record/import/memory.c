/*
 * Tables that were seen before. A run keeps which column went where under the set of the headers; the next
 * table with the same headers is mapped so, by the person's own last import or else the company's. Exports of
 * other systems are known by data/import_profiles: their headers, what their words mean, how they write days.
 * What is kept are names of fields, never contents.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"
#include "base/fold.h"
#include "base/id.h"
#include "base/map.h"
#include "record/import/impl.h"

/* ---- remembered ------------------------------------------------------------------------------ */

/* Of all headers in their order; NULL where there is none. */
static const char *header_key(Ctx *c, const ImpSheet *s)
{
    uint64_t h[2] = {0xcbf29ce484222325u, 0x9e3779b97f4a7c15u};
    bool any = false;
    for (int i = 0; i < s->n_columns; i++) {
        const char *text = imp_norm(c->a, s->columns[i].header);
        any |= *text != 0;
        for (const char *p = text;; p++) {
            h[0] = (h[0] ^ (unsigned char)*p) * 0x100000001b3u;
            h[1] = (h[1] + (unsigned char)*p + 1) * 0xff51afd7ed558ccdu;
            h[1] ^= h[1] >> 29;
            if (!*p)
                break;
        }
    }
    return any ? arena_printf(c->a, "%016llx%016llx", (unsigned long long)h[0],
                              (unsigned long long)h[1])
               : NULL;
}

static const char *columns_text(Ctx *c, const ImpSheet *s)
{
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_arr(&w);
    for (int i = 0; i < s->n_columns; i++) {
        const ImpColumn *col = &s->columns[i];
        jw_obj(&w);
        jw_kstr(&w, "header", imp_norm(c->a, col->header));
        jw_kstr(&w, "field", col->field);
        if (col->values)
            jw_kraw(&w, "values",
                    json_object_to_json_string_ext(col->values, JSON_C_TO_STRING_PLAIN));
        if (col->dates)
            jw_kstr(&w, "dates", col->dates);
        jw_end(&w);
    }
    jw_end(&w);
    return b.data;
}

bool imp_remember(Ctx *c, const Imp *imp)
{
    for (int i = 0; i < imp->n; i++) {
        const ImpSheet *s = &imp->sheets[i];
        const char *key = s->entity && imp->owner ? header_key(c, s) : NULL;
        if (!key)
            continue;
        DbVal old[] = {db_of_text(key), db_of_int(imp->owner)};
        DbVal p[] = {db_of_int(id_new()),
                     db_of_text(key),
                     db_of_int(imp->owner),
                     db_of_text(s->entity),
                     db_of_text(columns_text(c, s)),
                     db_of_int(c->now_ms)};
        if (!db_exec(c,
                     SQL("DELETE FROM \"import_mapping\" WHERE \"header_key\" = $1 AND "
                         "\"owner_id\" = $2"),
                     old, 2) ||
            !db_exec(c,
                     SQL("INSERT INTO \"import_mapping\" (\"id\", \"header_key\", \"owner_id\", "
                         "\"object\", \"columns\", \"used_at\") VALUES ($1, $2, $3, $4, $5, $6)"),
                     p, 6))
            return false;
    }
    return true;
}

/* A field that was retired since, or that he may not fill, is dropped. */
static void apply_columns(Ctx *c, const Entity *e, json_object *list, ImpSheet *s)
{
    for (int i = 0; i < s->n_columns; i++) {
        ImpColumn *col = &s->columns[i];
        json_object *o = json_object_array_get_idx(list, (size_t)i);
        const char *field = json_str(o, "field", NULL);
        if (strcmp(json_str(o, "header", ""), imp_norm(c->a, col->header)) != 0)
            continue;
        col->field = field && imp_field(c, e, field, NULL) ? field : NULL;
        col->values = json_member(o, "values");
        col->dates = json_str(o, "dates", NULL);
    }
}

bool imp_recall(Ctx *c, ImpSheet *s, const char *wish)
{
    const char *key = s->hidden ? NULL : header_key(c, s);
    if (!key)
        return true;
    DbVal p[] = {db_of_text(key), db_of_int(c->actor->user)};
    DbRows *r = db_query(c,
                         SQL("SELECT \"object\", \"columns\" FROM \"import_mapping\" WHERE "
                             "\"header_key\" = $1 ORDER BY CASE WHEN \"owner_id\" = $2 THEN 0 "
                             "ELSE 1 END, \"used_at\" DESC, \"id\" DESC LIMIT 1"),
                         p, 2);
    if (!r)
        return false;
    const char *entity = NULL, *columns = NULL;
    if (db_step(r)) { /* the one row was fetched by db_query, and the mistake would be there */
        entity = arena_str(c->a, db_text(r, 0));
        columns = arena_str(c->a, db_text(r, 1));
    }
    db_done(r);
    const Entity *e = entity ? model_entity(c->model, entity) : NULL;
    json_object *list;
    if (!e || (wish && strcmp(wish, entity) != 0) || !(e->gets & GETS_IMPORT) ||
        !access_may(c, e, ACT_IMPORT))
        return true;
    if (!json_read(c, columns, strlen(columns), &list))
        return false;
    if (!s->entity || strcmp(s->entity, e->name) != 0)
        imp_guess(c, e, s);
    s->entity = e->name;
    s->remembered = true;
    apply_columns(c, e, list, s);
    return true;
}

/* ---- profiles -------------------------------------------------------------------------------- */

/* The normalised headers of a sheet → index + 1. */
static void headers_of(Ctx *c, const ImpSheet *s, Map *out)
{
    map_init(out, c->a);
    for (int i = s->n_columns - 1; i >= 0; i--) {
        const char *norm = imp_norm(c->a, s->columns[i].header);
        if (*norm)
            (void)map_put(out, norm, (void *)(intptr_t)(i + 1));
    }
}

/* How many headers of the sheet the profile knows; 0 where it is not the one: three in five must be known, and as
   many of its signs (headers few other systems have) as it asks for. */
static int fits(Ctx *c, json_object *form, const Map *headers)
{
    json_object *columns = json_member(form, "columns"), *signs = json_member(form, "signs");
    int known = 0, n_signs = 0;
    for (size_t i = 0; i < json_object_array_length(signs); i++)
        n_signs += map_has(
            headers, imp_norm(c->a, json_object_get_string(json_object_array_get_idx(signs, i))));
    if (n_signs < json_int(form, "enough", 2))
        return 0;
    json_object_object_foreach(columns, name, value)
    {
        (void)value;
        known += map_has(headers, imp_norm(c->a, name));
    }
    return (size_t)known * 5 >= headers->n * 3 ? known : 0;
}

/* value: a field, or {"field", "values", "dates"}. */
static void apply_one(Ctx *c, const Entity *e, json_object *value, ImpSheet *s, int at)
{
    ImpColumn *col = &s->columns[at];
    bool plain = json_object_is_type(value, json_type_string);
    const char *field = plain ? json_object_get_string(value) : json_str(value, "field", "");
    bool may = imp_field(c, e, field, NULL) != NULL;
    for (int k = 0; k < s->n_columns && may; k++) {
        ImpColumn *other = &s->columns[k];
        if (k == at || !other->field || strcmp(other->field, field) != 0 ||
            imp_may_share(c, e, field, other->header, col->header))
            continue;
        may = other->score < 98; /* a guess of ours gives way */
        if (may)
            other->field = other->guess = NULL;
    }
    if (!may)
        return;
    col->guess = col->field = field;
    col->score = 98;
    col->values = plain ? NULL : json_member(value, "values");
    col->dates = plain ? NULL : json_str(value, "dates", NULL);
}

static void apply_form(Ctx *c, const Entity *e, json_object *form, const Map *headers, ImpSheet *s)
{
    json_object *columns = json_member(form, "columns");
    if (!s->entity || strcmp(s->entity, e->name) != 0)
        imp_guess(c, e, s);
    s->entity = e->name;
    for (int pass = 0; pass < 2; pass++) { /* what the profile names comes before any guess */
        json_object_object_foreach(columns, name, value)
        {
            int at = (int)(intptr_t)map_get(headers, imp_norm(c->a, name)) - 1;
            if (at >= 0 && pass == 0)
                s->columns[at].field = s->columns[at].guess = NULL;
            else if (at >= 0 && value)
                apply_one(c, e, value, s, at);
        }
    }
}

bool imp_profile(Ctx *c, ImpSheet *s, const char *wish)
{
    static const char folder[] = "data/import_profiles/";
    json_object *best = NULL;
    const char *system = NULL;
    const Entity *entity = NULL;
    int most = 0;
    Map headers;
    headers_of(c, s, &headers);
    for (const Embed *file = s->hidden ? NULL : embed_first(folder);
         file && file->path && strncmp(file->path, folder, sizeof folder - 1) == 0; file++) {
        json_object *o, *forms;
        if (!json_read(c, (const char *)file->data, file->len, &o))
            return false;
        forms = json_member(o, "forms"); /* of entities that get imports: a test looks at each */
        for (size_t i = 0; i < json_object_array_length(forms); i++) {
            json_object *form = json_object_array_get_idx(forms, i);
            const Entity *e = model_entity(c->model, json_str(form, "entity", ""));
            int known = (!wish || strcmp(wish, e->name) == 0) && access_may(c, e, ACT_IMPORT)
                            ? fits(c, form, &headers)
                            : 0;
            if (known <= most)
                continue;
            most = known;
            best = form;
            entity = e;
            system = json_str(o, "system", "");
        }
    }
    if (!best)
        return true;
    s->profile = system;
    apply_form(c, entity, best, &headers, s);
    return true;
}

/* ---- its words ------------------------------------------------------------------------------- */

/* 5/1/2024 10:30 of a column whose days are written month first (or day first), as 2024-05-01 10:30. */
static const char *day_first(Ctx *c, const char *text, bool month_first)
{
    int v[3] = {0}, n = 0, len = 0;
    const char *p = text;
    for (; *p; p++) {
        if (*p >= '0' && *p <= '9' && len < 4) {
            v[n] = v[n] * 10 + (*p - '0');
            len++;
        } else if ((*p == '/' || *p == '.' || *p == '-') && len && len <= 2 && n < 2) {
            n++;
            len = 0;
        } else {
            break;
        }
    }
    if (n != 2 || (len != 4 && len != 2) || (*p && *p != ' ' && *p != ','))
        return text;
    int month = v[month_first ? 0 : 1], day = v[month_first ? 1 : 0];
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return text;
    int year = len == 2 ? 2000 + v[2] : v[2], hour, minute, used = 0;
    while (*p == ' ' || *p == ',')
        p++;
    char half = 0;
    if (sscanf(p, "%2d:%2d %n", &hour, &minute, &used) == 2 &&
        (p[used] == 'A' || p[used] == 'P' || p[used] == 'a' || p[used] == 'p'))
        half = (char)(p[used] & ~0x20);
    if (half && hour >= 1 && hour <= 12)
        return arena_printf(c->a, "%04d-%02d-%02d %02d:%02d", year, month, day,
                            hour % 12 + (half == 'P' ? 12 : 0), minute);
    return arena_printf(c->a, "%04d-%02d-%02d%s%s", year, month, day, *p ? " " : "", p);
}

/* 150 for an option that is one of "51-200", "201-500", "1000+". */
static const char *band_of(Ctx *c, const Field *f, const char *text)
{
    char *end;
    long long v = strtoll(text, &end, 10), from, to;
    if (end == text || *end || f->n_options < 2)
        return text;
    const char *found = NULL;
    for (int i = 0; i < f->n_options; i++) {
        const char *name = f->options[i].code;
        if (strcmp(name, text) == 0)
            return text;
        from = strtoll(name, &end, 10);
        if (end == name)
            return text;
        if (*end == '+' && !end[1])
            to = INT64_MAX;
        else if (*end == '-' && end[1])
            to = strtoll(end + 1, &end, 10);
        else
            return text;
        if (!found && v >= from && v <= to)
            found = name;
    }
    return found ? arena_str(c->a, found) : text;
}

const char *imp_word(Ctx *c, const ImpColumn *col, const Field *f, FieldType type, const char *text)
{
    if (col->values && *text) {
        const char *folded = fold_text(c->a, text);
        json_object_object_foreach(col->values, theirs, ours)
        {
            if (strcmp(fold_text(c->a, theirs), folded) == 0)
                return ours ? json_object_get_string(ours) : "";
        }
    }
    if (col->dates && (type == FT_DATE || type == FT_DATETIME))
        return day_first(c, text, strcmp(col->dates, "mdy") == 0);
    return type == FT_OPTION ? band_of(c, f, text) : text;
}
