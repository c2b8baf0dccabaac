/* Rows as an answer of the API. See list.h. */
#include "db/list.h"

bool db_list_json(Ctx *c, DbRows *r, int limit, bool (*write)(Ctx *c, Jw *w, DbRows *r), Buf *out)
{
    int errs = c->n_err, n = 0;
    int64_t last = 0;
    bool ok = true, more = false;
    Jw w;
    if (!r)
        return false;
    jw_list(&w, out);
    while (ok && !more && db_step(r)) {
        if (limit && n == limit) {
            more = true;
        } else {
            last = db_int(r, 0);
            ok = write(c, &w, r);
            n++;
        }
    }
    db_done(r);
    jw_end(&w);
    if (limit)
        jw_kstr(&w, "next_cursor", more ? ctx_num(c, last) : NULL);
    jw_end(&w);
    return ok && c->n_err == errs;
}
