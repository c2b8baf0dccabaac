/*
 * Several values for one field: phones of one cell or of several columns, names in pieces, remarks. What
 * does not fit into a field of its own is kept in the remark; nothing is dropped. See impl.h.
 */
#include <string.h>

#include "base/fold.h"
#include "base/msg.h"
#include "base/phone.h"
#include "base/utf8.h"
#include "record/import/impl.h"

/* ---- several columns ------------------------------------------------------------------------- */

static bool is_cjk(const char *s)
{
    const char *end = s + strlen(s);
    bool any = false;
    while (*s) {
        int32_t cp = utf8_next(&s, end);
        if (cp < 0x2e80)
            return false;
        any = true;
    }
    return any;
}

/* 王 + 芳 → 王芳; Doe + Jane → Jane Doe. */
static const char *join_name(Ctx *c, const ImpPiece *list, int n)
{
    const char *by[4] = {"", "", "", ""};
    bool cjk = true;
    for (int i = 0; i < n; i++) {
        int kind = imp_name_piece(c->a, list[i].header);
        by[kind] = list[i].text;
        cjk = cjk && (!*list[i].text || is_cjk(list[i].text));
    }
    if (cjk)
        return arena_printf(c->a, "%s%s%s", by[2], by[3], by[1]);
    const char *order[] = {by[1], by[3], by[2]};
    Buf b;
    buf_init(&b, c->a);
    for (int i = 0; i < 3; i++) {
        if (*order[i] && b.len)
            buf_puts(&b, " ");
        buf_puts(&b, order[i]);
    }
    return b.data;
}

const char *imp_join(Ctx *c, FieldType type, const ImpPiece *list, int n)
{
    Buf b;
    buf_init(&b, c->a);
    if (type != FT_REGION && type != FT_PHONE && type != FT_TEXT)
        return join_name(c, list, n);
    for (int i = 0; i < n; i++) {
        if (!*list[i].text)
            continue;
        if (type != FT_REGION && b.len)
            buf_puts(&b, type == FT_PHONE ? "、" : "\n");
        if (type == FT_TEXT && i > 0) { /* the first column is the field's own */
            buf_puts(&b, list[i].header);
            buf_puts(&b, "：");
        }
        buf_puts(&b, list[i].text);
    }
    return b.data;
}

/* ---- several phones -------------------------------------------------------------------------- */

/* The one number in a text with words around it: 13800138000（微信同号）, 王经理 010-62345678. NULL: none, or several. */
static const char *inside(Ctx *c, const char *text, const char **out_rest)
{
    const char *found = NULL, *from = NULL;
    size_t len = 0;
    for (const char *p = text; *p;) {
        size_t n = strspn(p, "0123456789+- ()"), digits = 0;
        for (size_t i = 0; i < n; i++)
            digits += p[i] >= '0'; /* the others of them stand before it */
        if (digits >= 7) {
            if (found)
                return NULL;
            while (strchr(" (-", p[n - 1])) /* it has digits */
                n--;
            found = fold_clean(c->a, arena_dup(c->a, p, n));
            from = p;
            len = n;
        }
        p += n ? n : 1;
    }
    Phone ph;
    if (!found || phone_parse(c->a, found, &ph) == PHONE_BAD)
        return NULL;
    *out_rest =
        fold_clean(c->a, arena_printf(c->a, "%.*s%s", (int)(from - text), text, from + len));
    return found;
}

const char *imp_pick_phone(Ctx *c, const char *text, bool mobile, ImpSpare *spare)
{
    int n = 0, pick = -1, first = -1;
    const char *const *part = phone_split(c->a, text, &n);
    Phone p;
    for (int i = 0; n > 1 && i < n; i++) {
        PhoneKind kind = phone_parse(c->a, part[i], &p);
        if (kind != PHONE_BAD && first < 0)
            first = i;
        if (kind == PHONE_MOBILE && mobile && pick < 0)
            pick = i;
    }
    if (pick < 0)
        pick = first;
    if (pick < 0 && n == 1 && phone_parse(c->a, part[0], &p) == PHONE_BAD) {
        const char *rest = "", *one = inside(c, fold_narrow(c->a, part[0]), &rest);
        if (one) /* the cell alone is none, so something stands beside it */
            vec_push(c->a, spare, rest);
        return one ? one : text;
    }
    if (pick < 0)
        return text; /* one number, or none: as it stands */
    for (int i = 0; i < n; i++)
        if (i != pick)
            vec_push(c->a, spare, part[i]);
    return part[pick];
}

static bool has(json_object *in, const char *name)
{
    json_object *v;
    return json_object_object_get_ex(in, name, &v) && v;
}

/* A field of its own for a number: a mobile into one for mobiles, others into one for any. */
static bool place(Ctx *c, const Entity *e, json_object *in, const Phone *p)
{
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        json_object *person;
        if (f->type == FT_PARTS && p->kind == PHONE_MOBILE &&
            json_object_object_get_ex(in, f->name, &person) && has(person, "name") &&
            !has(person, "mobile")) {
            json_object_object_add(person, "mobile", json_object_new_string(p->display));
            return true;
        }
        bool mobiles = strstr(f->name, "mobile") != NULL;
        if (f->type == FT_PHONE && imp_may_use(c, f) && mobiles == (p->kind == PHONE_MOBILE) &&
            !has(in, f->name)) {
            json_object_object_add(in, f->name, json_object_new_string(p->display));
            return true;
        }
    }
    return false;
}

static const Field *remark_of(const Ctx *c, const Entity *e)
{
    static const char *const names[] = {"remark", "description"};
    for (int i = 0; i < 2; i++) {
        const Field *f = entity_field(e, names[i]);
        if (f && f->type == FT_TEXT && imp_may_use(c, f))
            return f;
    }
    return NULL;
}

static void list(Buf *b, const char *text)
{
    if (b->len)
        buf_puts(b, "、");
    buf_puts(b, text);
}

bool imp_place_phones(Ctx *c, const Entity *e, json_object *in, bool is_new, const ImpSpare *spare)
{
    Buf lines, others[2]; /* numbers; what stood beside them */
    buf_init(&lines, c->a);
    buf_init(&others[0], c->a);
    buf_init(&others[1], c->a);
    for (size_t i = 0; i < spare->n; i++) {
        Phone p;
        bool words = phone_parse(c->a, spare->items[i], &p) == PHONE_BAD;
        if (words || !is_new || !place(c, e, in, &p))
            list(&others[words], spare->items[i]);
    }
    if (!others[0].len && !others[1].len)
        return true;
    const Field *f = remark_of(c, e);
    if (!f || (!is_new && !has(in, f->name))) /* the remark that is there stays */
        return false;
    if (has(in, f->name))
        buf_puts(&lines, json_object_get_string(json_member(in, f->name)));
    for (int i = 0; i < 2; i++) {
        const char *args[] = {others[i].data, NULL};
        if (lines.len && others[i].len)
            buf_puts(&lines, "\n");
        if (others[i].len)
            buf_puts(&lines, msg_format(c->a, c->lang,
                                        i ? "import.phone_words" : "import.other_phones", args));
    }
    json_object_object_add(in, f->name, json_object_new_string(lines.data));
    return true;
}
