/* A check in figures. See summary.h. */
#include "record/import/summary.h"

#include "base/msg.h"

enum { FAULTS_MOST = 500 };

const char *imp_sheet_name(const Imp *imp, int index)
{
    for (int i = 0; i < imp->n; i++)
        if (imp->sheets[i].index == index)
            return imp->sheets[i].name;
    return "";
}

static bool faults(Ctx *c, const Imp *imp, ImpSummary *out)
{
    DbVal p[] = {db_of_int(imp->id), db_of_int(FAULTS_MOST)};
    DbRows *r =
        db_query(c,
                 SQL("SELECT \"sheet\", coalesce(\"col\", -1), coalesce(\"header\", ''), \"code\", "
                     "COUNT(*), "
                     "MIN(\"row\"), MIN(\"message\") FROM \"import_row_error\" WHERE \"import_id\" "
                     "= $1 AND \"kind\" IS NULL "
                     "GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 4 LIMIT $2"),
                 p, 2);
    if (!r)
        return false;
    out->faults = ARENA_ARRAY(c->a, FAULTS_MOST, ImpFault);
    while (db_step(r))
        out->faults[out->n++] = (ImpFault){.sheet = (int)db_int(r, 0),
                                           .column = (int)db_int(r, 1),
                                           .header = arena_str(c->a, db_text(r, 2)),
                                           .code = arena_str(c->a, db_text(r, 3)),
                                           .count = db_int(r, 4),
                                           .first_row = db_int(r, 5),
                                           .message = arena_str(c->a, db_text(r, 6))};
    db_done(r);
    return c->n_err == 0;
}

bool imp_summary(Ctx *c, const Imp *imp, ImpSummary *out)
{
    DbVal id[] = {db_of_int(imp->id)}, owner[] = {db_of_int(imp->owner)};
    *out = (ImpSummary){.person = ""};
    return db_one_text(c, SQL("SELECT \"name\" FROM \"user\" WHERE \"id\" = $1"), owner, 1,
                       &out->person, NULL) &&
           db_one_int(
               c,
               SQL("SELECT COUNT(*) FROM (SELECT DISTINCT \"sheet\", \"row\" FROM "
                   "\"import_row_error\" WHERE \"import_id\" = $1 AND \"kind\" IS NULL) AS x"),
               id, 1, &out->refused, NULL) &&
           faults(c, imp, out);
}

bool import_report(Ctx *c, int64_t id, Buf *out)
{
    Imp imp;
    ImpSummary sum;
    Jw w;
    if (!imp_load(c, id, &imp) || !imp_summary(c, &imp, &sum))
        return false;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kint(&w, "id", id);
    jw_kstr(&w, "file_name", imp.file_name);
    jw_kstr(&w, "state", imp.state);
    jw_kstr(&w, "person", sum.person);
    jw_kraw(&w, "counts", imp.counts ? imp.counts : "{}");
    jw_kint(&w, "refused", sum.refused);
    jw_key(&w, "errors");
    jw_arr(&w);
    for (int i = 0; i < sum.n; i++) {
        const ImpFault *f = &sum.faults[i];
        jw_obj(&w);
        jw_kstr(&w, "sheet", imp_sheet_name(&imp, f->sheet));
        if (f->column < 0)
            jw_kstr(&w, "column", NULL);
        else
            jw_kint(&w, "column", f->column);
        jw_kstr(&w, "header", *f->header ? f->header : NULL);
        jw_kstr(&w, "code", f->code);
        jw_kint(&w, "count", f->count);
        jw_kint(&w, "first_row", f->first_row);
        jw_kstr(&w, "message", f->message);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return c->n_err == 0;
}
