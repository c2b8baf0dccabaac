/* The match key of a company's name; see name_key.h. */
#include "base/name_key.h"

#include <string.h>

#include "base/buf.h"
#include "base/cp.h"
#include "base/fold.h"
#include "base/region.h"

/* 1 and 2 in the prepared text stand for an opening and a closing bracket. */
enum { OPEN = 1, CLOSE = 2 };

static bool keeps(uint32_t cp)
{
    return (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') ||
           (cp >= 0xC0 && cp != 0xD7 && cp != 0xF7 && !(cp >= 0x2000 && cp <= 0x2BFF) &&
            !(cp >= 0x3000 && cp <= 0x3004) && !(cp >= 0x3008 && cp <= 0x303F) && cp != 0x30FB &&
            !(cp >= 0xFE00 && cp <= 0xFFEF) && !(cp >= 0x02B0 && cp <= 0x036F) && cp != 0xFFFD);
}

/* Folded, brackets unified, without punctuation; Latin words stay apart by one blank. */
static char *prepare(Arena *a, const char *name)
{
    const char *s = fold_text(a, name);
    char *out = arena_alloc(a, strlen(s) + 1), *w = out;
    while (*s) {
        const char *from = s;
        uint32_t cp = cp_next(&s);
        bool open = cp == '(' || cp == '[' || cp == '{' || cp == '<' || cp == 0x3010 ||
                    cp == 0x3014 || cp == 0x300A || cp == 0x3008;
        bool close = cp == ')' || cp == ']' || cp == '}' || cp == '>' || cp == 0x3011 ||
                     cp == 0x3015 || cp == 0x300B || cp == 0x3009;
        if (open || close) {
            *w++ = open ? OPEN : CLOSE;
        } else if (keeps(cp)) {
            memcpy(w, from, (size_t)(s - from));
            w += s - from;
        } else if (cp == '.' || cp == '\'' || cp == 0x2019) {
            continue; /* L.L.C., O'Neill: one word */
        } else if (w > out && w[-1] != ' ') {
            *w++ = ' ';
        }
    }
    *w = 0;
    return out;
}

static void cut_blanks(char *s)
{
    size_t n = strlen(s);
    while (n && s[n - 1] == ' ')
        s[--n] = 0;
}

/* Cuts `end` off; Latin forms only as whole words. At least something of a name stays. */
static bool cut_form(char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    if (n <= k || strcmp(s + n - k, end) != 0)
        return false;
    unsigned char before = (unsigned char)s[n - k - 1];
    bool latin = (unsigned char)*end < 0x80;
    if (latin && before != ' ' && before < 0x80)
        return false;
    s[n - k] = 0;
    cut_blanks(s);
    return true;
}

static void cut_forms(char *s)
{
    static const char *const forms[] = {"有限责任公司",
                                        "责任有限公司",
                                        "股份有限公司",
                                        "股份公司",
                                        "有限公司",
                                        "总公司",
                                        "集团公司",
                                        "集团",
                                        "股份",
                                        "有限合伙",
                                        "普通合伙",
                                        "特殊普通合伙",
                                        "合伙企业",
                                        "个人独资企业",
                                        "co ltd",
                                        "co limited",
                                        "company limited",
                                        "limited",
                                        "ltd",
                                        "co",
                                        "company",
                                        "corporation",
                                        "corp",
                                        "incorporated",
                                        "inc",
                                        "llc",
                                        "llp",
                                        "plc",
                                        "gmbh",
                                        "ag",
                                        "group",
                                        "holdings",
                                        "pte",
                                        "pty",
                                        NULL};
    cut_blanks(s);
    for (int i = 0; forms[i]; i++)
        if (!strcmp(s, forms[i]))
            return; /* nothing but a legal form: better that than an empty key */
    for (int i = 0; forms[i]; i++)
        if (cut_form(s, forms[i]))
            i = -1;
    size_t n = strlen(s), gs = strlen("公司"), branch = strlen("分公司");
    bool is_branch = (n >= branch && !strcmp(s + n - branch, "分公司")) ||
                     (n >= strlen("子公司") && !strcmp(s + n - strlen("子公司"), "子公司"));
    if (!is_branch && n > gs)
        cut_form(s, "公司");
}

/* Puts what stands in brackets and is nothing but a region ("深圳", "中国") to the front. */
static char *move_regions(Arena *a, const char *s)
{
    Buf front, rest;
    buf_init(&front, a);
    buf_init(&rest, a);
    while (*s) {
        const char *close = *s == OPEN ? strchr(s, CLOSE) : NULL;
        if (!close) {
            buf_putc(&rest, *s == OPEN || *s == CLOSE ? ' ' : *s);
            s++;
            continue;
        }
        char *inner = arena_dup(a, s + 1, (size_t)(close - s - 1));
        const Region *r;
        size_t n = region_prefix(inner, &r);
        bool is_region =
            (n && !inner[n]) || !strcmp(inner, "中国") || region_find_path(a, inner) != 0;
        bool to_front = is_region && rest.len;
        buf_printf(to_front ? &front : &rest, to_front ? "%s" : " %s ", inner);
        s = close + 1;
    }
    buf_puts(&front, rest.data);
    return front.data;
}

/* Short names of the regions a name begins with, then the rest. */
static char *shorten_regions(Arena *a, const char *s)
{
    Buf b;
    buf_init(&b, a);
    for (int level = 0; level < 3; level++) {
        const Region *r;
        size_t n = region_prefix(s, &r);
        if (!n || !s[n])
            break;
        buf_puts(&b, r->short_name);
        s += n;
    }
    buf_puts(&b, s);
    return b.data;
}

static void drop_blanks(char *s)
{
    char *w = s;
    for (const char *r = s; *r; r++)
        if (*r != ' ')
            *w++ = *r;
    *w = 0;
}

char *name_key(Arena *a, const char *name)
{
    char *s = move_regions(a, prepare(a, name));
    s += strspn(s, " ");
    cut_forms(s);
    drop_blanks(s);
    return shorten_regions(a, s);
}
