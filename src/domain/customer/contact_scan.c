/*
 * What has a form of its own in a contact block: mail addresses, links, credit codes, labels, phones.
 * First stages of contact_block.c.
 */
#include <stdlib.h>

#include "base/cp.h"
#include "base/credit_code.h"
#include "base/fold.h"
#include "base/phone.h"
#include "domain/customer/contact_block_impl.h"

static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

static bool is_word(char ch)
{
    return is_digit(ch) || scan_is_latin(ch);
}

/* ---- mails, links, codes ------------------------------------------------------------------------- */

static void take_mail(Scan *b, size_t at)
{
    size_t from = at, to = at + 1;
    while (from > 0 && !b->taken[from - 1] &&
           (is_word(b->s[from - 1]) || strchr("._%+-", b->s[from - 1])))
        from--;
    while (from < at && !is_word(b->s[from]))
        from++;
    while (is_word(b->s[to]) || b->s[to] == '.' || b->s[to] == '-')
        to++;
    while (to > at && !is_word(b->s[to - 1]))
        to--;
    size_t dot = to;
    while (dot > at && b->s[dot - 1] != '.')
        dot--;
    if (from == at || dot <= at + 1 || to - dot < 2 || is_digit(b->s[dot]))
        return;
    scan_take(b, BLOCK_EMAIL, from, to, NULL);
}

static bool at_word(const Scan *b, size_t i, const char *word)
{
    size_t n = strlen(word);
    return i + n <= b->n && strncasecmp(b->s + i, word, n) == 0;
}

static size_t url_end(const Scan *b, size_t i)
{
    while (i < b->n && !b->taken[i] && (unsigned char)b->s[i] > 0x20 &&
           (unsigned char)b->s[i] < 0x7F && !strchr("|,;<>\"()[]{}", b->s[i]))
        i++;
    while (i > 0 && strchr(".:!?", b->s[i - 1]))
        i--;
    return i;
}

/* 18 characters with a correct check character. */
static void take_code(Scan *b, size_t from)
{
    size_t to = from;
    while (is_word(b->s[to]))
        to++;
    CreditCode code;
    if (to - from == 18 && credit_code_check(arena_dup(b->a, b->s + from, 18), &code) &&
        code.result == CREDIT_OK && !b->has[BLOCK_USCC])
        scan_take(b, BLOCK_USCC, from, to, arena_str(b->a, code.text));
}

void scan_forms(Scan *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->s[i] == '@' && !b->taken[i])
            take_mail(b, i);
    for (size_t i = 0; i < b->n; i++) {
        bool begins = !b->taken[i] && (i == 0 || !is_word(b->s[i - 1]));
        if (!begins)
            continue;
        if (at_word(b, i, "http://") || at_word(b, i, "https://") || at_word(b, i, "www.")) {
            size_t to = url_end(b, i);
            if (to > i + 8)
                scan_take(b, BLOCK_WEBSITE, i, to, NULL);
        } else if (is_word(b->s[i])) {
            take_code(b, i);
        }
    }
}

/* ---- labels ---------------------------------------------------------------------------------------- */

static bool is_boundary(const Scan *b, size_t i)
{
    if (i == 0 || b->taken[i - 1] || scan_is_blank(b->s[i - 1]))
        return true;
    size_t p = i - 1; /* the character before */
    while (p > 0 && ((unsigned char)b->s[p] & 0xC0) == 0x80)
        p--;
    return scan_is_hard(b, p, true) || (is_word(b->s[p]) && (unsigned char)b->s[i] >= 0x80) ||
           strchr("-.*#+", b->s[p]);
}

static size_t behind_colon(const Scan *b, size_t i)
{
    while (i < b->n && (b->s[i] == ':' || b->s[i] == ' ' || b->s[i] == '-'))
        i++;
    return i;
}

static void add_label(Scan *b, WordList kind, size_t from, size_t to, bool strong)
{
    if (kind != LABEL_REMARK && kind != LABEL_FAX && kind != LABEL_ROLE)
        scan_take(b, BLOCK_LABEL, from, to, NULL);
    vec_push(b->a, &b->labels, (BlockLabel){kind, from, strong ? behind_colon(b, to) : to, strong});
}

/* The label that ends at a colon: the longest whole one of the line, else the longest a text ends with. */
static void label_at_colon(Scan *b, size_t colon)
{
    size_t end = colon, near = colon, line;
    while (end > 0 && scan_is_blank(b->s[end - 1]))
        end--;
    for (line = end; line > 0 && b->s[line - 1] != '\n' && !b->taken[line - 1] && end - line < 60;
         line--)
        ;
    for (size_t i = line; i < end; i++) {
        if (((unsigned char)b->s[i] & 0xC0) == 0x80 || !is_boundary(b, i) || scan_is_blank(b->s[i]))
            continue;
        WordList kind = words_label(b->s + i, end - i);
        if (kind != WORDS__COUNT) {
            add_label(b, kind, i, end, true);
            return;
        }
        near = i;
    }
    if (near >= end)
        return;
    WordList kind = WORDS__COUNT;
    size_t n = words_label_end(b->s + near, end - near, &kind), name_n;
    if (n >= 2 * strlen("电") && (unsigned char)b->s[end - n] >= 0x80) {
        add_label(b, kind, end - n, end, true);
        return;
    }
    /* a word nobody knows: kept with its value. A name may stand there too: 向军：1398… */
    size_t han = scan_han(b->s + near, end - near, false);
    if (han >= 2 && han <= 8 && !name_score(b, (Span){near, end}, &name_n))
        add_label(b, LABEL_REMARK, near, end, true);
}

/* May a label of this kind stand without a colon? */
static bool may_be_weak(WordList kind, const char *s, size_t n)
{
    static const char *const doubtful[] = {"联系", "对接", "采购人", "对接人", "学校", "医院",
                                           "甲方", "机构", "组织",   "店铺",   "买方", "卖方",
                                           "需方", "供方", "位置",   "地点",   NULL};
    if (kind == LABEL_ROLE || kind == LABEL_CUSTOMER)
        return false;
    for (int i = 0; doubtful[i]; i++)
        if (strlen(doubtful[i]) == n && strncmp(s, doubtful[i], n) == 0)
            return false;
    if ((unsigned char)*s <
        0x80) /* of the Latin ones those only that stand before numbers and accounts */
        return kind == LABEL_PHONE || kind == LABEL_FAX ||
               (n > 1 && (kind == LABEL_WECHAT || kind == LABEL_EMAIL)) ||
               (kind == LABEL_REMARK && n == 2);
    return true;
}

static bool begins_number(const char *p)
{
    return is_digit(*p) || ((*p == '+' || *p == '(') && (is_digit(p[1]) || p[1] == '+'));
}

/* A label without a colon at i: a word alone before a value, or right in front of a number. */
static bool weak_label(Scan *b, size_t i)
{
    bool boundary = is_boundary(b, i);
    if (!boundary && (unsigned char)b->s[i] < 0x80)
        return false; /* in the middle of a Latin word */
    for (size_t n = b->n - i < 40 ? b->n - i : 40; n > 0; n--) {
        if (i + n < b->n && ((unsigned char)b->s[i + n] & 0xC0) == 0x80)
            continue;
        WordList kind = words_label(b->s + i, n);
        if (kind == WORDS__COUNT || !may_be_weak(kind, b->s + i, n))
            continue;
        const char *next = b->s + i + n, *p = next;
        bool latin = n < 3 || scan_is_latin(b->s[i]);
        while (*p == ' ' || *p == '\t' || *p == '.' || *p == '/')
            p++;
        bool number = begins_number(p) && (p > next || !latin || n > 2 || *p == '+' || *p == '(');
        if ((kind == LABEL_PHONE || kind == LABEL_FAX) ? number && (boundary || (!latin && n > 3))
                                                       : false)
            return add_label(b, kind, i, (size_t)(next - b->s), false), true;
        bool account = kind == LABEL_WECHAT && boundary && (is_word(*p) || *p == '_');
        bool apart = boundary && (*next == ' ' || *next == '\t') && *p && *p != '\n' && *p != ':' &&
                     (kind != LABEL_FAX && (kind != LABEL_PHONE || number)) && (!latin || n > 1);
        if (account || apart)
            return add_label(b, kind, i, i + n, false), true;
    }
    return false;
}

/* A line that is nothing but labels: the head of a sheet. */
static void head_lines(Scan *b)
{
    for (size_t i = 0; i < b->n;) {
        size_t end = i, words = 0;
        bool all = true;
        while (end < b->n && b->s[end] != '\n')
            end++;
        Span t;
        for (size_t k = i; all && k < end && scan_token(b, k, true, &t) && t.from < end;
             k = t.to, words++)
            all = words_label(b->s + t.from, t.to - t.from) != WORDS__COUNT;
        for (size_t k = i;
             all && words > 1 && k < end && scan_token(b, k, true, &t) && t.from < end; k = t.to)
            scan_take(b, BLOCK_LABEL, t.from, t.to, NULL);
        i = end + 1;
    }
}

static int by_from(const void *x, const void *y)
{
    const BlockLabel *a = x, *b = y;
    return (a->from > b->from) - (a->from < b->from);
}

void scan_labels(Scan *b)
{
    for (size_t i = 0; i < b->n; i++) {
        bool colon = b->s[i] == ':' || (b->s[i] == '-' && b->s[i + 1] == '-' && i &&
                                        (unsigned char)b->s[i - 1] >= 0x80);
        if (colon && !b->taken[i] && i > 0 && !is_digit(b->s[i - 1]))
            label_at_colon(b, i);
    }
    head_lines(b);
    for (size_t i = 0; i < b->n; i += scan_cp_len(b->s[i]))
        if (!b->taken[i] && !scan_is_blank(b->s[i]) && !is_digit(b->s[i]))
            weak_label(b, i);
    if (b->labels.n)
        qsort(b->labels.items, b->labels.n, sizeof *b->labels.items, by_from);
}

/* ---- phones ------------------------------------------------------------------------------------------ */

/* The label a number belongs to: nothing but separators and other numbers between. */
static const BlockLabel *label_before(const Scan *b, size_t at)
{
    const BlockLabel *best = NULL;
    for (size_t i = 0; i < b->labels.n && b->labels.items[i].to <= at; i++)
        best = &b->labels.items[i];
    for (size_t i = best ? best->to : at; i < at; i++)
        if (b->s[i] == '\n' ||
            (!b->taken[i] && !strchr(" \t,/;-.:", b->s[i]) && strncmp(b->s + i, "、", 3) != 0))
            return NULL;
    return best;
}

/* Reads s[from, to) as one number; brackets around a trunk zero and stars before an extension are tidied. */
static PhoneKind read_phone(Scan *b, size_t from, size_t to, Phone *out)
{
    char *text = arena_dup(b->a, b->s + from, to - from), *zero = strstr(text, "(0)");
    if (zero)
        memmove(zero, zero + 3, strlen(zero + 3) + 1);
    for (char *p = text; *p; p++)
        *p = *p == '*' ? '-' : *p;
    if (strncmp(text, "(852)", 5) == 0 || strncmp(text, "(853)", 5) == 0 ||
        strncmp(text, "(886)", 5) == 0)
        *text = '+'; /* brackets say that it is the code of the place */
    for (char *p = strchr(text, ')'); *text == '+' && p; p = strchr(text, ')'))
        *p = ' ';
    return phone_parse(b->a, text, out);
}

/* How far a number that begins at from may reach. */
static size_t phone_reach(const Scan *b, size_t from)
{
    static const char *const marks[] = {"转分机", "分机", "转", "ext", "Ext",
                                        "EXT",    "#",    "x",  NULL};
    size_t i = from, digits = 0;
    while (i < b->n && !b->taken[i] && i - from < 48) {
        if (is_digit(b->s[i]) || strchr("+()- .*:", b->s[i])) {
            digits += is_digit(b->s[i]);
            i++;
            continue;
        }
        size_t n = 0;
        for (int k = 0; digits >= 7 && marks[k] && !n; k++)
            if (at_word(b, i, marks[k]))
                n = strlen(marks[k]);
        if (!n)
            break;
        i += n;
    }
    return i;
}

static bool phone_at(Scan *b, size_t from, size_t *end)
{
    const BlockLabel *label = label_before(b, from);
    size_t reach = phone_reach(b, from), digits = 0;
    for (size_t i = from; i < reach; i++)
        digits += is_digit(b->s[i]);
    for (size_t to = reach; to > from + 2 && digits >= (label ? 3U : 7U); to--) {
        Phone p;
        size_t now = digits;
        digits -= is_digit(b->s[to - 1]);
        if (now > 20)
            continue;
        if (!is_digit(b->s[to - 1]) || is_digit(b->s[to]) || (is_word(b->s[to]) && !b->taken[to]))
            continue;
        PhoneKind kind = read_phone(b, from, to, &p);
        bool sure = kind == PHONE_MOBILE || kind == PHONE_LANDLINE ||
                    (kind == PHONE_FOREIGN && (strlen(p.key) >= 8 || label)) ||
                    (kind == PHONE_SERVICE &&
                     (strlen(p.key) == 10 || (label && label->kind == LABEL_PHONE)));
        if (!sure)
            continue;
        *end = to;
        if (label && (label->kind == LABEL_REMARK || label->kind == LABEL_USCC))
            return false;
        if (label && label->kind == LABEL_FAX) {
            size_t start = b->taken[label->from] ? from : label->from;
            scan_take(b, BLOCK_REMARK, start, to, NULL);
        } else {
            scan_take(b, kind == PHONE_MOBILE ? BLOCK_MOBILE : BLOCK_PHONE, from, to, p.display);
        }
        return true;
    }
    return false;
}

void scan_phones(Scan *b)
{
    for (size_t i = 0; i < b->n;) {
        bool begins = begins_number(b->s + i) && !b->taken[i];
        bool inside = i > 0 && !b->taken[i - 1] && (is_word(b->s[i - 1]) || b->s[i - 1] == '_');
        size_t end = i + 1;
        if (begins && !inside && phone_at(b, i, &end)) {
            i = end;
            continue;
        }
        if (begins || inside) /* not in the middle of a number or a word */
            for (end = i + 1; end < b->n && is_word(b->s[end]) && is_word(b->s[i]); end++)
                ;
        i = end;
    }
}
