/* Phone numbers; see phone.h. */
#include "base/phone.h"

#include <string.h>

#include "base/buf.h"
#include "base/cp.h"
#include "base/fold.h"

enum { DIGITS = 40 };

static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

static bool starts(const char *s, const char *with)
{
    return !strncmp(s, with, strlen(with));
}

/* Digits and where a dash stood in front of the last of them. */
typedef struct Raw {
    char d[DIGITS];
    int n;
    bool plus;
    char ext[8];
    int last_dash; /* digits in front of the last dash; 0: none */
} Raw;

/* --- reading ----------------------------------------------------------------------------------- */

/* 1.38E+10: a spreadsheet that lost the last digits. */
static bool is_scientific(const char *s)
{
    int n = 0;
    while (is_digit(*s) || *s == '.') {
        s++;
        n++;
    }
    if (!n || (*s != 'E' && *s != 'e'))
        return false;
    s++;
    if (*s == '+')
        s++;
    return is_digit(*s);
}

/* Behind words such as "电话:" or "Tel:". */
static const char *skip_label(const char *s)
{
    static const char *const labels[] = {"手机号码", "手机号", "手机",   "联系电话", "电话", "座机",
                                         "固话",     "传真",   "Mobile", "mobile",   "Tel",  "TEL",
                                         "tel",      "T",      "M",      NULL};
    for (int i = 0; labels[i]; i++) {
        if (!starts(s, labels[i]))
            continue;
        const char *p = s + strlen(labels[i]);
        while (*p == ':' || *p == '.' || *p == ' ')
            p++;
        if (is_digit(*p) || *p == '+' || *p == '(')
            return p;
    }
    return s;
}

/* The length of a separator in front of an extension, or 0. */
static size_t ext_mark(const char *s)
{
    static const char *const marks[] = {"转分机", "分机", "转", "ext.", "Ext.", "EXT.", "ext",
                                        "Ext",    "EXT",  "#",  "x",    "X",    NULL};
    for (int i = 0; marks[i]; i++)
        if (starts(s, marks[i]))
            return strlen(marks[i]);
    return 0;
}

/* Fills r; false where something stands in the text that has no place in a number. */
static bool read_raw(const char *s, Raw *r)
{
    memset(r, 0, sizeof *r);
    s = skip_label(s);
    for (; *s; s++) {
        if (is_digit(*s)) {
            if (r->n == DIGITS - 1)
                return false;
            r->d[r->n++] = *s;
            continue;
        }
        size_t mark = ext_mark(s);
        if (mark && r->n) {
            size_t n = 0;
            for (s += mark; *s; s++) {
                if (*s == ' ' || *s == '-' || *s == ':')
                    continue;
                if (!is_digit(*s) || n == 6)
                    return false;
                r->ext[n++] = *s;
            }
            return n > 0;
        }
        if (*s == '+' && !r->n && !r->plus)
            r->plus = true;
        else if (*s == '-')
            r->last_dash = r->n;
        else if (!strchr(" .()\t\n\r", *s))
            return false;
    }
    return true;
}

/* --- judging ----------------------------------------------------------------------------------- */

static bool is_mobile(const char *d, size_t n)
{
    return n == 11 && d[0] == '1' && d[1] >= '3';
}

/* Digits of the area code of a landline number that starts with 0, or 0 where it is none. */
static size_t area_len(const char *d, size_t n)
{
    if (n < 10 || d[0] != '0')
        return 0;
    if ((d[1] == '1' && d[2] == '0') || (d[1] == '2' && d[2] != '6'))
        return n == 11 && d[3] >= '2' ? 3 : 0;
    if (d[1] >= '3' && (n == 11 || n == 12) && d[4] >= '2' && d[4] <= '8')
        return 4;
    return 0;
}

static bool is_service(const char *d, size_t n)
{
    if (n == 10 && (starts(d, "400") || starts(d, "800")))
        return true;
    if (n >= 5 && n <= 8 && (starts(d, "95") || starts(d, "96")))
        return true;
    return n >= 3 && n <= 5 && d[0] == '1' && d[1] <= '2';
}

static bool is_iot(const char *d, size_t n)
{
    return n == 13 && (starts(d, "10646") || starts(d, "10648") || starts(d, "10649") ||
                       starts(d, "140") || starts(d, "141") || starts(d, "144"));
}

static const char *mobile_warning(const char *d)
{
    static const char *const allocated[10] = {
        [3] = "0123456789", [4] = "01456789",   [5] = "012356789", [6] = "2567",
        [7] = "012345678",  [8] = "0123456789", [9] = "012356789",
    };
    if (!strchr(allocated[d[1] - '0'], d[2]))
        return "warn.phone.prefix";
    if (starts(d, "174") && !(d[3] == '0' && d[4] <= '5'))
        return "warn.phone.prefix"; /* only the satellite numbers 1740[0-5] exist */
    if (starts(d, "140") || starts(d, "141") || starts(d, "144") || starts(d, "146") ||
        starts(d, "148") || starts(d, "149"))
        return "warn.phone.data_card";
    return NULL;
}

/* A number of Hong Kong, Macao or Taiwan with its country code. */
static bool is_neighbour(const char *d, size_t n, bool sure)
{
    if (n == 11 && starts(d, "852"))
        return sure ? d[3] >= '2' : strchr("569", d[3]) != NULL;
    if (n == 11 && starts(d, "853"))
        return sure ? d[3] >= '2' : d[3] == '6';
    if (starts(d, "886"))
        return sure ? n >= 11 && n <= 12 : n == 12 && d[3] == '9';
    return false;
}

static PhoneKind bad(Phone *out, const char *why)
{
    out->kind = PHONE_BAD;
    out->error = why;
    return PHONE_BAD;
}

static PhoneKind foreign(Arena *a, const char *d, size_t n, Phone *out)
{
    char num[DIGITS];
    memcpy(num, d, n + 1);
    while (starts(num, "8860")) { /* +886 (0)912… */
        memmove(num + 3, num + 4, n - 3);
        n--;
    }
    bool known = starts(num, "852") || starts(num, "853") || starts(num, "886");
    if (num[0] == '0' || n < 6 || n > 15 || (known && !is_neighbour(num, n, true)))
        return bad(out, "err.phone.foreign");
    out->display = out->e164 = arena_printf(a, "+%s", num);
    out->key = arena_str(a, num);
    return out->kind = PHONE_FOREIGN;
}

/* A number of mainland China without country code; ext may be "". PHONE_BAD without a word
   where it is none. */
static PhoneKind domestic(Arena *a, const char *d, size_t n, const char *ext, Phone *out)
{
    const char *dash = *ext ? "-" : "";
    size_t area = area_len(d, n);
    if (is_mobile(d, n) && !*ext) {
        out->kind = PHONE_MOBILE;
        out->display = out->key = arena_str(a, d);
        out->e164 = arena_printf(a, "+86%s", d);
        out->warning = mobile_warning(d);
    } else if (area) {
        out->kind = PHONE_LANDLINE;
        out->display = arena_printf(a, "%.*s-%s%s%s", (int)area, d, d + area, dash, ext);
        out->e164 = arena_printf(a, "+86%s", d + 1);
        out->key = arena_str(a, d);
    } else if (n == 10 && is_service(d, n)) {
        out->kind = PHONE_SERVICE;
        out->display = arena_printf(a, "%.3s-%.3s-%s%s%s", d, d + 3, d + 6, dash, ext);
        out->e164 = arena_printf(a, "+86%s", d);
        out->key = arena_str(a, d);
    } else if (is_service(d, n) && !*ext) { /* 103-8 would read as 1038 */
        out->kind = PHONE_SERVICE;
        out->display = out->key = arena_str(a, d);
    } else if (is_iot(d, n) && !*ext) {
        out->kind = PHONE_IOT;
        out->display = out->key = arena_str(a, d);
        out->e164 = arena_printf(a, "+86%s", d);
    } else {
        return PHONE_BAD;
    }
    return out->kind;
}

/* The same; what stands behind the last dash is an extension where the rest is a whole number. */
static PhoneKind domestic_or_ext(Arena *a, const Raw *r, int skip, Phone *out)
{
    const char *d = r->d + skip;
    int n = r->n - skip, ext = r->n - r->last_dash;
    if (!*r->ext && r->last_dash > skip && ext >= 1 && ext <= 6) {
        char main[DIGITS] = {0}, tail[8] = {0};
        memcpy(main, d, (size_t)(n - ext));
        memcpy(tail, r->d + r->last_dash, (size_t)ext);
        if (domestic(a, main, (size_t)(n - ext), tail, out) != PHONE_BAD)
            return out->kind;
    }
    return domestic(a, d, (size_t)n, r->ext, out);
}

static PhoneKind explain(const Raw *r, Phone *out)
{
    if (r->d[0] == '1' && (r->n == 10 || r->n == 12 || (r->n == 11 && r->d[1] < '3')))
        return bad(out, "err.phone.mobile");
    if ((r->n == 7 || r->n == 8) && r->d[0] >= '2' && r->d[0] <= '8')
        return bad(out, "err.phone.area");
    return bad(out, "err.phone.form");
}

PhoneKind phone_parse(Arena *a, const char *text, Phone *out)
{
    const char *s = fold_clean(a, fold_narrow(a, text));
    *out = (Phone){.display = s, .key = ""};
    Raw r;
    if (!*s)
        return bad(out, "err.phone.empty");
    if (is_scientific(s))
        return bad(out, "err.phone.scientific");
    bool clean = read_raw(s, &r);
    out->key = arena_str(a, r.d);
    if (!clean || !r.n)
        return bad(out, "err.phone.chars");
    int skip = 0;
    bool country = r.plus;
    if (!country && starts(r.d, "00")) {
        country = true;
        skip = 2;
    }
    if (country && !starts(r.d + skip, "86"))
        return *r.ext ? bad(out, "err.phone.form")
                      : foreign(a, r.d + skip, (size_t)(r.n - skip), out);
    if (country)
        skip += 2;
    PhoneKind kind = domestic_or_ext(a, &r, skip, out);
    if (kind != PHONE_BAD)
        return kind;
    if (!country && starts(r.d, "86")) { /* 86 without the plus: only where all of it fits */
        kind = domestic_or_ext(a, &r, 2, out);
        if (kind == PHONE_MOBILE || kind == PHONE_LANDLINE)
            return kind;
        *out = (Phone){.display = s, .key = out->key};
        country = true;
        skip = 2;
    }
    if (country && r.d[skip] != '0' && r.n < DIGITS - 2) { /* +86 10 6234 5678: the 0 is dropped */
        Raw z = r;
        memmove(z.d + skip + 1, r.d + skip, (size_t)(r.n - skip) + 1);
        z.d[skip] = '0';
        z.n++;
        if (z.last_dash >= skip)
            z.last_dash++;
        if (domestic_or_ext(a, &z, skip, out) == PHONE_LANDLINE)
            return PHONE_LANDLINE;
        *out = (Phone){.display = s, .key = arena_str(a, r.d)};
    }
    if (!country && !*r.ext && is_neighbour(r.d, (size_t)r.n, false))
        return foreign(a, r.d, (size_t)r.n, out);
    return explain(&r, out);
}

/* --- several numbers in a cell ----------------------------------------------------------------- */

static bool is_whole(Arena *a, const char *s, size_t n)
{
    Phone p;
    return phone_parse(a, arena_dup(a, s, n), &p) != PHONE_BAD;
}

const char *const *phone_split(Arena *a, const char *text, int *n)
{
    const char *s = text, *from = text;
    size_t cap = 1;
    for (const char *p = text; *p; p++)
        cap += (unsigned char)*p >= 0x80 || strchr(" ,;/|\\&\n\r\t", *p) != NULL;
    const char **out = ARENA_ARRAY(a, cap + 1, const char *);
    *n = 0;
    for (;;) {
        const char *at = s;
        uint32_t cp = cp_next(&s);
        bool hard = cp == 0 || cp == ',' || cp == ';' || cp == '/' || cp == '|' || cp == '\n' ||
                    cp == '\r' || cp == 0x3001 || cp == 0xFF0C || cp == 0xFF1B || cp == 0xFF0F ||
                    cp == 0x6216 || cp == 0x548C || cp == 0x53CA || cp == '\\' || cp == '&';
        /* A blank ends a number only where what stands before it is one. */
        bool soft = !hard && fold_is_blank(cp) && is_whole(a, from, (size_t)(at - from)) &&
                    is_whole(a, s, strcspn(s, ",;/|\n\r \t"));
        if (!hard && !soft)
            continue;
        const char *part = fold_clean(a, arena_dup(a, from, (size_t)(at - from)));
        if (*part)
            out[(*n)++] = part;
        if (!cp)
            return out;
        from = s;
    }
}

/* --- masking ----------------------------------------------------------------------------------- */

/* Stars for all but the first `head` and the last `tail` characters; it has more than these. */
static char *stars(Arena *a, const char *s, size_t head, size_t tail)
{
    size_t n = strlen(s);
    char *out = arena_dup(a, s, n);
    memset(out + head, '*', n - head - tail);
    return out;
}

static char *mask_one(Arena *a, const char *text)
{
    Phone p;
    switch (phone_parse(a, text, &p)) {
    case PHONE_MOBILE:
    case PHONE_IOT: return stars(a, p.display, 3, 4);
    case PHONE_SERVICE: return arena_str(a, p.display);
    case PHONE_FOREIGN: return stars(a, p.display, 4, 2);
    case PHONE_LANDLINE: {
        size_t area = strcspn(p.display, "-") + 1;
        char *number = arena_dup(a, p.display, area + strcspn(p.display + area, "-"));
        return stars(a, number, area, 2);
    }
    default: break;
    }
    /* Not a number we know: nothing but its last two digits, where it has enough of them. */
    size_t n = strlen(p.key);
    return stars(a, n ? p.key : "**", 0, n > 6 ? 2 : 0);
}

char *phone_mask(Arena *a, const char *text)
{
    int n;
    const char *const *part = phone_split(a, text, &n);
    Buf b;
    buf_init(&b, a);
    for (int i = 0; i < n; i++) {
        if (i)
            buf_puts(&b, "、");
        buf_puts(&b, mask_one(a, part[i]));
    }
    return b.data;
}
