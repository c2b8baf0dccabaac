/*
 * The person's name in a contact block: how much a text looks like one, and which of the candidates it is.
 * Chinese names by surname and length, with honorific or title behind; English ones by capitals.
 */
#include "base/cp.h"
#include "base/region.h"
#include "domain/customer/contact_block_impl.h"

/* Byte length of the first `chars` code points. */
static size_t head(const char *s, size_t n, size_t chars)
{
    size_t i = 0;
    while (i < n && chars-- > 0)
        i += scan_cp_len(s[i]);
    return i < n ? i : n;
}

/* A bare name of Han characters: 60 compound surname, 55 three characters, 50 two, 15 four; 0 none. */
static int bare(const Scan *b, const char *s, size_t n)
{
    size_t chars = scan_han(s, n, false), surname = words_start(WORDS_SURNAME, s, n);
    const Region *r;
    if (chars < 2 || chars > 4 || !surname || surname >= n || words_start(WORDS_COMMON, s, n) ||
        words_has(WORDS_TITLE, s, n) || words_has(WORDS_DEPARTMENT, s, n) ||
        words_end(WORDS_TITLE_END, s, n) || words_end(WORDS_COMPANY, s, n) ||
        words_label(s, n) != WORDS__COUNT)
        return 0;
    size_t k = region_prefix(arena_dup(b->a, s, n), &r);
    if (k == n || region_find_path(b->a, arena_dup(b->a, s, n)))
        return chars <= 3 && !words_end(WORDS_ADDRESS, s, n) ? 22 : 0; /* 邵阳: also a place */
    if (surname >= 2 * strlen("王"))
        return 60;
    if (chars > 3)
        return 15;
    return chars == 3 ? 55 : 50;
}

int name_score(const Scan *b, Span t, size_t *name_n)
{
    const char *s = b->s + t.from;
    size_t n = t.to - t.from, chars = scan_han(s, n, true), dot = 0;
    *name_n = n;
    for (size_t i = 0; i + 1 < n; i++)
        if (strncmp(s + i, "·", strlen("·")) == 0)
            dot = i;
    if (dot)
        return chars >= 4 && chars <= 16 && dot >= strlen("古") * 2 && n - dot > strlen("·") + 3
                   ? 62
                   : 0;
    if (!chars || chars > 8)
        return 0;
    size_t surname = words_start(WORDS_SURNAME, s, n), hon = words_end(WORDS_HONORIFIC, s, n);
    if (surname && hon && surname + hon == n && !words_has(WORDS_TITLE, s, n) &&
        !words_has(WORDS_COMMON, s, n))
        return 57; /* 张总: all of it */
    int whole = bare(b, s, n);
    if (hon && hon < n && !(whole >= 50 && chars <= 3)) { /* 李强总: a name as likely */
        int score = bare(b, s, n - hon);
        if (score >= 50) {
            *name_n = n - hon;
            return score + 5;
        }
    }
    if (whole)
        return whole;
    for (size_t k = 4; k >= 2; k--) { /* 李志强销售总监 */
        size_t at = head(s, n, k);
        if (at < n &&
            (words_has(WORDS_TITLE, s + at, n - at) ||
             words_has(WORDS_DEPARTMENT, s + at, n - at)) &&
            bare(b, s, at) >= 50) {
            *name_n = at;
            return 58;
        }
    }
    return 0;
}

/* ---- English ------------------------------------------------------------------------------------------- */

static bool is_prefix(const char *s, size_t n)
{
    static const char *const words[] = {"mr",   "mr.",  "ms", "ms.", "mrs",
                                        "mrs.", "miss", "dr", "dr.", NULL};
    for (int i = 0; words[i]; i++)
        if (strlen(words[i]) == n && strncasecmp(s, words[i], n) == 0)
            return true;
    return false;
}

/* Words that begin with a capital in signatures and are no names. */
static bool is_no_name(const char *s, size_t n)
{
    static const char *const words[] = {
        "best",   "regards",  "dear",      "thanks",     "thank",    "sent",     "from",
        "hello",  "hi",       "kind",      "sincerely",  "yours",    "the",      "please",
        "road",   "street",   "avenue",    "district",   "building", "floor",    "room",
        "china",  "shanghai", "beijing",   "guangzhou",  "shenzhen", "hangzhou", "suzhou",
        "ningbo", "tianjin",  "chongqing", "wuhan",      "chengdu",  "hong",     "kong",
        "city",   "province", "park",      "no",         "no.",      "iphone",   "qq",
        "tel",    "fax",      "dept",      "department", "office",   "all",      "warm",
        "cheers", "with",     "our",       "we",         "you",      "and",      "of",
        "to",     "co",       "ltd",       NULL};
    for (int i = 0; words[i]; i++)
        if (strlen(words[i]) == n && strncasecmp(s, words[i], n) == 0)
            return true;
    return words_has(WORDS_TITLE_EN, s, n) || words_has(WORDS_COMPANY_EN, s, n) ||
           words_has(WORDS_TITLE, s, n) || words_label(s, n) != WORDS__COUNT;
}

size_t name_en_end(const Scan *b, Span t)
{
    size_t i = t.from, end = 0;
    int words = 0;
    bool prefix = false;
    while (i < b->n && words < 4 && !b->taken[i] && !scan_is_hard(b, i, true)) {
        size_t w = i;
        bool capital = b->s[i] >= 'A' && b->s[i] <= 'Z';
        while (w < b->n && !b->taken[w] && !scan_is_hard(b, w, true) && !scan_is_blank(b->s[w]) &&
               (unsigned char)b->s[w] < 0xE0 && !(b->s[w] >= '0' && b->s[w] <= '9'))
            w++;
        if (w == i || (w < b->n && !b->taken[w] && !scan_is_blank(b->s[w]) &&
                       !scan_is_hard(b, w, true) && (unsigned char)b->s[w] < 0xE0))
            break;
        if (!words && !prefix && is_prefix(b->s + i, w - i)) {
            prefix = true;
        } else {
            if (!capital || is_no_name(b->s + i, w - i))
                return words >= 2 && !capital ? end : 0;
            words++;
            end = w;
        }
        i = w;
        while (i < b->n && scan_is_blank(b->s[i]))
            i++;
    }
    return words >= 2 || (words == 1 && prefix) ? (words <= 3 ? end : 0) : 0;
}

/* ---- taking --------------------------------------------------------------------------------------------- */

/* Without the blanks between Han characters. */
static const char *name_text(const Scan *b, size_t from, size_t to)
{
    char *s = scan_text(b, from, to), *w = s;
    if ((unsigned char)*s < 0x80)
        return s;
    for (const char *p = s; *p; p++)
        if (*p != ' ' || (unsigned char)p[1] < 0xE0)
            *w++ = *p;
    *w = 0;
    return s;
}

void take_name(Scan *b, Span t, size_t name_n)
{
    size_t from = t.from, to = t.from + name_n, first = from;
    while (first < to && !scan_is_blank(b->s[first]))
        first++;
    if (is_prefix(b->s + from,
                  first - from)) { /* "Ms. Linda Xu", but "Mr. Yu" has no more than that */
        size_t next = first;
        while (next < to && scan_is_blank(b->s[next]))
            next++;
        if (memchr(b->s + next, ' ', to - next)) {
            scan_take(b, BLOCK_SALUTATION, from, first, NULL);
            from = next;
        }
    }
    scan_take(b, BLOCK_NAME, from, to, name_text(b, from, to));
    if (words_has(WORDS_DEPARTMENT, b->s + to, t.to - to) && !b->has[BLOCK_DEPARTMENT])
        scan_take(b, BLOCK_DEPARTMENT, to, t.to, NULL);
    else if (words_has(WORDS_TITLE, b->s + to, t.to - to) && !b->has[BLOCK_TITLE])
        scan_take(b, BLOCK_TITLE, to, t.to, NULL);
    else if (words_has(WORDS_HONORIFIC, b->s + to, t.to - to))
        scan_take(b, BLOCK_SALUTATION, to, t.to, NULL);
}

/* ---- the best candidate ------------------------------------------------------------------------------------ */

typedef struct Best {
    Span t;
    size_t name_n;
    int score;
} Best;

static bool field_at(const Scan *b, size_t i, BlockField f)
{
    return i < b->n && b->taken[i] == (unsigned char)(f + 1);
}

/* What stands right beside counts: a title or a number behind it, the beginning of a line. */
static int company_of(const Scan *b, Span t)
{
    int more = 0;
    size_t i = t.from, k = t.to;
    while (i > 0 && scan_is_blank(b->s[i - 1]))
        i--;
    if (i == 0)
        more += 5;
    if (i == 0 || b->s[i - 1] == '\n' || b->s[i - 1] == '\t')
        more += 4;
    while (k < b->n && (scan_is_hard(b, k, true) || scan_is_blank(b->s[k])))
        k += scan_cp_len(b->s[k]);
    if (field_at(b, k, BLOCK_MOBILE) || field_at(b, k, BLOCK_PHONE))
        more += 4;
    if (field_at(b, k, BLOCK_TITLE) || field_at(b, k, BLOCK_DEPARTMENT) ||
        (i > 0 && field_at(b, i - 1, BLOCK_TITLE)))
        more += 4;
    return more;
}

static void consider(const Scan *b, Span t, size_t name_n, int score, Best *best)
{
    if (score <= 0)
        return;
    score += company_of(b, t);
    if (score > best->score)
        *best = (Best){t, name_n, score};
}

/* What people say in front of a name, and behind it. */
static Span without_words(const Scan *b, Span t)
{
    static const char *const before[] = {"我叫", "我是", "叫", "请联系", "联系",
                                         "找",   "的",   "是", "寄给",   NULL};
    static const char *const behind[] = {"收", "您好", "你好", "(收)", "亲收", NULL};
    for (int k = 0; before[k]; k++) {
        size_t n = strlen(before[k]), m;
        if (t.to - t.from > n && strncmp(b->s + t.from, before[k], n) == 0 &&
            name_score(b, (Span){t.from + n, t.to}, &m)) {
            t.from += n;
            break;
        }
    }
    for (int k = 0; behind[k]; k++) {
        size_t n = strlen(behind[k]);
        if (t.to - t.from > n && strncmp(b->s + t.to - n, behind[k], n) == 0) {
            t.to -= n;
            break;
        }
    }
    return t;
}

/* 的采购张磊, 负责人王五: a title in front of the name. */
static Span behind_title(const Scan *b, Span t)
{
    Span u = t;
    if (strncmp(b->s + u.from, "的", strlen("的")) == 0 && u.to - u.from > strlen("的"))
        u.from += strlen("的");
    size_t n = words_start(WORDS_TITLE, b->s + u.from, u.to - u.from), m;
    Span rest = {u.from + n, u.to};
    return n && rest.from < rest.to && name_score(b, rest, &m) >= 50 ? rest : t;
}

/* 张 三 丰: single characters with blanks between them. */
static size_t spaced_end(const Scan *b, Span t)
{
    size_t i = t.from, end = t.to;
    int chars = 0;
    while (i < b->n && !b->taken[i] && chars < 4 &&
           scan_han(b->s + i, scan_cp_len(b->s[i]), false) == 1) {
        i += scan_cp_len(b->s[i]);
        chars++;
        end = i;
        if (!scan_is_blank(b->s[i]))
            break;
        while (i < b->n && scan_is_blank(b->s[i]))
            i++;
        size_t next = i < b->n ? i + scan_cp_len(b->s[i]) : i;
        if (next < b->n && !b->taken[next] && !scan_is_blank(b->s[next]) &&
            !scan_is_hard(b, next, true))
            break; /* the next word is longer than a character */
    }
    return chars >= 2 ? end : 0;
}

void guess_name(Scan *b)
{
    Best best = {.score = 19};
    if (b->has[BLOCK_NAME])
        return;
    for (Span t = {0, 0}; scan_token(b, t.to, true, &t);) {
        size_t n, end = spaced_end(b, t);
        char joined[32] = {0};
        if (end && end - t.from < sizeof joined) {
            size_t w = 0;
            for (size_t i = t.from; i < end; i++)
                if (!scan_is_blank(b->s[i]))
                    joined[w++] = b->s[i];
            consider(b, (Span){t.from, end}, end - t.from, bare(b, joined, w) >= 50 ? 56 : 0,
                     &best);
        }
        size_t en = name_en_end(b, t);
        if (en) {
            consider(b, (Span){t.from, en}, en - t.from, 40, &best);
            t.to = en;
            continue;
        }
        Span u = without_words(b, behind_title(b, t));
        int score = name_score(b, u, &n);
        if (!score && scan_is_latin(b->s[u.from]) && b->s[u.from] < 'a' && u.to - u.from > 2 &&
            !is_no_name(b->s + u.from, u.to - u.from)) {
            bool letters = true; /* "Lily": one word alone */
            for (size_t i = u.from; i < u.to; i++)
                letters &= scan_is_latin(b->s[i]);
            score = letters && (u.from == 0 || b->s[u.from - 1] == '\n') ? 20 : 0;
            n = u.to - u.from;
        }
        consider(b, u, n, score, &best);
    }
    if (best.t.to)
        take_name(b, best.t, best.name_n);
    bool whole; /* places that might have been the name */
    const Region *r;
    for (Span t = {0, 0}; scan_token(b, t.to, true, &t);) {
        char *text = arena_dup(b->a, b->s + t.from, t.to - t.from);
        size_t n = region_prefix(text, &r);
        whole = n && !text[n];
        if (whole)
            scan_take(b, BLOCK_ADDRESS, t.from, t.to, NULL);
    }
}
