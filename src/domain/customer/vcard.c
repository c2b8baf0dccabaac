/* vCards. See vcard.h; RFC 2426, RFC 6350, and the 2.1 of the Versit consortium that telephones still write. */
#include "domain/customer/vcard.h"

#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/fold.h"
#include "base/phone.h"
#include "base/text_encoding.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "domain/customer/contact_words.h"

typedef VEC(BlockItem) Items;

/* One property: unfolded, decoded, not yet split. */
typedef struct Line {
    const char *name;   /* upper case, without group */
    const char *params; /* upper case, ";TYPE=CELL;PREF" */
    const char *value;
    size_t from, to;
} Line;

bool vcard_is(const char *text)
{
    while (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t')
        text++;
    return strncasecmp(text, "BEGIN:VCARD", 11) == 0;
}

/* ---- lines ------------------------------------------------------------------------------------- */

static int hex(char ch)
{
    return ch >= '0' && ch <= '9'   ? ch - '0'
           : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
           : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
                                    : -1;
}

/* One logical line from *p on, without its line ends: a following blank joins, with soft also "=" at the end. */
static char *unfold(Arena *a, const char **p, bool soft)
{
    Buf b;
    buf_init(&b, a);
    const char *s = *p;
    for (;;) {
        size_t n = strcspn(s, "\r\n");
        buf_add(&b, s, n);
        s += n;
        s += *s == '\r';
        s += *s == '\n';
        if (*s == ' ' || *s == '\t') {
            s++;
        } else if (soft && b.len && b.data[b.len - 1] == '=') {
            b.data[--b.len] = 0;
            if (!*s)
                break;
        } else {
            break;
        }
    }
    *p = s;
    return b.data;
}

static bool has_param(const char *params, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = params; (p = strstr(p, word)); p++)
        if (strchr(";=,\"", p[-1]) && (!p[n] || strchr(";,:\"", p[n])))
            return true;
    return false;
}

static const char *charset_of(Arena *a, const char *params)
{
    const char *p = strstr(params, "CHARSET=");
    if (!p)
        return NULL;
    p += strlen("CHARSET=");
    p += *p == '"';
    return arena_dup(a, p, strcspn(p, ";\""));
}

/* Quoted-printable bytes in their charset as UTF-8; "" where they are no text. */
static const char *unquote(Ctx *c, const char *s, const char *charset)
{
    Buf b;
    buf_init(&b, c->a);
    for (; *s; s++) {
        if (*s == '=' && hex(s[1]) >= 0 && hex(s[2]) >= 0) {
            buf_putc(&b, (char)(hex(s[1]) * 16 + hex(s[2])));
            s += 2;
        } else {
            buf_putc(&b, *s);
        }
    }
    char *out;
    size_t len;
    int before = c->n_err;
    TextEncoding e = charset ? text_encoding_by_name(charset) : ENC_UNKNOWN;
    if (charset && (strcasecmp(charset, "GBK") == 0 || strcasecmp(charset, "GB2312") == 0))
        e = ENC_GB18030;
    if (e == ENC_UNKNOWN)
        e = utf8_valid(b.data, b.len) ? ENC_UTF8 : ENC_GB18030;
    if (!text_to_utf8(c, e, b.data, b.len, &out, &len)) {
        ctx_errors_back_to(c, before);
        return utf8_clean(c->a, b.data, b.len);
    }
    return utf8_clean(c->a, out, len);
}

static char *upper(Arena *a, const char *s, size_t n)
{
    char *out = arena_dup(a, s, n);
    for (char *p = out; *p; p++)
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
    return out;
}

static bool next_line(Ctx *c, const char *text, const char **p, Line *out)
{
    while (**p == '\r' || **p == '\n')
        (*p)++;
    if (!**p)
        return false;
    const char *start = *p;
    size_t head = strcspn(start, ":\r\n");
    char *front = upper(c->a, start, head);
    bool quoted = strstr(front, "QUOTED-PRINTABLE") != NULL;
    char *line = unfold(c->a, p, quoted), *colon = line, in_quotes = 0;
    for (; *colon && (*colon != ':' || in_quotes); colon++)
        in_quotes = *colon == '"' ? !in_quotes : in_quotes;
    size_t name = strcspn(line, ";:"), group = name;
    while (group > 0 && line[group - 1] != '.')
        group--;
    out->name = upper(c->a, line + group, name - group);
    out->params =
        colon > line + name ? upper(c->a, line + name, (size_t)(colon - line) - name) : "";
    out->value = *colon ? colon + 1 : "";
    out->from = (size_t)(start - text);
    out->to = (size_t)(*p - text);
    while (out->to > out->from && strchr("\r\n", text[out->to - 1]))
        out->to--;
    if (quoted)
        out->value = unquote(c, out->value, charset_of(c->a, out->params));
    return true;
}

/* The i-th part of a structured value, unescaped; "" where there is none. */
static const char *part(Arena *a, const char *value, int want, char sep)
{
    Buf b;
    buf_init(&b, a);
    int i = 0;
    for (const char *s = value; *s && i <= want; s++) {
        if (*s == '\\' && s[1]) {
            s++;
            if (i == want)
                buf_putc(&b, *s == 'n' || *s == 'N' ? '\n' : *s);
        } else if (*s == sep) {
            i++;
        } else if (i == want) {
            buf_putc(&b, *s);
        }
    }
    return fold_clean(a, b.data);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static void add(Arena *a, Items *to, BlockField f, const char *value, const Line *l)
{
    if (value && *value)
        vec_push(a, to, (BlockItem){f, value, l->from, l->to});
}

static bool has(const Items *items, BlockField f)
{
    for (size_t i = 0; i < items->n; i++)
        if (items->items[i].field == f)
            return true;
    return false;
}

static void take_phone(Arena *a, Items *to, const Line *l)
{
    const char *text = part(a, l->value, 0, 0);
    if (strncasecmp(text, "tel:", 4) == 0)
        text += 4;
    Phone p;
    PhoneKind kind = phone_parse(a, text, &p);
    if (!*text)
        return;
    if (kind == PHONE_BAD || has_param(l->params, "FAX"))
        add(a, to, BLOCK_REMARK,
            arena_printf(a, "%s %s", has_param(l->params, "FAX") ? "传真" : "TEL", text), l);
    else
        add(a, to,
            kind == PHONE_MOBILE || (has_param(l->params, "CELL") && kind == PHONE_FOREIGN)
                ? BLOCK_MOBILE
                : BLOCK_PHONE,
            p.display, l);
}

static bool is_latin(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s >= 0xE3)
            return false;
    return true;
}

/* Box; extension; street; town; region; code; country: as one says it in China, the largest first. */
static const char *address_of(Arena *a, const char *value)
{
    static const int order[] = {4, 3, 2, 1, 0}, latin[] = {0, 1, 2, 3, 4, 5, 6};
    bool west = is_latin(value);
    Buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < (west ? 7 : 5); i++) {
        const char *p = part(a, value, west ? latin[i] : order[i], ';');
        if (*p && west && b.len)
            buf_puts(&b, ", ");
        buf_puts(&b, p);
    }
    return fold_clean(a, b.data);
}

static const char *name_of(Arena *a, const char *value)
{
    const char *family = part(a, value, 0, ';'), *given = part(a, value, 1, ';'),
               *middle = part(a, value, 2, ';');
    return fold_clean(a, is_latin(value) ? arena_printf(a, "%s %s %s", given, middle, family)
                                         : arena_printf(a, "%s%s%s", family, middle, given));
}

static void take_line(Arena *a, Items *to, const Line *l, const char **n_value)
{
    static const char *const silent[] = {
        "BEGIN", "END", "VERSION",     "PHOTO", "LOGO",   "SOUND", "KEY", "REV",  "UID",   "PRODID",
        "N",     "FN",  "SORT-STRING", "CLASS", "MAILER", "TZ",    "GEO", "KIND", "LABEL", NULL};
    const char *v = part(a, l->value, 0, 0);
    if (strcmp(l->name, "FN") == 0) {
        if (*v && !has(to, BLOCK_NAME))
            add(a, to, BLOCK_NAME, v, l);
        return;
    }
    if (strcmp(l->name, "N") == 0)
        *n_value = name_of(a, l->value);
    for (int i = 0; silent[i]; i++)
        if (strcmp(silent[i], l->name) == 0)
            return;
    if (strcmp(l->name, "TEL") == 0) {
        take_phone(a, to, l);
    } else if (strcmp(l->name, "EMAIL") == 0) {
        add(a, to, BLOCK_EMAIL, v, l);
    } else if (strcmp(l->name, "ORG") == 0) {
        add(a, to, BLOCK_COMPANY, part(a, l->value, 0, ';'), l);
        add(a, to, BLOCK_DEPARTMENT, part(a, l->value, 1, ';'), l);
    } else if (strcmp(l->name, "TITLE") == 0 || strcmp(l->name, "ROLE") == 0) {
        add(a, to, has(to, BLOCK_TITLE) ? BLOCK_REMARK : BLOCK_TITLE, v, l);
    } else if (strcmp(l->name, "ADR") == 0) {
        add(a, to, has(to, BLOCK_ADDRESS) ? BLOCK_REMARK : BLOCK_ADDRESS, address_of(a, l->value),
            l);
    } else if (strcmp(l->name, "URL") == 0) {
        add(a, to, BLOCK_WEBSITE, v, l);
    } else if (strncmp(l->name, "X-WECHAT", 8) == 0 || strncmp(l->name, "X-WEIXIN", 8) == 0) {
        add(a, to, BLOCK_WECHAT, v, l);
    } else if (strcmp(l->name, "NOTE") == 0) {
        add(a, to, BLOCK_REMARK, v, l);
    } else if (*v) { /* X-…, BDAY, IMPP: kept with its name */
        add(a, to, BLOCK_REMARK, arena_printf(a, "%s: %s", l->name, v), l);
    }
}

/* A card at its end: without FN its name is that of N. */
static ContactBlock closed(Arena *a, Items *items, const char *n_value, const Line *end)
{
    if (n_value && !has(items, BLOCK_NAME))
        add(a, items, BLOCK_NAME, n_value, end);
    return (ContactBlock){items->items, (int)items->n};
}

ContactBlock *vcard_read(Ctx *c, const char *text, int *n)
{
    ContactBlock *out = ARENA_ARRAY(c->a, VCARD_MAX_CARDS, ContactBlock);
    Items items = {0};
    const char *p = text, *n_value = NULL;
    bool open = false;
    Line l = {.params = ""};
    *n = 0;
    while (*n < VCARD_MAX_CARDS && next_line(c, text, &p, &l)) {
        if (strcmp(l.name, "BEGIN") == 0) {
            items = (Items){0};
            n_value = NULL;
            open = true;
        } else if (strcmp(l.name, "END") == 0 && open) {
            out[(*n)++] = closed(c->a, &items, n_value, &l);
            open = false;
        } else if (open) {
            take_line(c->a, &items, &l, &n_value);
        }
    }
    if (open && *n < VCARD_MAX_CARDS) /* cut off: what came is there */
        out[(*n)++] = closed(c->a, &items, n_value, &l);
    return out;
}

/* ---- writing ------------------------------------------------------------------------------------- */

static const char *escape(Arena *a, const char *s)
{
    Buf b;
    buf_init(&b, a);
    for (; *s; s++) {
        if (*s == '\n') {
            buf_puts(&b, "\\n");
            continue;
        }
        if (*s == '\r')
            continue;
        if (strchr(",;\\", *s))
            buf_putc(&b, '\\');
        buf_putc(&b, *s);
    }
    return b.data;
}

/* A property; lines of at most 75 bytes, never cut inside a character. */
static void property(Buf *out, const char *text)
{
    size_t n = strlen(text), room = 75;
    while (n > room) {
        size_t cut = room;
        while (cut > 1 && ((unsigned char)text[cut] & 0xC0) == 0x80)
            cut--;
        buf_add(out, text, cut);
        buf_puts(out, "\r\n ");
        text += cut;
        n -= cut;
        room = 74;
    }
    buf_puts(out, text);
    buf_puts(out, "\r\n");
}

/* The text of a field; NULL where it is absent or masked. */
static const char *clear_text(json_object *o, const char *field)
{
    json_object *masked = json_member(o, "masked"), *v = json_member(o, field);
    if (masked && json_object_is_type(masked, json_type_array))
        for (size_t i = 0; i < json_object_array_length(masked); i++)
            if (strcmp(json_object_get_string(json_object_array_get_idx(masked, i)), field) == 0)
                return NULL;
    if (v && json_object_is_type(v, json_type_object))
        return json_str(v, "label", NULL);
    return v && json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;
}

const char *vcard_write(Arena *a, json_object *contact)
{
    static const struct {
        const char *field, *form;
    } lines[] = {{"title", "TITLE:%s"},
                 {"mobile", "TEL;TYPE=CELL:%s"},
                 {"phone", "TEL;TYPE=WORK,VOICE:%s"},
                 {"email", "EMAIL;TYPE=WORK:%s"},
                 {"wechat", "X-WECHAT:%s"}};
    Buf b;
    buf_init(&b, a);
    const char *name = clear_text(contact, "name"), *org = clear_text(contact, "customer"),
               *dept = clear_text(contact, "department"), *region = clear_text(contact, "region"),
               *detail = clear_text(contact, "address_detail");
    name = name ? name : "";
    size_t all = strlen(name), family = words_start(WORDS_SURNAME, name, all);
    family = family && family < all ? family : 0;
    property(&b, "BEGIN:VCARD");
    property(&b, "VERSION:3.0");
    property(&b, arena_printf(a, "N:%s;%s;;;", escape(a, arena_dup(a, name, family)),
                              escape(a, name + family)));
    property(&b, arena_printf(a, "FN:%s", escape(a, name)));
    if (org)
        property(&b, arena_printf(a, "ORG:%s%s%s", escape(a, org), dept ? ";" : "",
                                  dept ? escape(a, dept) : ""));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *v = clear_text(contact, lines[i].field);
        if (v && *v) {
            size_t head = strcspn(lines[i].form, "%");
            property(&b, arena_printf(a, "%.*s%s", (int)head, lines[i].form, escape(a, v)));
        }
    }
    if ((region && *region) || (detail && *detail))
        property(&b, arena_printf(a, "ADR;TYPE=WORK:;;%s;;%s;;", escape(a, detail ? detail : ""),
                                  escape(a, region ? region : "")));
    property(&b, "END:VCARD");
    return b.data;
}
