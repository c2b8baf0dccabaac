/* What stands in a file, row by row, as another encoding or delimiter would read it. See import.h. */
#include <string.h>

#include "base/fold.h"
#include "base/utf8.h"
#include "record/attach.h"
#include "record/import/impl.h"

enum { PREVIEW_ROWS = 100, PREVIEW_CELLS = 200, PREVIEW_TEXT = 200 };

typedef struct Preview {
    Ctx *c;
    Jw *w;
    int64_t from, left;
} Preview;

static bool show_row(void *user, const SheetRow *row)
{
    Preview *p = user;
    if (row->row < p->from)
        return true;
    jw_obj(p->w);
    jw_kint(p->w, "row", row->row);
    jw_key(p->w, "cells");
    jw_arr(p->w);
    for (int i = 0; i < row->n && i < PREVIEW_CELLS; i++) {
        char *text = fold_clean(p->c->a, row->cells[i].text);
        text[utf8_clip(text, PREVIEW_TEXT)] = 0;
        jw_str(p->w, text);
    }
    jw_end(p->w);
    jw_end(p->w);
    return --p->left > 0;
}

bool import_preview(Ctx *c, int64_t id, const ImportPreview *in, Buf *out)
{
    Imp imp;
    AttachFile f;
    SheetBook *b;
    Jw w;
    if (!imp_load(c, id, &imp))
        return false;
    bool encoding = in->encoding && *in->encoding, mark = in->delimiter && *in->delimiter;
    SheetOptions o = {.encoding = encoding ? in->encoding : imp.encoding,
                      .delimiter = imp.delimiter};
    if (mark && !imp_delimiter(c, in->delimiter, &o.delimiter))
        return false;
    if (in->sheet < 0 || in->sheet >= imp.n)
        return ctx_fail(c, ERR_INVALID, "sheet", "err.import.sheet", ctx_num(c, in->sheet));
    if (encoding && !mark)
        o.delimiter = 0; /* read wrongly it may have been found wrongly */
    if (!attach_path(c, imp.file, &f) || !sheet_open(c, f.path, &o, &b))
        return false;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "encoding", sheet_encoding(b));
    jw_kstr(&w, "rule", sheet_rule(b));
    char delimiter[2] = {sheet_delimiter(b), 0};
    jw_kstr(&w, "delimiter", *delimiter ? delimiter : NULL);
    jw_key(&w, "rows");
    jw_arr(&w);
    Preview p = {.c = c,
                 .w = &w,
                 .from = in->from > 0 ? in->from : 1,
                 .left = in->limit > 0 && in->limit < PREVIEW_ROWS ? in->limit : PREVIEW_ROWS};
    int before = c->n_err;
    (void)sheet_read(b, imp.sheets[in->sheet].index, show_row, &p);
    jw_end(&w);
    jw_end(&w);
    sheet_close(b);
    return c->n_err == before;
}
