/*
 * Which column is which field. A header is known by label, code or synonym (entity files), also behind
 * stars, brackets, units and words that say nothing (公司电话, 地址信息); near misses are found by edit
 * distance and by what the header ends with, and carry a lower score. The best column gets a field; only
 * what is sure enough (IMP_SURE) is mapped, the rest is a suggestion. Contents are never guessed from.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fold.h"
#include "base/msg.h"
#include "base/map.h"
#include "base/utf8.h"
#include "record/import/impl.h"

/* ---- fields --------------------------------------------------------------------------------- */

bool imp_may_use(const Ctx *c, const Field *f)
{
    bool masked;
    if (f->hidden || f->retired || f->type == FT_FILE || f->type == FT_FILES ||
        f->type == FT_IMAGE || (f->type == FT_LINK_MANY && !f->to))
        return false;
    if (f->index == STD_ID)
        return true;
    if (f->type == FT_NUMBER)
        return true;
    if (f->standard && f->entity->standard)
        return f->index == STD_OWNER || f->index == STD_CREATED_AT || f->index == STD_EXT_SOURCE ||
               f->index == STD_EXT_ID;
    return !f->readonly && access_field(c, f, &masked) == FR_EDIT;
}

static json_object *parts_of(Ctx *c, const Field *f)
{
    json_object *o = NULL;
    int before = c->n_err;
    if (!f->parts_json || !json_read(c, f->parts_json, strlen(f->parts_json), &o))
        ctx_errors_back_to(c, before);
    return o;
}

const Field *imp_field(const Ctx *c, const Entity *e, const char *path, const char **out_part)
{
    const char *part = NULL;
    const Field *f;
    if (strcmp(path, "address") == 0) {
        f = entity_field(e, "region");
        return f && entity_field(e, "address_detail") && imp_may_use(c, f) ? f : NULL;
    }
    const char *dot = strchr(path, '.');
    if (dot) {
        f = entity_field(e, arena_dup(c->a, path, (size_t)(dot - path)));
        part = dot + 1;
        if (!f || f->type != FT_PARTS || !f->parts_json ||
            !strstr(f->parts_json, arena_printf(c->a, "\"%s\"", part)))
            return NULL;
    } else {
        f = entity_field(e, path);
        if (f && f->type == FT_PARTS)
            return NULL;
    }
    if (out_part)
        *out_part = part;
    return f && imp_may_use(c, f) ? f : NULL;
}

bool imp_may_share(const Ctx *c, const Entity *e, const char *path, const char *one,
                   const char *other)
{
    const char *part = NULL;
    const Field *f = imp_field(c, e, path, &part);
    if (!f || strcmp(path, "address") == 0)
        return false;
    int a = imp_name_piece(c->a, one), b = imp_name_piece(c->a, other);
    return f->type == FT_REGION || f->type == FT_PHONE || f->type == FT_TEXT || (a && b && a != b);
}

/* ---- what an entity's columns may be called -------------------------------------------------- */

typedef struct Word {
    const char *norm, *path;
    const Field *f;
    int score, order; /* order: of equals the first word of the list is the stronger */
    int next;         /* another word of the same text, or -1 */
} Word;

struct ImpWords {
    const Entity *e;
    VEC(Word) list;
    Map by;                   /* norm → index + 1 */
    VEC(const char *) entity; /* what the entity itself is called, and its title: 客户, 公司 */
    const Field *parts[8];    /* fields with parts */
    json_object *parts_of[8];
    int n_parts;
};

static void add(Ctx *c, ImpWords *w, const char *text, const char *path, const Field *f, int score)
{
    char *text_norm = text ? imp_norm_open(c->a, text) : NULL;
    if (!text_norm || !*text_norm)
        return;
    int at = (int)w->list.n;
    intptr_t before = (intptr_t)map_get(&w->by, text_norm);
    for (int i = (int)before - 1; i >= 0; i = w->list.items[i].next)
        if (strcmp(w->list.items[i].path, path) == 0)
            return; /* the stronger one came first */
    vec_push(c->a, &w->list, (Word){text_norm, path, f, score, at, (int)before - 1});
    (void)map_put(&w->by, text_norm, (void *)(intptr_t)(at + 1));
}

static void add_synonyms(Ctx *c, ImpWords *w, const char *synonyms, const char *path,
                         const Field *f, const char *tail, int score)
{
    for (const char *p = synonyms; p && *p;) {
        size_t n = strcspn(p, "|");
        add(c, w, arena_printf(c->a, "%.*s%s", (int)n, p, tail), path, f, score);
        p += n + (p[n] == '|');
    }
}

/* One part: "主要联系人姓名", "联系人/手机", "联系人电话". Alone it counts beside the person only, see assign_parts. */
static void add_part(Ctx *c, ImpWords *w, const Field *f, const char *name, json_object *part)
{
    json_object *label = json_member(part, "label");
    const char *zh = label ? json_str(label, "zh", name) : name,
               *en = label ? json_str(label, "en", name) : name,
               *more = json_str(part, "synonyms", NULL);
    const char *path = arena_printf(c->a, "%s.%s", f->name, name);
    add(c, w, path, path, f, 100);
    add(c, w, arena_printf(c->a, "%s%s", f->label.zh, zh), path, f, 100);
    add(c, w, arena_printf(c->a, "%s %s", f->label.en, en), path, f, 100);
    add_synonyms(c, w, f->synonyms, path, f, zh, 90);
    for (const char *p = more; p && *p;) {
        size_t n = strcspn(p, "|");
        add_synonyms(c, w, f->synonyms, path, f, arena_dup(c->a, p, n), 85);
        p += n + (p[n] == '|');
    }
    if (strcmp(name, "name") == 0) {
        add(c, w, f->label.zh, path, f, 90);
        add(c, w, f->label.en, path, f, 90);
        add_synonyms(c, w, f->synonyms, path, f, "", 90);
    }
}

static void add_parts(Ctx *c, ImpWords *w, const Field *f)
{
    json_object *parts = parts_of(c, f);
    if (!parts || w->n_parts == 8)
        return;
    w->parts[w->n_parts] = f;
    w->parts_of[w->n_parts++] = parts;
    json_object_object_foreach(parts, name, part) add_part(c, w, f, name, part);
}

ImpWords *imp_words(Ctx *c, const Entity *e)
{
    ImpWords *w = ARENA_NEW(c->a, ImpWords);
    w->e = e;
    map_init(&w->by, c->a);
    for (int level = 0; level < 3; level++) /* labels of all fields before the synonyms of any */
        for (int i = 0; i < e->n_fields; i++) {
            const Field *f = &e->fields[i];
            bool std = f->standard; /* 负责人 of a department is its head before it is the owner */
            if (!imp_may_use(c, f))
                continue;
            if (f->index == STD_ID) { /* other systems have ids, too: ours has a name of its own */
                if (level == 0) {
                    add(c, w, msg_text("zh", "export.id"), f->name, f, 100);
                    add(c, w, msg_text("en", "export.id"), f->name, f, 100);
                }
                continue;
            }
            if (f->type == FT_PARTS) {
                if (level == 0)
                    add_parts(c, w, f);
            } else if (level == 0) {
                add(c, w, f->label.zh, f->name, f, std ? 89 : 100);
                add(c, w, f->label.en, f->name, f, std ? 89 : 100);
            } else if (level == 1) {
                add(c, w, f->name, f->name, f, std ? 89 : 95);
            } else {
                add_synonyms(c, w, f->synonyms, f->name, f, "", std ? 85 : 90);
            }
        }
    if (imp_field(c, e, "address", NULL))
        add(c, w, "address", "address", entity_field(e, "region"), 95);
    vec_push(c->a, &w->entity, imp_norm(c->a, e->label.zh));
    vec_push(c->a, &w->entity, imp_norm(c->a, e->label.en));
    for (size_t i = 0; i < w->list.n; i++)
        if (w->list.items[i].f == e->title)
            vec_push(c->a, &w->entity, w->list.items[i].norm);
    return w;
}

/* ---- one header ------------------------------------------------------------------------------ */

typedef struct Candidate {
    int col, word, score, order;
} Candidate;

typedef struct Candidates {
    VEC(Candidate) list;
} Candidates;

static int find(const ImpWords *w, const char *text)
{
    return *text ? (int)(intptr_t)map_get(&w->by, text) - 1 : -1;
}

/* The words that are this text, at most `most` percent sure. Were there any? */
static bool offer(Ctx *c, const ImpWords *w, int col, const char *text, int most, Candidates *out)
{
    int i = find(w, text);
    bool any = i >= 0;
    for (; i >= 0; i = w->list.items[i].next) {
        int score = w->list.items[i].score;
        vec_push(c->a, &out->list,
                 (Candidate){col, i, score < most ? score : most, w->list.items[i].order});
    }
    return any;
}

/* "客户地址" on a sheet of customers is 地址; so is "详细地址信息". */
static char *bare(Ctx *c, const ImpWords *w, const char *text)
{
    static const char *const fronts[] = {"请填写", "填写", "请输入", "所属", "所在", "目前", "当前",
                                         "现",     "主要", "您的",   "我的", "your", "the"};
    static const char *const backs[] = {"信息", "情况", "一栏", "栏", "万元", "人民币", "元",
                                        "rmb",  "cny",  "如有", "一", "1",    "01"};
    char *s = arena_str(c->a, text);
    for (int round = 0; round < 2; round++) {
        imp_strip(&s, w->entity.items, w->entity.n, true, false);
        imp_strip(&s, fronts, sizeof fronts / sizeof *fronts, true, false);
        imp_strip(&s, backs, sizeof backs / sizeof *backs, false, true);
    }
    return s;
}

/* Does a group say nothing of its own: "基本信息", "联系方式", "客户资料"? */
static bool neutral(const ImpWords *w, const char *group)
{
    static const char *const tails[] = {"信息", "资料", "情况", "方式", "内容",
                                        "其他", "明细", "概况", "数据", "其它"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        if (imp_ends(group, tails[i]) || strcmp(group, tails[i]) == 0)
            return true;
    for (size_t i = 0; i < w->entity.n; i++)
        if (strcmp(group, w->entity.items[i]) == 0)
            return true;
    return false;
}

/* "联系人/姓名" of a header of two rows, "手机/电话" of one. */
static bool offer_slash(Ctx *c, const ImpWords *w, int col, const char *text, Candidates *out)
{
    const char *slash = strrchr(text, '/');
    if (!slash || !slash[1] || slash == text)
        return false;
    const char *first = arena_dup(c->a, text, (size_t)(slash - text)), *last = slash + 1;
    char *flat = arena_str(c->a, text), *to = flat;
    for (const char *p = text; *p; p++)
        if (*p != '/')
            *to++ = *p;
    *to = 0;
    if (offer(c, w, col, flat, 100, out))
        return true;
    int a = find(w, first), b = find(w, last);
    if (a >= 0 && b >= 0 && strcmp(w->list.items[a].path, w->list.items[b].path) == 0)
        return offer(c, w, col, last, 88, out); /* two words for one thing */
    int most = neutral(w, first) ? 84 : 76;
    return offer(c, w, col, last, most, out) || offer(c, w, col, bare(c, w, last), most - 2, out) ||
           offer(c, w, col, first, 70, out);
}

static bool offer_header(Ctx *c, const ImpWords *w, int col, const char *header, Candidates *out)
{
    const char *whole = imp_norm_open(c->a, header), *named = imp_norm(c->a, header);
    if (offer(c, w, col, whole, 100, out))
        return true;
    if (strcmp(whole, named) != 0 && offer(c, w, col, named, 100, out))
        return true;
    if (offer_slash(c, w, col, named, out))
        return true;
    if (offer(c, w, col, bare(c, w, named), 82, out))
        return true;
    static const char *const seconds[] = {"2", "3", "4", "5", "02", "03", "二", "三", "四"};
    char *one = arena_str(c->a, named); /* 电话2, 备注二 */
    imp_strip(&one, seconds, sizeof seconds / sizeof *seconds, false, true);
    int i = strcmp(one, named) != 0 ? find(w, one) : -1;
    bool list =
        i >= 0 && (w->list.items[i].f->type == FT_PHONE || w->list.items[i].f->type == FT_TEXT);
    return list && offer(c, w, col, one, 78, out);
}

/* ---- near misses ----------------------------------------------------------------------------- */

enum { NEAR_MOST = 40 };

static int points(const char *s, int32_t out[NEAR_MOST])
{
    const char *end = s + strlen(s);
    int n = 0;
    while (*s && n < NEAR_MOST)
        out[n++] = utf8_next(&s, end);
    return *s ? NEAR_MOST + 1 : n;
}

/* One letter more, less or other, or two that changed places. *first: where; n < m tells of one more. */
static bool one_apart(const int32_t *a, int n, const int32_t *b, int m, int *first)
{
    if (n > m)
        return one_apart(b, m, a, n, first);
    int i = 0;
    while (i < n && a[i] == b[i])
        i++;
    *first = i;
    if (m - n > 1)
        return false;
    if (n == m && i + 1 < n && a[i] == b[i + 1] && a[i + 1] == b[i] &&
        memcmp(a + i + 2, b + i + 2, (size_t)(n - i - 2) * sizeof *a) == 0)
        return true;
    int k = n == m ? i + 1 : i;
    return i == n || memcmp(a + k, b + i + 1, (size_t)(n - k) * sizeof *a) == 0;
}

/*
 * A slip of the pen in a long name is sure enough to be mapped. In a short Chinese one a letter is a
 * word (网址, 地址; 子公司名称), and what a header ends with (开票电话) may be another thing: suggested only.
 */
static void offer_near(Ctx *c, const ImpWords *w, int col, const char *header, Candidates *out)
{
    const char *text = imp_norm(c->a, header);
    int32_t a[NEAR_MOST], b[NEAR_MOST];
    int n = points(text, a), first;
    if (n < 3 || n > NEAR_MOST)
        return;
    for (size_t i = 0; i < w->list.n; i++) {
        const Word *word = &w->list.items[i];
        int m = points(word->norm, b), score = 0;
        if (m > NEAR_MOST || m < 2 || word->f->type == FT_NUMBER)
            continue;
        bool latin = b[0] < 128;
        int least = latin ? 6 : 4;
        if (m >= least && n >= least && one_apart(a, n, b, m, &first))
            score = latin || (n != m ? first > 0 : n > 4) ? 76 : 70;
        else if (!latin && n > m && imp_ends(text, word->norm) && word->f->type != FT_LINK)
            score = 40 + 25 * m / n;
        if (score)
            vec_push(c->a, &out->list, (Candidate){col, (int)i, score, word->order});
    }
}

/* ---- all headers ----------------------------------------------------------------------------- */

bool imp_taken(const ImpColumn *cols, int n, const char *path)
{
    for (int i = 0; i < n; i++)
        if (cols[i].guess && strcmp(cols[i].guess, path) == 0)
            return true;
    return false;
}

static int by_score(const void *x, const void *y)
{
    const Candidate *a = x, *b = y;
    if (a->score != b->score)
        return b->score - a->score;
    return a->order != b->order ? a->order - b->order : a->col - b->col;
}

static void give(ImpColumn *col, const char *path, int score)
{
    col->guess = path;
    col->score = score;
}

/* The header of the column that has the field; NULL: nobody has. */
static const char *holder(const ImpColumn *cols, int n, const char *path)
{
    for (int i = 0; i < n; i++)
        if (cols[i].guess && strcmp(cols[i].guess, path) == 0)
            return cols[i].header;
    return NULL;
}

/* The best column for each field; then, where several may fill one, the others. */
static void assign_best(Ctx *c, const ImpWords *w, ImpColumn *cols, int n, const Candidates *all,
                        bool shared)
{
    for (size_t i = 0; i < all->list.n; i++) {
        const Candidate *x = &all->list.items[i];
        const Word *word = &w->list.items[x->word];
        ImpColumn *col = &cols[x->col];
        if (col->guess)
            continue;
        const char *other = holder(cols, n, word->path);
        bool list = word->f->type == FT_PHONE || word->f->type == FT_TEXT;
        if (!other)
            give(col, word->path, x->score);
        else if (list ? shared && x->score >= IMP_SURE
                      : imp_may_share(c, w->e, word->path, other, col->header))
            give(col, word->path, list && x->score > 78 ? 78 : x->score);
    }
}

/* 姓名, 手机 or 职务 alone belong to the person where another column is the customer's name or the person's. */
static void assign_parts(Ctx *c, const ImpWords *w, ImpColumn *cols, int n)
{
    for (int k = 0; k < w->n_parts; k++) {
        const char *field = w->parts[k]->name;
        json_object_object_foreach(w->parts_of[k], name, part)
        {
            bool is_name = strcmp(name, "name") == 0;
            const char *path = arena_printf(c->a, "%s.%s", field, name);
            bool beside = is_name ? imp_taken(cols, n, w->e->title->name)
                                  : imp_taken(cols, n, arena_printf(c->a, "%s.name", field));
            json_object *label = json_member(part, "label");
            const char *words = arena_printf(
                c->a, "%s|%s|%s", label ? json_str(label, "zh", name) : name,
                label ? json_str(label, "en", name) : name, json_str(part, "synonyms", ""));
            for (int i = 0; i < n; i++) {
                const char *text = cols[i].guess ? "" : imp_norm(c->a, cols[i].header);
                bool is = false;
                for (const char *p = words; *text && *p && !is;) {
                    size_t len = strcspn(p, "|");
                    is = strcmp(imp_norm(c->a, arena_dup(c->a, p, len)), text) == 0;
                    p += len + (p[len] == '|');
                }
                if (!is || imp_taken(cols, n, path))
                    continue;
                if (beside)
                    give(&cols[i], path, 85);
                else if (is_name && !imp_taken(cols, n, w->e->title->name))
                    give(&cols[i], w->e->title->name, IMP_SURE); /* a list of people */
            }
        }
    }
}

int imp_assign(Ctx *c, const ImpWords *w, ImpColumn *cols, int n, bool fuzzy)
{
    Candidates all = {0};
    int sure = 0;
    for (int i = 0; i < n; i++) {
        cols[i].guess = NULL;
        cols[i].score = 0;
        if (!cols[i].header[0])
            continue;
        if (!offer_header(c, w, i, cols[i].header, &all) && fuzzy)
            offer_near(c, w, i, cols[i].header, &all);
    }
    if (all.list.n)
        qsort(all.list.items, all.list.n, sizeof *all.list.items, by_score);
    assign_best(c, w, cols, n, &all, false);
    assign_parts(c, w, cols, n);
    assign_best(c, w, cols, n, &all, true);
    if (imp_field(c, w->e, "address", NULL) && !imp_taken(cols, n, "region") &&
        !imp_taken(cols, n, "address"))
        for (int i = 0; i < n; i++)
            if (cols[i].guess && strcmp(cols[i].guess, "address_detail") == 0)
                cols[i].guess = "address"; /* one column for all of it */
    for (int i = 0; i < n; i++)
        sure += cols[i].guess && cols[i].score >= IMP_SURE;
    return sure;
}

void imp_guess(Ctx *c, const Entity *e, ImpSheet *s)
{
    (void)imp_assign(c, imp_words(c, e), s->columns, s->n_columns, true);
    for (int i = 0; i < s->n_columns; i++) {
        ImpColumn *col = &s->columns[i];
        col->field = col->score >= IMP_SURE ? col->guess : NULL;
        col->values = NULL;
        col->dates = NULL;
    }
}
