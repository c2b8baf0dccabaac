/* What stands behind a label of a contact block. Second stage of contact_block.c. */
#include "base/cp.h"
#include "base/credit_code.h"
#include "domain/customer/contact_block_impl.h"

static bool is_word(char ch)
{
    return (ch >= '0' && ch <= '9') || scan_is_latin(ch) || ch == '_' || ch == '-' || ch == '.';
}

static bool is_label_start(const Scan *b, size_t i)
{
    for (size_t k = 0; k < b->labels.n; k++)
        if (b->labels.items[k].from == i)
            return true;
    return false;
}

/* From behind the label to the end of its line, or to the next label. Behind a colon with nothing more on
   the line the value stands on the next one. */
static Span reach(const Scan *b, const BlockLabel *l)
{
    size_t i = l->to;
    while (i < b->n && (b->s[i] == ' ' || b->s[i] == '\t'))
        i++;
    bool empty = b->s[i] == '\n' && l->strong && l->kind != LABEL_REMARK && l->kind != LABEL_ROLE;
    while (empty && i < b->n && (b->s[i] == ' ' || b->s[i] == '\n'))
        i++;
    size_t to = i;
    while (to < b->n && b->s[to] != '\n' && !is_label_start(b, to))
        to++;
    return (Span){i, to};
}

static Span trimmed(const Scan *b, Span t)
{
    while (t.from < t.to && strchr(" \t,;|:-/\n", b->s[t.from]))
        t.from++;
    while (t.to > t.from && strchr(" \t,;|:-/(\n", b->s[t.to - 1]))
        t.to--;
    return t;
}

/* The part up to the first hard end or taken byte. */
static Span first_part(const Scan *b, Span t, bool brackets)
{
    size_t i = t.from;
    while (i < t.to && !b->taken[i] && !scan_is_hard(b, i, brackets))
        i += scan_cp_len(b->s[i]);
    return trimmed(b, (Span){t.from, i < t.to ? i : t.to});
}

static bool all_latin(const Scan *b, Span t)
{
    for (size_t i = t.from; i < t.to; i++)
        if ((unsigned char)b->s[i] >= 0xE3) /* Han begins there; é and ü do not */
            return false;
    return t.from < t.to;
}

/* Up to the first blank, unless the text is Latin, where words belong together. */
static Span one_word(const Scan *b, Span t)
{
    if (all_latin(b, t))
        return t;
    size_t i = t.from;
    while (i < t.to && !scan_is_blank(b->s[i]))
        i++;
    return (Span){t.from, i};
}

/* ---- by kind ------------------------------------------------------------------------------------- */

static void take_company(Scan *b, const BlockLabel *l)
{
    Span t = reach(b, l), got, en;
    int score;
    size_t from = t.from;
    for (Span w; scan_token(b, from, false, &w) && w.from < t.to; from = w.to)
        if (!all_latin(b, w) && company_in(b, w, &got, &score) && score > 1) {
            Span part = first_part(b, t, false);
            if (l->kind == LABEL_COMPANY && got.from == t.from && score == 2 && part.to > got.to &&
                w.to <= part.to && got.to < w.to)
                got.to = w.to; /* 某某厂采购部门: what is labelled is believed */
            scan_take(b, BLOCK_COMPANY, got.from, got.to, NULL);
            return;
        }
    if (company_en_in(b, t, &en)) {
        scan_take(b, BLOCK_COMPANY, en.from, en.to, NULL);
        return;
    }
    Span part = first_part(b, t, false);
    if (!l->strong)
        part = one_word(b, part);
    size_t name_n, han = scan_han(b->s + part.from, part.to - part.from, false);
    if (part.from >= part.to || (l->kind == LABEL_CUSTOMER && han && han < 5))
        return; /* a person: the name is looked for later */
    if (l->kind == LABEL_CUSTOMER && name_score(b, one_word(b, part), &name_n))
        return;
    scan_take(b, BLOCK_COMPANY, part.from, part.to, NULL);
}

/* Single Han characters with blanks between them: 方 圆. */
static Span spaced_name(const Scan *b, Span t)
{
    size_t i = t.from, end = t.from;
    int chars = 0;
    while (i < t.to && chars < 4 && scan_han(b->s + i, scan_cp_len(b->s[i]), false) == 1) {
        i += scan_cp_len(b->s[i]);
        if (i < t.to && !scan_is_blank(b->s[i]))
            break;
        end = i;
        chars++;
        while (i < t.to && scan_is_blank(b->s[i]))
            i++;
    }
    return chars >= 2 ? (Span){t.from, end} : (Span){t.from, t.from};
}

static void take_person(Scan *b, const BlockLabel *l)
{
    Span line = reach(b, l), t = first_part(b, line, true), han = {0, 0};
    if (t.from >= t.to)
        return;
    Span spaced = spaced_name(b, t);
    if (spaced.to > spaced.from) {
        take_name(b, spaced, spaced.to - spaced.from);
        return;
    }
    for (size_t i = t.from; i < t.to && !han.to;) { /* Sophie Chen 陈素菲: the Chinese one */
        Span w;
        if (!scan_token(b, i, true, &w) || w.from >= t.to)
            break;
        size_t n;
        if (name_score(b, w, &n))
            han = w;
        i = w.to;
    }
    size_t n = 0;
    if (han.to) {
        name_score(b, han, &n);
        take_name(b, han, n);
        return;
    }
    size_t en = name_en_end(b, t);
    if (en) {
        take_name(b, (Span){t.from, en}, en - t.from);
        return;
    }
    Span word = one_word(b, t), got;
    int score;
    if (l->kind == LABEL_ROLE || is_title(b, word) || is_department(b, word) ||
        (company_in(b, word, &got, &score) && score > 1))
        return;
    size_t chars = scan_han(b->s + word.from, word.to - word.from, true);
    if (chars <= 12)
        take_name(b, word, word.to - word.from);
}

static void take_address(Scan *b, const BlockLabel *l)
{
    Span t = reach(b, l), got;
    size_t to = t.from, i = t.from;
    int score, parts = 0;
    for (Span w; scan_token(b, i, true, &w) && w.from < t.to; i = w.to) {
        bool broken = false; /* by something that ends an address, or was taken */
        for (size_t k = to; k < w.from; k++)
            broken |= b->taken[k] || b->s[k] == ';' || b->s[k] == '|' || b->s[k] == '\t' ||
                      b->s[k] == '/';
        bool hard = false;
        for (size_t k = to; k < w.from; k++)
            hard |= scan_is_hard(b, k, false);
        size_t n;
        if (parts && (broken || (hard && !is_address(b, w) && !all_latin(b, w)) ||
                      (company_in(b, w, &got, &score) && score == 3) ||
                      (!is_address(b, w) && name_score(b, w, &n) >= 50)))
            break;
        if (!l->strong && parts && !is_address(b, w))
            break;
        to = w.to;
        parts++;
    }
    if (to < t.to && b->s[to] == ')')
        to++;
    if (parts)
        scan_take(b, BLOCK_ADDRESS, t.from, to, NULL);
}

static void take_account(Scan *b, const BlockLabel *l)
{
    size_t i = l->to;
    while (i < b->n && (scan_is_blank(b->s[i]) || b->s[i] == ':'))
        i++;
    size_t to = i;
    while (to < b->n && is_word(b->s[to]))
        to++;
    if (to > i + 1)
        scan_take(b, BLOCK_WECHAT, i, to, NULL);
}

static void take_code(Scan *b, const BlockLabel *l)
{
    Span t = one_word(b, first_part(b, reach(b, l), true));
    char *text = scan_text(b, t.from, t.to);
    CreditCode code;
    if (!b->has[BLOCK_USCC] && credit_code_check(text, &code))
        scan_take(b, BLOCK_USCC, t.from, t.to, arena_str(b->a, code.text));
}

static void take_plain(Scan *b, const BlockLabel *l, BlockField field)
{
    Span t = one_word(b, first_part(b, reach(b, l), true));
    if (t.from < t.to && !b->has[field])
        scan_take(b, field, t.from, t.to, NULL);
}

/* Label and value stay together in the remark, up to what is taken or belongs to another. */
static void keep(Scan *b, const BlockLabel *l)
{
    Span t = reach(b, l);
    size_t to = t.from;
    if (t.from > l->from && memchr(b->s + l->from, '\n', t.from - l->from))
        return;
    while (to < t.to && !b->taken[to] && b->s[to] != ';' && b->s[to] != '|' && b->s[to] != '\t' &&
           (l->strong || !scan_is_blank(b->s[to])))
        to++;
    Span whole = trimmed(b, (Span){l->from, to});
    if (whole.from < whole.to && !b->taken[whole.from])
        scan_take(b, BLOCK_REMARK, whole.from, whole.to, NULL);
}

/* "手机/微信：138…" and "微信同号": the number is the account as well. */
static void same_number(Scan *b)
{
    const char *mobile = NULL;
    for (size_t i = 0; i < b->items.n && !mobile; i++)
        if (b->items.items[i].field == BLOCK_MOBILE)
            mobile = b->items.items[i].value;
    if (!mobile || b->has[BLOCK_WECHAT])
        return;
    for (size_t i = 0; i < b->labels.n; i++) {
        const BlockLabel *l = &b->labels.items[i];
        char *text = scan_text(b, l->from, l->to);
        if (l->kind == LABEL_PHONE && strstr(text, "微信")) {
            scan_take(b, BLOCK_WECHAT, l->from, l->to, mobile);
            return;
        }
    }
    const char *same = strstr(b->s, "微信同号");
    if (same && scan_is_free(b, (size_t)(same - b->s)))
        scan_take(b, BLOCK_WECHAT, (size_t)(same - b->s),
                  (size_t)(same - b->s) + strlen("微信同号"), mobile);
}

static void persons(Scan *b, WordList kind)
{
    for (size_t i = 0; i < b->labels.n; i++) {
        const BlockLabel *l = &b->labels.items[i];
        if (l->kind != kind)
            continue;
        size_t end = l->from;
        while (end < l->to && b->s[end] != ':' && b->s[end] != '-')
            end++;
        bool had = b->has[BLOCK_NAME];
        if (!had)
            take_person(b, l);
        if (kind == LABEL_ROLE && !had && b->has[BLOCK_NAME] && !b->has[BLOCK_TITLE])
            scan_take(b, BLOCK_TITLE, l->from, end, NULL);
        else if (kind == LABEL_ROLE)
            keep(b, l); /* the second person of the block */
    }
}

void value_labelled(Scan *b)
{
    for (size_t i = 0; i < b->labels.n; i++) {
        const BlockLabel *l = &b->labels.items[i];
        switch (l->kind) {
        case LABEL_COMPANY:
        case LABEL_CUSTOMER:
            if (!b->has[BLOCK_COMPANY])
                take_company(b, l);
            break;
        case LABEL_TITLE: take_plain(b, l, BLOCK_TITLE); break;
        case LABEL_DEPARTMENT: take_plain(b, l, BLOCK_DEPARTMENT); break;
        case LABEL_WECHAT: take_account(b, l); break;
        case LABEL_ADDRESS: take_address(b, l); break;
        case LABEL_USCC: take_code(b, l); break;
        case LABEL_WEBSITE: take_plain(b, l, BLOCK_WEBSITE); break;
        case LABEL_REMARK: keep(b, l); break;
        default: break;
        }
    }
    persons(b, LABEL_NAME);
    persons(b, LABEL_ROLE);
    same_number(b);
}
