/* Administrative divisions; see region.h. Reading addresses is in region_address.c. */
#include "base/region.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cp.h"
#include "base/embed.h"
#include "base/json_write.h"
#include "base/region_list.h"

static Region *regions;    /* sorted by code */
static const char **paths; /* beside regions */
static size_t n_regions;
static int heads[1024], *nexts; /* index + 1 by the first character of the name */
static Arena *keep;             /* of the list: lives as long as the process */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* --- short names ------------------------------------------------------------------------------- */

static bool cut_end(char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    if (n <= k || strcmp(s + n - k, end) != 0)
        return false;
    s[n - k] = 0;
    return true;
}

/* 延边朝鲜族自治州 → 延边: what is left without the peoples it is named after. */
static void cut_peoples(char *s)
{
    static const char *const peoples[] = {
        "壮族",   "回族",   "维吾尔", "藏族",     "蒙古族",   "蒙古",   "朝鲜族",   "土家族",
        "苗族",   "侗族",   "布依族", "彝族",     "哈尼族",   "傣族",   "白族",     "景颇族",
        "傈僳族", "羌族",   "哈萨克", "哈萨克族", "柯尔克孜", "满族",   "黎族",     "瑶族",
        "畲族",   "纳西族", "拉祜族", "佤族",     "布朗族",   "仡佬族", "水族",     "毛南族",
        "仫佬族", "土族",   "撒拉族", "保安族",   "东乡族",   "裕固族", "锡伯",     "达斡尔族",
        "塔吉克", "各族",   "普米族", "怒族",     "独龙族",   "鄂伦春", "鄂温克族", NULL};
    for (int i = 0; peoples[i]; i++) {
        size_t n = strlen(s), k = strlen(peoples[i]);
        if (n < k + 6) /* at least two characters stay */
            continue;
        if (cut_end(s, peoples[i]))
            i = -1;
    }
}

/* 深圳市 → 深圳. A name of which one character would be left stays whole. */
static const char *shorten(Arena *a, const char *name, int level)
{
    static const char *const ends[3][10] = {
        {"特别行政区", "自治区", "省", "市", NULL},
        {"自治州", "地区", "市", "盟", "县", NULL},
        {"自治县", "自治旗", "新区", "林区", "特区", "矿区", "区", "县", "市", "旗"},
    };
    char *s = arena_str(a, name);
    for (int i = 0; i < 10 && ends[level - 1][i]; i++) {
        if (!cut_end(s, ends[level - 1][i]))
            continue;
        if (!strncmp(ends[level - 1][i], "自治", strlen("自治")))
            cut_peoples(s);
        break;
    }
    return cp_count(s) >= 2 ? s : name;
}

/* --- loading ----------------------------------------------------------------------------------- */

static int by_code(const void *x, const void *y)
{
    int32_t p = ((const Region *)x)->code, q = ((const Region *)y)->code;
    return (p > q) - (p < q);
}

static bool is_filler(const char *name, int level)
{
    return level == 2 && (!strcmp(name, "市辖区") || !strcmp(name, "县") ||
                          strstr(name, "直辖县级行政区划") != NULL);
}

static void load_line(Arena *a, char *line)
{
    char *field[7];
    for (int i = 0; i < 7; i++) {
        field[i] = line;
        line += strcspn(line, ",");
        if (*line)
            *line++ = 0;
    }
    Region *r = &regions[n_regions];
    r->code = (int32_t)strtol(field[0], NULL, 10);
    r->parent = (int32_t)strtol(field[2], NULL, 10);
    r->level = (int)strtol(field[3], NULL, 10);
    if (!r->code)
        return; /* the head of the table */
    r->name = field[1];
    r->pinyin = field[4];
    r->valid_from = field[5];
    r->valid_to = field[6];
    r->is_filler = is_filler(r->name, r->level);
    r->short_name = r->is_filler ? r->name : shorten(a, r->name, r->level);
    n_regions++;
}

static size_t first_hash(const char *s)
{
    return cp_next(&s) % (sizeof heads / sizeof *heads);
}

static const Region *find(int32_t code)
{
    size_t lo = 0, hi = n_regions;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (regions[mid].code < code)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n_regions && regions[lo].code == code ? &regions[lo] : NULL;
}

/* What stands above comes first in the order of the codes, so each path grows from a ready one. */
static void load_paths(Arena *a)
{
    paths = ARENA_ARRAY(a, n_regions + 1, const char *);
    for (size_t i = 0; i < n_regions; i++) {
        const Region *r = &regions[i], *up = find(r->parent);
        const char *above = up ? paths[up - regions] : NULL;
        if (r->is_filler)
            paths[i] = above; /* that of its parent: each has one */
        else
            paths[i] = above ? arena_printf(a, "%s / %s", above, r->name) : r->name;
    }
}

static void load(void)
{
    const Embed *e = embed_find("data/regions.csv");
    Arena *a = keep = arena_new(0);
    char *text = arena_dup(a, (const char *)e->data, e->len), *next = text;
    size_t lines = 1;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    regions = ARENA_ARRAY(a, lines, Region);
    while (*next) {
        char *line = next;
        next += strcspn(next, "\n");
        while (*next == '\n')
            *next++ = 0;
        if (*line != '#')
            load_line(a, line);
    }
    qsort(regions, n_regions, sizeof *regions, by_code);
    nexts = ARENA_ARRAY(a, n_regions + 1, int);
    for (size_t i = n_regions; i-- > 0;) {
        size_t at = first_hash(regions[i].name);
        nexts[i] = heads[at];
        heads[at] = (int)i + 1;
    }
    load_paths(a);
}

const Region *region_like(const char *s, const Region *after)
{
    pthread_once(&once, load);
    if (!*s)
        return NULL;
    int i = after ? nexts[after - regions] : heads[first_hash(s)];
    return i ? &regions[i - 1] : NULL;
}

/* --- asking ------------------------------------------------------------------------------------ */

const Region *region_find(int32_t code)
{
    pthread_once(&once, load);
    return find(code);
}

bool region_valid_on(const Region *r, const char *day)
{
    return (!*r->valid_from || strcmp(r->valid_from, day) <= 0) &&
           (!*r->valid_to || strcmp(day, r->valid_to) < 0);
}

const Region *region_above(const Region *r)
{
    const Region *up = region_find(r->parent);
    return up && up->is_filler ? region_find(up->parent) : up;
}

/* All that stands below a code lies behind it, up to the next code of its level. */
static int32_t span_end(int32_t code)
{
    if (!code)
        return 1000000;
    if (code % 10000 == 0)
        return code + 10000;
    return code % 100 == 0 ? code + 100 : code + 1;
}

const Region *const *region_children(Arena *a, int32_t code, int *n)
{
    pthread_once(&once, load);
    int32_t end = span_end(code);
    const Region **out = NULL;
    int cap = 0;
    *n = 0;
    for (size_t i = 0; i < n_regions; i++) {
        const Region *r = &regions[i];
        if (r->code <= code || r->code >= end || r->is_filler)
            continue;
        const Region *up = region_above(r);
        if ((up ? up->code : 0) != code)
            continue;
        if (*n == cap) {
            cap = cap ? cap * 2 : 16;
            const Region **more = ARENA_ARRAY(a, cap, const Region *);
            if (*n)
                memcpy(more, out, (size_t)*n * sizeof *out);
            out = more;
        }
        out[(*n)++] = r;
    }
    return out;
}

bool region_within(int32_t code, int32_t ancestor)
{
    for (const Region *r = region_find(code); r; r = region_find(r->parent))
        if (r->code == ancestor)
            return true;
    return false;
}

const char *region_path_text(int32_t code)
{
    const Region *r = region_find(code);
    return r ? paths[r - regions] : "";
}

char *region_path(Arena *a, int32_t code)
{
    return arena_str(a, region_path_text(code));
}

static void put_tree(Jw *w, const Region *const *list, int n, Arena *a)
{
    jw_arr(w);
    for (int i = 0; i < n; i++) {
        if (*list[i]->valid_to)
            continue;
        int below;
        const Region *const *next = region_children(a, list[i]->code, &below);
        jw_arr(w);
        jw_int(w, list[i]->code);
        jw_str(w, list[i]->name);
        if (below)
            put_tree(w, next, below, a);
        jw_end(w);
    }
    jw_end(w);
}

char *region_tree_json(Arena *a)
{
    Arena *step = arena_child(a);
    Buf b;
    Jw w;
    int n;
    buf_init(&b, a);
    jw_init(&w, &b);
    const Region *const *top = region_children(step, 0, &n);
    put_tree(&w, top, n, step);
    arena_free(step);
    return b.data;
}
