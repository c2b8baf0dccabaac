/*
 * Reading JSON. See json_read.h. json-c builds the tree; before it a scan of our own finds what
 * json-c would let pass (a key twice, half characters, numbers it would bend) and knows line and
 * column of the mistake. The relaxed form blanks comments and trailing commas in a copy, so that
 * json-c sees strict JSON with every byte at its old place.
 */
#include "base/json_read.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/utf8.h"

enum { MAX_NUMBER = 400, FEW_KEYS = 12 };

typedef struct Key {
    const char *s;
    size_t n;
    const char *at; /* where it stands, for the place of a second one */
} Key;

typedef struct Scan {
    const char *text, *p, *end;
    char *clean; /* the copy with comments blanked; NULL for the strict form */
    Arena *a;    /* keys that have escapes, and the list of keys */
    Key *keys;   /* of all open objects; each knows where its own begin */
    size_t n_keys, cap_keys;
    int depth;
    const char *what, *arg, *at; /* the mistake: message key, {1}, place */
} Scan;

static bool fail(Scan *s, const char *at, const char *what)
{
    s->at = at;
    s->what = what;
    return false;
}

static int peek(const Scan *s)
{
    return s->p < s->end ? (unsigned char)*s->p : -1;
}

/* Replaces what the strict parser must not see; line breaks stay. */
static void blank(Scan *s, const char *from, const char *to)
{
    for (const char *q = from; q < to; q++)
        if (*q != '\n' && *q != '\r')
            s->clean[q - s->text] = ' ';
}

static bool skip(Scan *s)
{
    for (;;) {
        int ch = peek(s);
        if (ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r') {
            s->p++;
            continue;
        }
        if (ch != '/' || !s->clean)
            return true;
        const char *from = s->p;
        size_t left = (size_t)(s->end - s->p);
        if (left >= 2 && from[1] == '/') {
            const char *nl = memchr(from, '\n', left);
            s->p = nl ? nl : s->end;
        } else if (left >= 2 && from[1] == '*') {
            const char *close = memmem(from + 2, left - 2, "*/", 2);
            if (!close)
                return fail(s, from, "json.comment");
            s->p = close + 2;
        } else {
            return true;
        }
        blank(s, from, s->p);
    }
}

static bool hex4(const Scan *s, const char *p, uint32_t *out)
{
    uint32_t v = 0;
    if (s->end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char ch = p[i];
        uint32_t d;
        if (ch >= '0' && ch <= '9')
            d = (uint32_t)(ch - '0');
        else if (ch >= 'a' && ch <= 'f')
            d = (uint32_t)(ch - 'a') + 10;
        else if (ch >= 'A' && ch <= 'F')
            d = (uint32_t)(ch - 'A') + 10;
        else
            return false;
        v = v << 4 | d;
    }
    *out = v;
    return true;
}

/* One escape; s->p stands behind the backslash. The code point goes to *cp. */
static bool scan_escape(Scan *s, int32_t *cp)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at = s->p - 1;
    int ch = peek(s);
    if (ch < 0)
        return fail(s, at, "json.unclosed");
    s->p++;
    if (ch != 'u') {
        const char *f = ch ? strchr(from, ch) : NULL;
        if (!f)
            return fail(s, at, "json.escape");
        *cp = (unsigned char)to[f - from];
        return true;
    }
    uint32_t v, low;
    if (!hex4(s, s->p, &v))
        return fail(s, at, "json.escape");
    s->p += 4;
    if (v == 0)
        return fail(s, at, "json.nul");
    if (v >= 0xD800 && v <= 0xDFFF) {
        if (v > 0xDBFF || s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u' ||
            !hex4(s, s->p + 2, &low) || low < 0xDC00 || low > 0xDFFF)
            return fail(s, at, "json.surrogate");
        s->p += 6;
        v = 0x10000 + ((v - 0xD800) << 10) + (low - 0xDC00);
    }
    *cp = (int32_t)v;
    return true;
}

/* A text; s->p stands on its quote. key: where its decoded form goes, or NULL. */
static bool scan_string(Scan *s, Key *key)
{
    const char *open = s->p++, *from = s->p;
    char *decoded = NULL, *d = NULL;
    for (;;) {
        int ch = peek(s);
        if (ch < 0)
            return fail(s, open, "json.unclosed");
        if (ch == '"')
            break;
        if (ch < 0x20)
            return fail(s, s->p, ch ? "json.control" : "json.nul");
        const char *at = s->p;
        if (ch != '\\') {
            if (ch < 0x80)
                s->p++;
            else if (utf8_next(&s->p, s->end) < 0)
                return fail(s, at, "json.utf8");
            if (decoded) {
                memcpy(d, at, (size_t)(s->p - at));
                d += s->p - at;
            }
            continue;
        }
        if (key && !decoded) {
            const char *q = at; /* to the closing quote: the decoded key is not longer */
            while (q < s->end && *q != '"')
                q += *q == '\\' && s->end - q > 1 ? 2 : 1;
            decoded = arena_alloc(s->a, (size_t)(q - from) + 1);
            memcpy(decoded, from, (size_t)(at - from));
            d = decoded + (at - from);
        }
        int32_t cp;
        s->p++;
        if (!scan_escape(s, &cp))
            return false;
        if (decoded) {
            char tmp[4];
            size_t n = utf8_put(cp, tmp);
            memcpy(d, tmp, n); /* an escape is never shorter than what it stands for */
            d += n;
        }
    }
    if (key)
        *key = (Key){.s = decoded ? decoded : from,
                     .n = (size_t)(decoded ? d - decoded : s->p - from),
                     .at = open};
    s->p++;
    return true;
}

static bool is_digit(int ch)
{
    return ch >= '0' && ch <= '9';
}

static bool scan_number(Scan *s)
{
    const char *from = s->p;
    bool whole = true;
    if (peek(s) == '-')
        s->p++;
    if (!is_digit(peek(s)))
        return fail(s, from, "json.number");
    if (peek(s) == '0')
        s->p++;
    else
        while (is_digit(peek(s)))
            s->p++;
    if (is_digit(peek(s)))
        return fail(s, from, "json.number"); /* 012 */
    if (peek(s) == '.') {
        whole = false;
        s->p++;
        if (!is_digit(peek(s)))
            return fail(s, from, "json.number");
        while (is_digit(peek(s)))
            s->p++;
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        whole = false;
        s->p++;
        if (peek(s) == '+' || peek(s) == '-')
            s->p++;
        if (!is_digit(peek(s)))
            return fail(s, from, "json.number");
        while (is_digit(peek(s)))
            s->p++;
    }
    size_t n = (size_t)(s->p - from);
    if (whole && n <= 18)
        return true; /* nearly all numbers end here */
    if (n > MAX_NUMBER)
        return fail(s, from, "json.number_range");
    char tmp[MAX_NUMBER + 1];
    memcpy(tmp, from, n);
    tmp[n] = 0;
    errno = 0;
    if (whole) {
        /* json-c would bend it to the nearest end of the range without a word */
        strtoll(tmp, NULL, 10);
        if (errno)
            return fail(s, from, "json.number_range");
        return true;
    }
    if (!isfinite(strtod(tmp, NULL)))
        return fail(s, from, "json.number_range");
    return true;
}

static int by_key(const void *x, const void *y)
{
    const Key *a = x, *b = y;
    int diff = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);
    if (diff)
        return diff;
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static bool same_key(const Key *a, const Key *b)
{
    return a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
}

static bool twice(Scan *s, const Key *k)
{
    s->arg = arena_dup(s->a, k->s, k->n < 80 ? k->n : 80);
    size_t n = utf8_valid_len(s->arg, strlen(s->arg)); /* the cut may have split a character */
    s->arg = arena_dup(s->a, s->arg, n);
    return fail(s, k->at, "json.duplicate_key");
}

/* The keys from first on belong to the object that just ended. Sorting, not hashing: nobody can
   choose keys that make it slow. */
static bool check_keys(Scan *s, size_t first)
{
    Key *k = s->keys + first;
    size_t n = s->n_keys - first;
    s->n_keys = first;
    if (n <= FEW_KEYS) {
        for (size_t i = 1; i < n; i++)
            for (size_t j = 0; j < i; j++)
                if (same_key(&k[i], &k[j]))
                    return twice(s, &k[i]);
        return true;
    }
    qsort(k, n, sizeof *k, by_key);
    for (size_t i = 1; i < n; i++)
        if (same_key(&k[i], &k[i - 1]))
            return twice(s, &k[i]);
    return true;
}

static void key_push(Scan *s, const Key *k)
{
    if (s->n_keys == s->cap_keys) {
        size_t cap = s->cap_keys ? s->cap_keys * 2 : 32;
        Key *more = ARENA_ARRAY(s->a, cap, Key);
        if (s->n_keys)
            memcpy(more, s->keys, s->n_keys * sizeof *more);
        s->keys = more;
        s->cap_keys = cap;
    }
    s->keys[s->n_keys++] = *k;
}

static bool scan_value(Scan *s);

/* Behind an item: a comma or the closing bracket. *more says which. */
static bool scan_separator(Scan *s, char close, bool *more)
{
    if (!skip(s))
        return false;
    int ch = peek(s);
    if (ch == ',') {
        const char *comma = s->p++;
        if (!skip(s))
            return false;
        if (peek(s) != close) {
            *more = true;
            return true;
        }
        if (!s->clean)
            return fail(s, comma, "json.trailing_comma");
        blank(s, comma, comma + 1);
        ch = (unsigned char)close;
    }
    if (ch != close)
        return fail(s, s->p, ch < 0 ? "json.unclosed" : "json.expected_comma");
    s->p++;
    *more = false;
    return true;
}

/* The key and its colon; s->p then stands on the value. */
static bool scan_key(Scan *s, Key *k)
{
    if (peek(s) != '"')
        return fail(s, s->p, peek(s) < 0 ? "json.unclosed" : "json.expected_key");
    if (!scan_string(s, k) || !skip(s))
        return false;
    if (peek(s) != ':')
        return fail(s, s->p, peek(s) < 0 ? "json.unclosed" : "json.expected_colon");
    s->p++;
    return skip(s);
}

static bool scan_object(Scan *s)
{
    size_t first = s->n_keys;
    s->p++;
    if (!skip(s))
        return false;
    if (peek(s) == '}') {
        s->p++;
        return true;
    }
    for (bool more = true; more;) {
        Key k;
        if (!scan_key(s, &k))
            return false;
        key_push(s, &k);
        if (!scan_value(s) || !scan_separator(s, '}', &more))
            return false;
    }
    return check_keys(s, first);
}

static bool scan_array(Scan *s)
{
    s->p++;
    if (!skip(s))
        return false;
    if (peek(s) == ']') {
        s->p++;
        return true;
    }
    for (bool more = true; more;)
        if (!scan_value(s) || !scan_separator(s, ']', &more))
            return false;
    return true;
}

static bool scan_word(Scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
        return fail(s, s->p, "json.expected_value");
    s->p += n;
    return true;
}

static bool scan_value(Scan *s)
{
    int ch = peek(s);
    switch (ch) {
    case '{':
    case '[':
        if (s->depth == JSON_DEPTH) {
            s->arg = "32";
            return fail(s, s->p, "json.too_deep");
        }
        s->depth++;
        if (!(ch == '{' ? scan_object(s) : scan_array(s)))
            return false;
        s->depth--;
        return true;
    case '"': return scan_string(s, NULL);
    case 't': return scan_word(s, "true");
    case 'f': return scan_word(s, "false");
    case 'n': return scan_word(s, "null");
    case -1: return fail(s, s->p, s->depth ? "json.unclosed" : "json.expected_value");
    case 0: return fail(s, s->p, "json.nul");
    default:
        if (ch == '-' || is_digit(ch))
            return scan_number(s);
        return fail(s, s->p, "json.expected_value");
    }
}

static bool scan_all(Scan *s)
{
    if (s->clean && s->end - s->p >= 3 && memcmp(s->p, "\xEF\xBB\xBF", 3) == 0) {
        blank(s, s->p, s->p + 3); /* editors on Windows put it there */
        s->p += 3;
    }
    if (!skip(s) || !scan_value(s) || !skip(s))
        return false;
    if (s->p < s->end)
        return fail(s, s->p, "json.trailing_text");
    return true;
}

static bool refuse(Ctx *c, const Scan *s)
{
    int64_t line = 1;
    const char *start = s->text;
    for (const char *q = s->text; q < s->at; q++)
        if (*q == '\n') {
            line++;
            start = q + 1;
        }
    int64_t column = (int64_t)utf8_count_n(start, (size_t)(s->at - start)) + 1;
    const char *args[] = {s->arg, NULL};
    const char *what = msg_format(c->a, c->lang, s->what, args);
    return ctx_fail(c, ERR_JSON, NULL, "err.json", ctx_num(c, line), ctx_num(c, column), what);
}

static void put(void *o)
{
    json_object_put(o);
}

/* The thread's own tokener, made once: it takes a large piece of memory, and every body with JSON needs one. */
static pthread_key_t tokener_key;
static pthread_once_t tokener_once = PTHREAD_ONCE_INIT;

static void tokener_end(void *tok)
{
    json_tokener_free(tok);
}

static void tokener_make_key(void)
{
    if (pthread_key_create(&tokener_key, tokener_end))
        abort();
}

static json_tokener *tokener(void)
{
    pthread_once(&tokener_once, tokener_make_key);
    json_tokener *tok = pthread_getspecific(tokener_key);
    if (tok) {
        json_tokener_reset(tok);
        return tok;
    }
    tok = json_tokener_new_ex(JSON_DEPTH + 2);
    if (!tok || pthread_setspecific(tokener_key, tok))
        abort();
    json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
    return tok;
}

static bool parse(Ctx *c, Scan *s, json_object **out)
{
    if (!scan_all(s))
        return refuse(c, s);
    const char *text = s->clean ? s->clean : s->text;
    size_t len = (size_t)(s->end - s->text);
    if (len >= INT32_MAX) {
        s->what = "json.unclosed";
        s->at = s->text;
        return refuse(c, s);
    }
    json_tokener *tok = tokener();
    json_object *o = json_tokener_parse_ex(tok, text, (int)len);
    enum json_tokener_error err = json_tokener_get_error(tok);
    if (err == json_tokener_continue) /* a bare number waits for what ends it */
        o = json_tokener_parse_ex(tok, "", 1), err = json_tokener_get_error(tok);
    if (err != json_tokener_success) {
        json_object_put(o);
        s->what = "json.expected_value"; /* our scan and json-c disagree: refuse, never guess */
        s->at = s->text;
        return refuse(c, s);
    }
    if (o)
        arena_defer(c->a, put, o);
    *out = o;
    return true;
}

bool json_read(Ctx *c, const char *text, size_t len, json_object **out)
{
    Scan s = {.text = text, .p = text, .end = text + len, .a = c->a};
    return parse(c, &s, out);
}

void json_read_end(Ctx *c, json_object *o)
{
    if (o)
        arena_settle(c->a, put, o);
}

bool json_read_relaxed(Ctx *c, const char *text, size_t len, json_object **out)
{
    Scan s = {.text = text, .p = text, .end = text + len, .a = c->a};
    s.clean = arena_dup(c->a, text, len);
    return parse(c, &s, out);
}

size_t json_length(json_object *list)
{
    return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

json_object *json_member(json_object *o, const char *key)
{
    json_object *v = NULL;
    if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &v))
        return NULL;
    return v;
}

const char *json_str(json_object *o, const char *key, const char *dflt)
{
    json_object *v = json_member(o, key);
    return v ? json_object_get_string(v) : dflt;
}

int64_t json_int(json_object *o, const char *key, int64_t dflt)
{
    json_object *v = json_member(o, key);
    return v ? json_object_get_int64(v) : dflt;
}

bool json_flag(json_object *o, const char *key, bool dflt)
{
    json_object *v = json_member(o, key);
    return v ? json_object_get_boolean(v) : dflt;
}

static const char *type_word(Ctx *c, json_type t)
{
    static const char *const keys[] = {
        [json_type_boolean] = "json.type_boolean", [json_type_double] = "json.type_number",
        [json_type_int] = "json.type_integer",     [json_type_object] = "json.type_object",
        [json_type_array] = "json.type_array",     [json_type_string] = "json.type_string",
    };
    return msg_text(c->lang, keys[t]);
}

bool json_want(Ctx *c, json_object *o, const JsonWant *want)
{
    int before = c->n_err;
    if (!json_object_is_type(o, json_type_object))
        return ctx_fail(c, ERR_TYPE, NULL, "err.type", type_word(c, json_type_object));
    for (const JsonWant *w = want; w->key; w++) {
        json_object *v = json_member(o, w->key);
        json_type t = json_object_get_type(v);
        if (!v) {
            if (w->required)
                ctx_fail(c, ERR_REQUIRED, w->key, "err.required");
        } else if (w->type != json_type_null && t != w->type &&
                   !(w->type == json_type_double && t == json_type_int)) {
            ctx_fail(c, ERR_TYPE, w->key, "err.type", type_word(c, w->type));
        }
    }
    json_object_object_foreach(o, key, val)
    {
        (void)val;
        const JsonWant *w = want;
        while (w->key && strcmp(w->key, key) != 0)
            w++;
        if (!w->key)
            ctx_fail(c, ERR_UNKNOWN_FIELD, key, "err.unknown_field", key);
    }
    return c->n_err == before;
}

static int line_at(const Scan *s, const char *at)
{
    int line = 1;
    for (const char *q = s->text; q < at; q++)
        line += *q == '\n';
    return line;
}

/* Looks for path in the value at s->p; the line, or 0. */
static int find_line(Scan *s, const char *const *path)
{
    int open = peek(s);
    if (open != '{' && open != '[')
        return 0;
    char close = open == '{' ? '}' : ']';
    bool named = open == '{', more = true;
    int64_t index = 0;
    s->p++;
    if (!skip(s) || peek(s) == close)
        return 0;
    while (more) {
        Key k = {.at = s->p};
        if (named && !scan_key(s, &k))
            return 0;
        char *end = NULL;
        bool hit = named ? strlen(*path) == k.n && memcmp(*path, k.s, k.n) == 0
                         : strtoll(*path, &end, 10) == index && end != *path && !*end;
        if (hit)
            return path[1] ? find_line(s, path + 1) : line_at(s, k.at);
        if (!scan_value(s) || !scan_separator(s, close, &more))
            return 0;
        index++;
    }
    return 0;
}

int json_line_of(const char *text, const char *const *path)
{
    if (!path || !*path)
        return 1;
    Arena *a = arena_new(0);
    size_t len = strlen(text);
    Scan s = {.text = text, .p = text, .end = text + len, .a = a};
    s.clean = arena_dup(a, text, len);
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        s.p += 3;
    int line = skip(&s) ? find_line(&s, path) : 0;
    arena_free(a);
    return line;
}
