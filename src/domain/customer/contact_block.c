/* A pasted contact block as fields: the stages in their order, and what is left over. See contact_block.h. */
#include "domain/customer/contact_block.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cp.h"
#include "base/fold.h"
#include "base/utf8.h"
#include "domain/customer/contact_block_impl.h"

/* ---- the narrow text ------------------------------------------------------------------------- */

/* What a character is read as; 0: not at all. Texts of people hold many kinds of dashes, bars, colons. */
static uint32_t plain(uint32_t cp)
{
    if (cp >= 0xFF01 && cp <= 0xFF5E)
        return cp - 0xFEE0;
    if (cp == '\r' || cp == '\v' || cp == '\f' || cp == 0x2028 || cp == 0x2029)
        return '\n';
    if (cp > 0x7F && fold_is_blank(cp))
        return ' ';
    if ((cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212 || cp == 0x2500)
        return '-';
    switch (cp) {
    case 0x2236: return ':';
    case 0x2502:
    case 0x4E28: return '|';
    case 0x2022:
    case 0x2027:
    case 0x30FB: return 0xB7;
    case 0x2018:
    case 0x2019: return '\'';
    default: return cp;
    }
}

static void make_narrow(Scan *b, const char *text)
{
    size_t len = strlen(text);
    Buf out;
    buf_init(&out, b->a);
    b->at = ARENA_ARRAY(b->a, len + 4, size_t);
    const char *p = text;
    while (*p) {
        const char *from = p;
        uint32_t cp = cp_next(&p), to = plain(cp);
        if (fold_is_invisible(cp) || (cp < 0x20 && to != '\n' && to != '\t'))
            continue;
        size_t before = out.len;
        if (to == 0xB7)
            buf_puts(&out, "·");
        else if (to < 0x80)
            buf_putc(&out, (char)to);
        else
            buf_add(&out, from, (size_t)(p - from));
        for (size_t i = before; i < out.len; i++)
            b->at[i] = (size_t)(from - text);
    }
    b->s = out.data;
    b->n = out.len;
    b->at[b->n] = len;
    b->taken = ARENA_ARRAY(b->a, b->n + 1, unsigned char);
}

/* ---- walking --------------------------------------------------------------------------------- */

bool scan_is_blank(char ch)
{
    return ch == ' ';
}

size_t scan_cp_len(char first)
{
    unsigned char ch = (unsigned char)first;
    return ch < 0xC0 ? 1 : ch < 0xE0 ? 2 : ch < 0xF0 ? 3 : 4;
}

bool scan_is_latin(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

bool scan_is_hard(const Scan *b, size_t i, bool brackets)
{
    static const char *const wide[] = {"、", "。", "【", "】", "“",  "”",
                                       "《", "》", "「", "」", "丶", NULL};
    char ch = b->s[i];
    if (strchr("\n\t|,;!?\"<>[]{}/\\:~=", ch))
        return true;
    if (brackets && (ch == '(' || ch == ')'))
        return true;
    for (int k = 0; (unsigned char)ch >= 0x80 && wide[k]; k++)
        if (strncmp(b->s + i, wide[k], strlen(wide[k])) == 0)
            return true;
    return ch == '-' && (i == 0 || strchr(" \n\t-", b->s[i - 1])) && strchr(" \n\t-", b->s[i + 1]);
}

bool scan_is_free(const Scan *b, size_t i)
{
    return !b->taken[i];
}

bool scan_token(const Scan *b, size_t i, bool brackets, Span *out)
{
    while (i < b->n && (b->taken[i] || scan_is_blank(b->s[i]) || scan_is_hard(b, i, brackets)))
        i += scan_cp_len(b->s[i]);
    if (i >= b->n)
        return false;
    out->from = i;
    while (i < b->n && !b->taken[i] && !scan_is_blank(b->s[i]) && !scan_is_hard(b, i, brackets))
        i += scan_cp_len(b->s[i]);
    out->to = i < b->n ? i : b->n;
    return true;
}

size_t scan_han(const char *s, size_t n, bool dot)
{
    size_t count = 0;
    for (const char *p = s; p < s + n; count++) {
        uint32_t cp = cp_next(&p);
        if (!cp_is_han(cp) && !(dot && cp == 0xB7))
            return 0;
    }
    return count;
}

char *scan_text(const Scan *b, size_t from, size_t to)
{
    Buf out;
    char last = ' ';
    buf_init(&out, b->a);
    for (size_t i = from; i < to; i++) {
        char ch = b->s[i] == '\t' ? ' ' : b->s[i]; /* no line ends within */
        const char *given = b->given + b->at[i], *next = given;
        if (ch == ' ' && last == ' ')
            continue;
        last = ch;
        if (ch > ' ' && ispunct((unsigned char)ch) && (unsigned char)*given >= 0x80) {
            cp_next(&next); /* （） stay what they were */
            buf_add(&out, given, (size_t)(next - given));
        } else {
            buf_putc(&out, ch);
        }
    }
    while (out.len && out.data[out.len - 1] == ' ')
        out.data[--out.len] = 0;
    return out.data;
}

void scan_take(Scan *b, BlockField field, size_t from, size_t to, const char *value)
{
    for (size_t i = from; i < to; i++)
        if (!b->taken[i])
            b->taken[i] = (unsigned char)(field + 1);
    b->has[field] = true;
    vec_push(b->a, &b->items, (BlockItem){field, value ? value : scan_text(b, from, to), from, to});
}

/* ---- what nobody took -------------------------------------------------------------------------- */

static bool says_something(const Scan *b, size_t from, size_t to)
{
    const char *p = b->s + from;
    while (p < b->s + to) {
        uint32_t cp = cp_next(&p);
        if (cp == 0xB7)
            continue;
        if (cp > 0x7F
                ? !(cp >= 0x2000 && cp < 0x2100) && !(cp >= 0x3001 && cp <= 0x3020) && cp != 0xFE0F
                : (cp >= '0' && cp <= '9') || scan_is_latin((char)cp))
            return true;
    }
    return false;
}

/* Free pieces of a line; the punctuation around them is no part of it. */
static void take_rest(Scan *b)
{
    for (size_t i = 0; i < b->n;) {
        size_t from = i;
        while (i < b->n && !b->taken[i] && b->s[i] != '\n')
            i++;
        size_t to = i;
        while (from < to && strchr(" \t,;|:-/)", b->s[from]))
            from++;
        while (to > from && strchr(" \t,;|:-/(", b->s[to - 1]))
            to--;
        if (from < to && says_something(b, from, to))
            scan_take(b, BLOCK_REMARK, from, to, NULL);
        if (i < b->n)
            i++;
    }
}

static int by_place(const void *x, const void *y)
{
    const BlockItem *a = x, *b = y;
    return a->from != b->from ? (a->from > b->from) - (a->from < b->from)
                              : (int)a->field - (int)b->field;
}

ContactBlock contact_block_parse(Arena *a, const char *text)
{
    Scan b = {.a = a, .given = text};
    size_t len = strlen(text), cut = utf8_fit(text, BLOCK_MAX_BYTES);
    make_narrow(&b, arena_dup(a, text, cut));
    scan_forms(&b);
    scan_labels(&b);
    scan_phones(&b);
    value_labelled(&b);
    guess_company(&b);
    guess_address(&b);
    guess_title(&b);
    guess_name(&b);
    take_rest(&b);
    for (size_t i = 0; i < b.items.n; i++) {
        BlockItem *x = &b.items.items[i];
        x->from = b.at[x->from];
        x->to = b.at[x->to];
    }
    if (cut < len)
        vec_push(a, &b.items, (BlockItem){BLOCK_REMARK, arena_str(a, text + cut), cut, len});
    if (b.items.n)
        qsort(b.items.items, b.items.n, sizeof *b.items.items, by_place);
    return (ContactBlock){b.items.items, (int)b.items.n};
}

/* ---- reading the outcome ------------------------------------------------------------------------ */

const char *contact_block_nth(const ContactBlock *b, BlockField field, int i)
{
    for (int k = 0; k < b->n; k++)
        if (b->items[k].field == field && i-- == 0)
            return b->items[k].value;
    return NULL;
}

const char *contact_block_get(const ContactBlock *b, BlockField field)
{
    return contact_block_nth(b, field, 0);
}

const char *contact_block_all(Arena *a, const ContactBlock *b, BlockField field, const char *sep)
{
    Buf out;
    buf_init(&out, a);
    for (int k = 0; k < b->n; k++) {
        if (b->items[k].field != field)
            continue;
        if (out.len)
            buf_puts(&out, sep);
        buf_puts(&out, b->items[k].value);
    }
    return out.len ? out.data : NULL;
}

const char *block_field_name(BlockField field)
{
    static const char *const names[BLOCK__COUNT] = {
        "name",  "salutation", "company", "title", "department", "mobile", "phone",
        "email", "wechat",     "website", "uscc",  "address",    "remark", "label"};
    return names[field];
}
