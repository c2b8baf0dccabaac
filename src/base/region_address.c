/*
 * Reading the regions an address starts with. At each level the candidates are the regions whose
 * full or short name stands there; the longest reading that gets furthest down wins, and what two
 * places share (朝阳区) counts only below a parent that was read.
 */
#include <string.h>

#include "base/cp.h"
#include "base/fold.h"
#include "base/region_list.h"

/* What has been read so far. */
typedef struct Reading {
    const Region *region;
    const char *rest;
    int levels;
    bool torn; /* two regions fit equally well */
} Reading;

static bool starts(const char *s, const char *with, size_t n)
{
    return !strncmp(s, with, n);
}

/* May a short name end here? Not in front of what would make it another name: 北京路, 朝阳区. */
static bool short_may_end(const char *s)
{
    static const char *const no[] = {"省", "市", "区", "县",   "州",   "盟", "旗",
                                     "路", "街", "道", "大道", "大街", "巷", "弄",
                                     "村", "镇", "乡", "庄",   "桥",   "站", NULL};
    for (int i = 0; no[i]; i++)
        if (starts(s, no[i], strlen(no[i])))
            return false;
    return true;
}

/* A county that became a city or district, a city that became a district: 萧山市 is 萧山区 today. */
static bool was_raised(const char *now, const char *then)
{
    bool district = strcmp(now, "区") == 0;
    return (starts(then, "县", strlen("县")) && (district || strcmp(now, "市") == 0)) ||
           (starts(then, "市", strlen("市")) && district);
}

/* Bytes of what stands behind the short name of an autonomous place when it is said briefly, or 0: 延边州, 广西自治区, 宽甸县. */
static size_t autonomous(const Region *r, const char *behind)
{
    static const struct {
        int level;
        const char *brief, *full;
    } forms[] = {
        {1, "自治区", "自治区"}, {2, "州", "自治州"}, {3, "县", "自治县"}, {3, "旗", "自治旗"}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (r->level == forms[i].level && starts(behind, forms[i].brief, strlen(forms[i].brief)) &&
            strstr(r->name, forms[i].full))
            return strlen(forms[i].brief);
    return 0;
}

/* Bytes of r's name at the start of s, or 0. of_before: names it had before count, too. */
static size_t match_name(const Region *r, const char *s, bool of_before)
{
    size_t n = strlen(r->name);
    if (starts(s, r->name, n))
        return n;
    size_t k = strlen(r->short_name);
    if (k == n || !starts(s, r->short_name, k))
        return 0;
    size_t form = autonomous(r, s + k);
    if (form)
        return k + form;
    if (of_before && r->level == 3 && was_raised(r->name + k, s + k))
        return k + strlen("市");
    return short_may_end(s + k) ? k : 0;
}

/* Behind blanks, slashes, dashes and commas; the wide ones are narrow here. */
static const char *skip_gap(const char *s)
{
    while (*s) {
        const char *from = s;
        uint32_t cp = cp_next(&s);
        if (!fold_is_blank(cp) && cp != '/' && cp != '-' && cp != ',' && cp != '>' &&
            cp != 0x3001 && cp != 0xB7)
            return from;
    }
    return s;
}

/* Is r, of a lower level, below `top` with no more than one level left out? NULL: anywhere. */
static bool is_below(const Region *r, const Region *top)
{
    if (!top)
        return true;
    const Region *up = region_above(r);
    return up == top || region_above(up) == top;
}

static Reading read_below(const Region *top, const char *s);

/* Takes r, whose name has n bytes, goes on below it, and keeps the better reading in best. */
static void try_region(const Region *r, const char *s, size_t n, Reading *best)
{
    Reading next = {.region = r, .rest = s + n, .levels = 1};
    Reading deeper = r->level < 3 ? read_below(r, skip_gap(s + n)) : (Reading){0};
    if (deeper.region && !deeper.torn)
        next = (Reading){.region = deeper.region, .rest = deeper.rest, .levels = 1 + deeper.levels};
    bool better = !best->region || next.levels > best->levels ||
                  (next.levels == best->levels && next.rest > best->rest);
    bool same = best->region && next.levels == best->levels && next.rest == best->rest;
    /* At the same place a province is meant before a city, a city before a county. */
    if (same && next.region->level < best->region->level)
        better = true;
    if (better)
        *best = next;
    else if (same && next.region->level == best->region->level && next.region != best->region)
        best->torn = true;
}

/* 青岛市南区 is 青岛 and 市南区: the full name took a letter of the next one. Only where that reads further. */
static void try_shorter(const Region *r, const char *s, size_t len, Reading *best)
{
    if (r->level == 3 || len != strlen(r->name))
        return;
    Reading deeper = read_below(r, s + strlen(r->short_name));
    if (deeper.region && !deeper.torn && 1 + deeper.levels > best->levels)
        *best =
            (Reading){.region = deeper.region, .rest = deeper.rest, .levels = 1 + deeper.levels};
}

static void read_names(const Region *top, const char *s, bool of_before, Reading *best)
{
    for (const Region *r = NULL; (r = region_like(s, r)) != NULL;) {
        if (r->is_filler || (top && r->level <= top->level) || !is_below(r, top))
            continue;
        size_t len = match_name(r, s, of_before);
        if (!len)
            continue;
        /* A county without any parent: only by its full name, or a county-level city. */
        if (!top && r->level == 3 && len < strlen(r->name) && !strstr(r->name, "市"))
            continue;
        try_region(r, s, len, best);
        try_shorter(r, s, len, best);
    }
}

static Reading read_below(const Region *top, const char *s)
{
    Reading best = {0};
    read_names(top, s, false, &best);
    if (!best.region && top) /* 临夏县 and 临夏市 are both there: what stands today goes first */
        read_names(top, s, true, &best);
    return best;
}

bool region_parse_address(Arena *a, const char *address, int32_t *out_code, const char **out_rest)
{
    static const char *const country[] = {"中华人民共和国", "中国", NULL};
    char *text = fold_clean(a, fold_narrow(a, address));
    const char *s = text;
    for (int i = 0; country[i]; i++)
        if (starts(s, country[i], strlen(country[i])))
            s = skip_gap(s + strlen(country[i]));
    Reading r = read_below(NULL, s);
    if (!r.region || r.torn) {
        *out_code = 0;
        *out_rest = text;
        return false;
    }
    *out_code = r.region->code;
    *out_rest = skip_gap(r.rest);
    return true;
}

int32_t region_find_path(Arena *a, const char *path)
{
    int32_t code;
    const char *rest;
    return region_parse_address(a, path, &code, &rest) && !*rest ? code : 0;
}

size_t region_prefix(const char *s, const Region **out)
{
    size_t best = 0;
    for (const Region *r = NULL; (r = region_like(s, r)) != NULL;) {
        if (r->is_filler || (r->level == 3 && !strstr(r->name, "市")))
            continue;
        size_t len = strlen(r->name);
        if (!starts(s, r->name, len)) {
            len = strlen(r->short_name);
            if (!starts(s, r->short_name, len))
                continue;
        }
        if (len > best) {
            best = len;
            *out = r;
        }
    }
    return best;
}
