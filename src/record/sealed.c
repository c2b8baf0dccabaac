/* Rows with something under seal. See sealed.h. */
#include "record/sealed.h"

#include <string.h>

#include "db/sql.h"
#include "record/outbox.h"

static bool read_column(Ctx *c, SealedText like, SealedTexts *out)
{
    Sql q;
    size_t skip = strlen(like.prefix);
    int mark = c->n_err;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    sql_col(&q, "t", "id");
    sql_add(&q, SQL(", "));
    sql_col(&q, "t", like.column);
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, like.e->name);
    sql_add(&q, SQL(" AS t WHERE "));
    sql_col(&q, "t", like.column);
    sql_add(&q, SQL(" LIKE "));
    sql_bind(&q, db_of_text(arena_printf(c->a, "%s%%", like.prefix)));
    sql_add(&q, SQL(" ORDER BY t.\"id\" ASC"));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        const char *text = db_text_copy(c->a, r, 1);
        if (strncmp(text, like.prefix, skip) != 0)
            continue;
        like.id = db_int(r, 0);
        like.text = text + skip;
        vec_push(c->a, out, like);
    }
    db_done(r);
    return c->n_err == mark;
}

bool sealed_texts(Ctx *c, SealedTexts *out)
{
    *out = (SealedTexts){0};
    for (int i = 0; i < c->model->n; i++) {
        const Entity *e = &c->model->entities[i];
        for (int k = 0; k < e->n_fields; k++) {
            const Field *f = &e->fields[k];
            SealedText like = {.e = e, .column = f->column, .label = e->name, .prefix = ""};
            if (f->column && field_sealed(e, f) && !read_column(c, like, out))
                return false;
        }
    }
    const Entity *delivery = model_entity(c->model, "delivery");
    return read_column(
        c,
        (SealedText){.e = delivery, .column = "text", .label = "letter", .prefix = OUTBOX_SEALED},
        out);
}

bool sealed_put(Ctx *c, const SealedText *s, const char *text)
{
    Sql q;
    bool letter = *s->prefix != 0;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE "));
    sql_name(&q, s->e->name);
    sql_add(&q, SQL(" SET "));
    sql_name(&q, s->column);
    sql_add(&q, SQL(" = "));
    sql_bind(&q, text ? db_of_text(arena_printf(c->a, "%s%s", s->prefix, text)) : db_null());
    if (letter && !text)
        sql_add(&q, SQL(", \"state\" = CASE WHEN \"state\" IN ('waiting', 'sending') THEN 'dead' "
                        "ELSE \"state\" END, \"next_at\" = NULL"));
    sql_add(&q, SQL(" WHERE \"id\" = "));
    sql_bind(&q, db_of_int(s->id));
    sql_add(&q, SQL(" AND "));
    sql_name(&q, s->column);
    sql_add(&q, SQL(" = "));
    sql_bind(&q, db_of_text(arena_printf(c->a, "%s%s", s->prefix, s->text)));
    return sql_exec(c, &q) && (letter || db_change(c, s->e->name, s->id));
}
