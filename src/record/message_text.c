/* Templates of messages. See message_text.h. */
#include "record/message_text.h"

#include <string.h>

#include "base/msg.h"
#include "db/db.h"

const char *const message_places[] = {"name",    "title",   "text", "link",
                                      "company", "minutes", "code", NULL};

static bool find_row(Ctx *c, const char *kind, const char *medium, const char *lang,
                     const char **subject, const char **body)
{
    DbVal p[] = {db_of_text(kind), db_of_text(medium),
                 db_of_text(strcmp(lang, "en") == 0 ? "en" : "zh-CN")};
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT \"subject\", \"body\" FROM \"message_template\" WHERE "
                             "\"kind\" = $1 AND \"medium\" = $2 AND \"language\" = $3 AND "
                             "\"enabled\" = 1 AND \"deleted_at\" IS NULL ORDER BY \"id\" LIMIT 1"),
                         p, 3);
    if (!r)
        return false;
    if (db_step(r)) {
        *subject = db_text_copy(c->a, r, 0);
        *body = db_text_copy(c->a, r, 1);
    }
    db_done(r);
    return c->n_err == mark;
}

bool message_text(Ctx *c, const char *kind, const char *medium, const char *lang,
                  const FillVar *vars, const char **subject, const char **body)
{
    const char *s = NULL, *b = NULL;
    if (!find_row(c, kind, medium, lang, &s, &b))
        return false;
    if (!s || !*s)
        s = msg_text(lang, arena_printf(c->a, "%s.%s.subject", medium, kind));
    if (!b || !*b)
        b = msg_text(lang, arena_printf(c->a, "%s.%s.body", medium, kind));
    *subject = fill_text(c->a, s, vars, FILL_LINE);
    *body = fill_text(c->a, b, vars, FILL_PLAIN);
    return true;
}
