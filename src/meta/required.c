/* Fields required by a setting. See required.h. */
#include "meta/required.h"

#include <string.h>

#include "base/buf.h"
#include "base/conf.h"

static const char *const no_words[] = {NULL};

static const char *const *words_of(const Field *f)
{
    return f->required_by ? conf_list(f->required_by) : no_words;
}

/* The value in "value.field", as a span; false where the word is for another field or has no value. */
static bool value_of(const char *word, const Field *f, size_t *n)
{
    const char *dot = strchr(word, '.');
    if (!dot || strcmp(dot + 1, f->name) != 0)
        return false;
    *n = (size_t)(dot - word);
    return true;
}

static bool has_option(const Field *f, const char *code, size_t n)
{
    for (int i = 0; f->type == FT_OPTION && i < f->n_options; i++)
        if (strlen(f->options[i].code) == n && memcmp(f->options[i].code, code, n) == 0)
            return true;
    return false;
}

bool field_required(const Field *f)
{
    const char *const *word = words_of(f);
    for (; *word; word++)
        if (strcmp(*word, f->name) == 0)
            return true;
    return f->required;
}

bool field_required_kind(const Field *f, const DbVal *values)
{
    size_t n;
    for (const char *const *word = words_of(f); *word; word++)
        for (int i = 0; value_of(*word, f, &n) && i < f->entity->n_fields; i++) {
            const DbVal *v = &values[i];
            if (f->entity->fields[i].type == FT_OPTION && v->kind == DB_TEXT && v->n == n &&
                memcmp(v->s, *word, n) == 0)
                return true;
        }
    return false;
}

const char *field_required_if(Arena *a, const Field *f)
{
    Buf b;
    size_t n;
    int leaves = 0;
    buf_init(&b, a);
    buf_puts(&b, "[\"or\"");
    for (const char *const *word = words_of(f); *word; word++)
        for (int i = 0; value_of(*word, f, &n) && i < f->entity->n_fields; i++) {
            const Field *by = &f->entity->fields[i];
            if (!has_option(by, *word, n))
                continue;
            /* both come from declarations: letters, digits, underscores */
            buf_printf(&b, ",[\"%s\",\"=\",\"%.*s\"]", by->name, (int)n, *word);
            leaves++;
        }
    buf_puts(&b, "]");
    return leaves ? b.data : NULL;
}

uint64_t model_required_digest(const Model *m)
{
    uint64_t h = 1469598103934665603u;
    for (int i = 0; i < m->n; i++)
        for (int k = 0; k < m->entities[i].n_fields; k++) {
            const char *name = m->entities[i].fields[k].required_by;
            const char *value = name ? conf_value(conf_find(name), NULL) : "";
            for (; *value; value++) {
                h ^= (unsigned char)*value;
                h *= 1099511628211u;
            }
        }
    return h;
}
