/*
 * Administrative divisions: codes, names, paths, and reading an address. The list is
 * data/regions.csv, built in; it is read once, at first use, and any thread may ask.
 *
 * The statistical list has rows at the level of cities that nobody speaks of (市辖区, 县,
 * 省直辖县级行政区划). They can be found by code, but paths, children and the tree leave them out:
 * 朝阳区 is shown right under 北京市.
 */
#ifndef BASE_REGION_H
#define BASE_REGION_H

#include "base/arena.h"

typedef struct Region {
    int32_t code;     /* six digits, e.g. 440305 */
    int32_t parent;   /* 0 at level 1 */
    int level;        /* 1 province, 2 city, 3 county */
    bool is_filler;   /* one of the rows that are left out */
    const char *name; /* "南山区" */
    const char
        *short_name; /* "南山": without 省, 市, 区, 自治州 …; the name where that is too short */
    const char *pinyin;                /* "nanshanqu" */
    const char *valid_from, *valid_to; /* days, "" = not limited */
} Region;

/* The region of a code, or NULL. */
const Region *region_find(int32_t code);
/* Is the code in force on a day ("YYYY-MM-DD")? */
bool region_valid_on(const Region *r, const char *day);
/* What stands right below a code (0: the provinces), in the order of the codes. */
const Region *const *region_children(Arena *a, int32_t code, int *n);
/* Is code the same as ancestor, or below it? */
bool region_within(int32_t code, int32_t ancestor);
/* "广东省 / 深圳市 / 南山区"; "" for a code nobody knows. */
char *region_path(Arena *a, int32_t code);
/* The same without a copy; lives as long as the process. */
const char *region_path_text(int32_t code);

/*
 * Reads the regions an address starts with: full or short names, the province or the city left
 * out, blanks and slashes between. out_code is the lowest that is certain, out_rest what follows.
 * false (out_code 0, out_rest all of it) where nothing is certain: 朝阳区 alone exists twice.
 */
bool region_parse_address(Arena *a, const char *address, int32_t *out_code, const char **out_rest);
/* The code of a path that is nothing but regions ("广东省/深圳市", "重庆渝中"), or 0. */
int32_t region_find_path(Arena *a, const char *path);

/* The whole tree for the page: [[110000,"北京市",[[110101,"东城区"],…]],…]. Codes that are no longer
   valid are left out. */
char *region_tree_json(Arena *a);

/* The bytes at the start of s that name a province, or a city (also of county level), full or
   short; 0 where it starts with none. *out is that region. For name_key: no context is needed. */
size_t region_prefix(const char *s, const Region **out);

#endif
