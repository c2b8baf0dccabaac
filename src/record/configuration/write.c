/*
 * The canonical text of a document: two blanks a level, a value on one line where it fits into 100 columns, members in the
 * order of the entity files, UTF-8 as it is. The same document is the same bytes everywhere.
 */
#include <string.h>

#include "record/configuration/impl.h"

enum { WIDTH = 100 };

static void blanks(Buf *b, int n)
{
    for (int i = 0; i < n; i++)
        buf_puts(b, "  ");
}

/* A value on one line: [1, {"a": 2}] */
static void line(Buf *b, json_object *v)
{
    bool first = true;
    if (json_object_is_type(v, json_type_array)) {
        buf_putc(b, '[');
        for (size_t i = 0; i < json_object_array_length(v); i++) {
            if (i)
                buf_puts(b, ", ");
            line(b, json_object_array_get_idx(v, i));
        }
        buf_putc(b, ']');
    } else if (json_object_is_type(v, json_type_object)) {
        buf_putc(b, '{');
        json_object_object_foreach(v, name, it)
        {
            Jw w;
            if (!first)
                buf_puts(b, ", ");
            first = false;
            jw_init(&w, b);
            jw_str(&w, name);
            buf_puts(b, ": ");
            line(b, it);
        }
        buf_putc(b, '}');
    } else if (json_object_is_type(v, json_type_string)) {
        Jw w;
        jw_init(&w, b);
        jw_strn(&w, json_object_get_string(v), (size_t)json_object_get_string_len(v));
    } else {
        buf_puts(b, json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN));
    }
}

static void put(Buf *b, json_object *v, int level, size_t column)
{
    size_t start = b->len, n = 0, i = 0;
    bool object = json_object_is_type(v, json_type_object),
         list = json_object_is_type(v, json_type_array);
    line(b, v);
    if ((!object && !list) || column + (b->len - start) <= WIDTH)
        return;
    b->len = start;
    b->data[start] = 0;
    if (list) {
        n = json_object_array_length(v);
        buf_puts(b, "[\n");
        for (i = 0; i < n; i++) {
            blanks(b, level + 1);
            put(b, json_object_array_get_idx(v, i), level + 1, (size_t)level * 2 + 2);
            buf_puts(b, i + 1 < n ? ",\n" : "\n");
        }
        blanks(b, level);
        buf_putc(b, ']');
        return;
    }
    n = (size_t)json_object_object_length(v);
    buf_puts(b, "{\n");
    json_object_object_foreach(v, name, it)
    {
        Jw w;
        blanks(b, level + 1);
        size_t from = b->len - (size_t)level * 2 - 2;
        jw_init(&w, b);
        jw_str(&w, name);
        buf_puts(b, ": ");
        put(b, it, level + 1, b->len - from);
        buf_puts(b, ++i < n ? ",\n" : "\n");
    }
    blanks(b, level);
    buf_putc(b, '}');
}

/* A row, always over several lines: what changed shows in any tool that compares lines. */
static void put_item(Buf *b, const CfgItem *x)
{
    int i = 0, n = json_object_object_length(x->body);
    buf_puts(b, "      {\n");
    json_object_object_foreach(x->body, name, it)
    {
        Jw w;
        buf_puts(b, "        ");
        size_t from = b->len - 8;
        jw_init(&w, b);
        jw_str(&w, name);
        buf_puts(b, ": ");
        put(b, it, 4, b->len - from);
        buf_puts(b, ++i < n ? ",\n" : "\n");
    }
    buf_puts(b, "      }");
}

bool cfg_write(Ctx *c, const CfgDoc *d, bool files, Buf *b)
{
    bool first = true;
    buf_puts(b, "{\n  \"zhike\": \"configuration\",\n  \"format\": 1");
    if (d->settings_given) {
        buf_puts(b, ",\n  \"settings\": ");
        if (json_object_object_length(d->settings))
            put(b, d->settings, 1, WIDTH);
        else
            buf_puts(b, "{}");
    }
    buf_puts(b, ",\n  \"records\": {");
    for (int i = 0; i < d->n; i++) {
        const CfgPart *p = &d->parts[i];
        if (!p->given)
            continue;
        buf_puts(b, first ? "\n    \"" : ",\n    \"");
        first = false;
        buf_puts(b, p->e->name);
        buf_puts(b, p->n ? "\": [\n" : "\": []");
        for (int k = 0; k < p->n; k++) {
            put_item(b, &p->items[k]);
            buf_puts(b, k + 1 < p->n ? ",\n" : "\n    ]");
        }
    }
    buf_puts(b, first ? "}" : "\n  }");
    if (files && !cfg_files_write(c, d, b))
        return false;
    buf_puts(b, "\n}\n");
    return true;
}
