/* Headers and cells of a stranger's table: normalising twice is normalising once; of several phones none is lost; pieces
   are joined to what they hold; days and bands are read without a crash. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/phone.h"
#include "record/import/impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void phones(Ctx *c, const char *text)
{
    ImpSpare spare = {0};
    int n;
    const char *one = imp_pick_phone(c, text, strlen(text) % 2, &spare);
    (void)phone_split(c->a, text, &n);
    if (!one || (spare.n && spare.n + 1 != (size_t)n && !(n == 1 && spare.n == 1)))
        abort();
}

static void join(Ctx *c, const char *text)
{
    size_t half = strlen(text) / 2;
    ImpPiece list[] = {{"姓", arena_dup(c->a, text, half)}, {"名", text + half}};
    for (int t = 0; t <= FT_TEXT; t++)
        if (strlen(imp_join(c, (FieldType)t, list, 2)) < strlen(text) && t != FT_REGION)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 400)
        return 0;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    const char *text = arena_dup(a, (const char *)data, size);
    const char *norm = imp_norm(a, text);
    if (strlen(imp_norm(a, norm)) > strlen(norm))
        abort();
    (void)imp_name_piece(a, text);
    (void)imp_in_wan(text);
    SheetCell cell = {.kind = SHEET_TEXT, .text = text};
    (void)imp_digits_lost(&cell);
    phones(&c, text);
    join(&c, text);
    Option bands[] = {{.code = "1-20"}, {.code = "21-50"}, {.code = "51+"}};
    Field f = {.name = "x", .options = bands, .n_options = 3};
    ImpColumn mdy = {.header = text, .dates = "mdy"}, dmy = {.header = text, .dates = "dmy"};
    if (!imp_word(&c, &mdy, &f, FT_DATETIME, text) || !imp_word(&c, &dmy, &f, FT_DATE, text) ||
        !imp_word(&c, &mdy, &f, FT_OPTION, text))
        abort();
    arena_free(a);
    return 0;
}
