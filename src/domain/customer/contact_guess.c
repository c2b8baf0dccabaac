/*
 * Company, address, title and name of a contact block by their looks: endings, regions, surnames, the
 * company they stand in. Third stage of contact_block.c; works on what no form and no label gave.
 */
#include "base/cp.h"
#include "base/region.h"
#include "domain/customer/contact_block_impl.h"

enum { TOKEN_MAX = 600 }; /* bytes without a blank or comma: more is no name of anything */

static size_t n_chars(const Scan *b, Span t)
{
    size_t n = 0;
    for (size_t i = t.from; i < t.to; i++)
        n += ((unsigned char)b->s[i] & 0xC0) != 0x80;
    return n;
}

static bool starts(const Scan *b, size_t i, size_t to, const char *word)
{
    size_t n = strlen(word);
    return i + n <= to && strncmp(b->s + i, word, n) == 0;
}

static size_t any_start(const Scan *b, Span t, const char *const *words)
{
    for (int k = 0; words[k]; k++)
        if (starts(b, t.from, t.to, words[k]))
            return strlen(words[k]);
    return 0;
}

/* ---- company ----------------------------------------------------------------------------------------- */

/* 厂长, 学院路, 银行卡: the ending is part of another word. */
static bool goes_on(const Scan *b, size_t i, size_t to)
{
    static const char *const no[] = {"长",   "路",   "街",   "巷",   "区",   "部", "卡", "城",
                                     "附近", "门口", "对面", "旁",   "楼",   "东", "西", "南",
                                     "北",   "家属", "宿舍", "总监", "经理", NULL};
    return any_start(b, (Span){i, to}, no) > 0 && !words_start(WORDS_TITLE, b->s + i, to - i);
}

static bool has_address_mark(const Scan *b, Span t)
{
    for (size_t i = t.from; i < t.to; i += scan_cp_len(b->s[i])) {
        if (starts(b, i, t.to, "号") || starts(b, i, t.to, "室") || starts(b, i, t.to, "栋") ||
            starts(b, i, t.to, "幢") || starts(b, i, t.to, "座") || starts(b, i, t.to, "校区") ||
            starts(b, i, t.to, "號") || starts(b, i, t.to, "楼"))
            return true;
    }
    return false;
}

/* Does a street or a house end here? Not 区 or 镇, with which the name of a company may go on. */
static bool ends_street(const char *s, size_t n)
{
    static const char *const ends[] = {"路", "街", "道", "巷", "弄", "号",   "室",   "楼",   "栋",
                                       "幢", "座", "层", "村", "园", "大厦", "广场", "街道", NULL};
    for (int i = 0; ends[i]; i++)
        if (n > strlen(ends[i]) && strncmp(s + n - strlen(ends[i]), ends[i], strlen(ends[i])) == 0)
            return true;
    return false;
}

/* Where the company begins in a token: behind "我是", an address, a person's name. */
static size_t company_start(const Scan *b, size_t from, size_t to)
{
    static const char *const lead[] = {"我们是", "我是",   "这里是", "这边是", "我司是",
                                       "来自",   "就职于", "是",     NULL};
    for (size_t i = from; i < to && i - from < 24; i += scan_cp_len(b->s[i])) {
        size_t n = any_start(b, (Span){i, to}, lead);
        if (n) {
            from = i + n;
            break;
        }
    }
    /* an address in front: the last region that begins behind a street or a house */
    int32_t code;
    const char *rest;
    char *text = arena_dup(b->a, b->s + from, to - from);
    bool region_first =
        region_parse_address(b->a, text, &code, &rest) && strlen(rest) < strlen(text);
    const char *chain =
        region_first ? text + strlen(text) - strlen(rest) : text; /* rest may be a copy */
    const Region *r;
    if (region_first && region_prefix(chain, &r))
        return from + (size_t)(chain - text);
    for (const char *p = chain; *p; p += scan_cp_len(*p)) {
        size_t at = from + (size_t)(p - text);
        if (p > chain && region_first && region_prefix(p, &r) &&
            ends_street(text, (size_t)(p - text)))
            return at;
    }
    /* a person in front: 李明杭州云帆… */
    size_t name_n;
    for (size_t i = from, chars = 0; chars < 4 && i < to; i += scan_cp_len(b->s[i]), chars++)
        if (chars >= 2 && !region_first && region_prefix(b->s + i, &r) &&
            name_score(b, (Span){from, i}, &name_n) >= 50)
            return i;
    return from;
}

static Span balanced(const Scan *b, Span t)
{
    int open = 0;
    for (size_t i = t.from; i < t.to; i++) {
        open += b->s[i] == '(' ? 1 : b->s[i] == ')' ? -1 : 0;
        if (open < 0) { /* its beginning belongs to something before */
            t.from = i + 1;
            open = 0;
        }
    }
    while (open > 0) /* the end is missing: from behind the bracket */
        if (b->s[t.from++] == '(')
            open--;
    return t;
}

bool company_in(const Scan *b, Span t, Span *out, int *score)
{
    if (t.to - t.from > TOKEN_MAX)
        return false;
    for (size_t end = t.to; end > t.from; end--) {
        if (end < t.to && ((unsigned char)b->s[end] & 0xC0) == 0x80)
            continue;
        size_t n = words_end(WORDS_COMPANY, b->s + t.from, end - t.from);
        bool weak = false;
        if (!n && (end == t.to || starts(b, end, t.to, "的") || b->s[end] == '(')) {
            n = words_end(WORDS_COMPANY_WEAK, b->s + t.from, end - t.from);
            weak = n > 0;
        }
        if (!n || goes_on(b, end, t.to))
            continue;
        Span got = balanced(b, (Span){company_start(b, t.from, end), end});
        size_t name_n, chars = n_chars(b, got);
        bool legal = end - t.from >= strlen("公司") &&
                     strncmp(b->s + end - strlen("公司"), "公司", strlen("公司")) == 0;
        bool too_short = got.from + n >= got.to || chars < (weak ? 4 : 3);
        if (too_short || (weak && name_score(b, got, &name_n) > 50))
            continue;
        if (!legal && (is_department(b, got) || has_address_mark(b, (Span){end, t.to}) ||
                       (has_address_mark(b, got) && weak)))
            continue;

        *out = got;
        *score = legal ? 3 : weak ? 1 : 2;
        return true;
    }
    return false;
}

/* Latin text up to a Han character or a hard end, in which commas belong to "Co., Ltd.". */
bool company_en_in(const Scan *b, Span t, Span *out)
{
    size_t from = t.from;
    bool word = false; /* something capitalised before the ending */
    for (size_t i = t.from; i < t.to; i++) {
        unsigned char ch = (unsigned char)b->s[i];
        if (ch >= 0xE3 || b->taken[i] || ch == '\n' || ch == '\t' || ch == '|' || ch == ';' ||
            ch == ':' || ch == '"' || (ch == ',' && (b->s[i + 1] == ' ' || b->s[i + 1] == ',')) ||
            ((ch == '-' || ch >= 0x80) && scan_is_hard(b, i, false)) ||
            (ch == '/' && b->s[i + 1] == ' ')) {
            i += scan_cp_len((char)ch) - 1; /* never into the middle of a character */
            from = i + 1;
            word = false;
            continue;
        }
        bool begins = i > from && strchr(" ,.", b->s[i - 1]) && scan_is_latin((char)ch);
        size_t n = begins && word ? words_start(WORDS_COMPANY_EN, b->s + i, t.to - i) : 0;
        char next = n ? b->s[i + n] : 'x';
        if (n && !scan_is_latin(next) && next != '\'') {
            size_t longer;
            for (size_t k = i + n;
                 k < t.to && b->s[k] == ' ';) { /* Group Limited, Factory Co., Ltd. */
                longer = words_start(WORDS_COMPANY_EN, b->s + k + 1, t.to - k - 1);
                if (!longer || scan_is_latin(b->s[k + 1 + longer]))
                    break;
                k += 1 + longer;
                n = k - i;
            }
            while (scan_is_blank(b->s[from]))
                from++;
            *out = (Span){from, i + n};
            return true;
        }
        word |= ch >= 'A' && ch <= 'Z';
    }
    return false;
}

void guess_company(Scan *b)
{
    if (b->has[BLOCK_COMPANY])
        return;
    Span best = {0, 0}, got;
    int best_score = 0, score;
    for (Span t = {0, 0}; scan_token(b, t.to, false, &t);)
        if (company_in(b, t, &got, &score) && score > best_score) {
            best = got;
            best_score = score;
        }
    bool taken_en = best_score < 2 && company_en_in(b, (Span){0, b->n}, &best);
    if (best_score || taken_en)
        scan_take(b, BLOCK_COMPANY, best.from, best.to, NULL);
}

/* ---- address ---------------------------------------------------------------------------------------- */

static bool is_short_region(const Scan *b, Span t, bool *whole)
{
    const Region *r;
    char *text = arena_dup(b->a, b->s + t.from, t.to - t.from);
    size_t n = region_prefix(text, &r);
    *whole = n && !text[n];
    return n > 0;
}

bool is_address(const Scan *b, Span t)
{
    bool whole, digits = false;
    size_t chars = n_chars(b, t), name_n;
    bool region = is_short_region(b, t, &whole);
    if (whole || (region && chars >= 4 &&
                  region_find_path(b->a, arena_dup(b->a, b->s + t.from, t.to - t.from))))
        return true;
    for (size_t i = t.from; i < t.to; i++)
        digits |= b->s[i] >= '0' && b->s[i] <= '9';
    if (chars < 3)
        return false;
    bool ends = words_end(WORDS_ADDRESS, b->s + t.from, t.to - t.from) > 0;
    if (region && (ends || has_address_mark(b, t) || chars >= 6))
        return true;
    if (digits && has_address_mark(b, t))
        return true;
    if (ends && !name_score(b, t, &name_n))
        return scan_han(b->s + t.from, t.to - t.from, false) > 0 || digits;
    int marks = 0; /* 经开区翠微路与某某街交口 */
    for (size_t i = t.from; i < t.to; i += scan_cp_len(b->s[i]))
        marks += words_start(WORDS_ADDRESS, b->s + i, t.to - i) > 0;
    return marks >= 2 && chars >= 6;
}

void guess_address(Scan *b)
{
    for (Span t = {0, 0}; scan_token(b, t.to, false, &t);) {
        bool whole = false;
        size_t name_n;
        /* 江南, 邵阳: a place or a person; a person where there is no other, so the name is asked first */
        if (is_short_region(b, t, &whole) && whole && n_chars(b, t) < 3 && !b->has[BLOCK_NAME] &&
            words_start(WORDS_SURNAME, b->s + t.from, t.to - t.from))
            continue;
        if (!is_address(b, t) || is_title(b, t) || is_department(b, t) ||
            name_score(b, t, &name_n) >= 58)
            continue;
        scan_take(b, BLOCK_ADDRESS, t.from, t.to, NULL);
    }
}

/* ---- titles ----------------------------------------------------------------------------------------- */

bool is_department(const Scan *b, Span t)
{
    static const char *const ends[] = {"部", "科", "处", "办公室", "事业部", NULL};
    const char *s = b->s + t.from;
    size_t n = t.to - t.from, chars = scan_han(s, n, false);
    if (words_has(WORDS_DEPARTMENT, s, n))
        return true;
    if (chars < 3 || chars > 6 || words_end(WORDS_COMPANY, s, n))
        return false;
    for (int k = 0; ends[k]; k++)
        if (n > strlen(ends[k]) &&
            strcmp(arena_dup(b->a, s + n - strlen(ends[k]), strlen(ends[k])), ends[k]) == 0)
            return true;
    return false;
}

bool is_title(const Scan *b, Span t)
{
    const char *s = b->s + t.from;
    size_t n = t.to - t.from, chars = scan_han(s, n, false), name_n;
    if (words_has(WORDS_TITLE, s, n))
        return true;
    return chars >= 3 && chars <= 10 && words_end(WORDS_TITLE_END, s, n) &&
           name_score(b, t, &name_n) < 50;
}

/* A run of Latin words one of which is that of a title: "Vice General Manager". */
static size_t title_en_end(const Scan *b, Span t)
{
    size_t i = t.from, end = t.from;
    bool any = false;
    while (i < b->n && !b->taken[i] && !scan_is_hard(b, i, true) && (unsigned char)b->s[i] < 0x80) {
        size_t w = i;
        while (scan_is_latin(b->s[w]) || b->s[w] == '&' || b->s[w] == '-' || b->s[w] == '.')
            w++;
        if (w == i)
            break;
        any |= words_has(WORDS_TITLE_EN, b->s + i, w - i);
        end = w;
        i = w;
        while (i < b->n && scan_is_blank(b->s[i]))
            i++;
    }
    return any ? end : 0;
}

void guess_title(Scan *b)
{
    for (Span t = {0, 0}; scan_token(b, t.to, true, &t);) {
        size_t en = title_en_end(b, t);
        if (en && !b->has[BLOCK_TITLE]) {
            t.to = en;
            scan_take(b, BLOCK_TITLE, t.from, t.to, NULL);
        } else if (en) {
            t.to = en;
        } else if (is_department(b, t) && !b->has[BLOCK_DEPARTMENT]) {
            scan_take(b, BLOCK_DEPARTMENT, t.from, t.to, NULL);
        } else if (is_title(b, t) && !b->has[BLOCK_TITLE]) {
            scan_take(b, BLOCK_TITLE, t.from, t.to, NULL);
        }
    }
}
