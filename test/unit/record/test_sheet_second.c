/*
 * A second opinion: real and made workbooks, read by us and by openpyxl and xlrd (test/lib/second_opinion.py), must
 * have the same sheets, cells, merged ranges, hidden rows and columns. Where we differ on purpose, `differs` says why.
 */
#include "sheets.h"

typedef struct Lines {
    char **items;
    size_t n, cap;
} Lines;

/* What is not the same, line by line: theirs, ours (NULL: not there), and why ours is right. */
static const struct {
    const char *file, *theirs, *ours, *why;
} differs[] = {
    {"date_1904.xlsx", "C 3 0 d 1900-01-10 15:10:10", "C 3 0 d 1904-01-11 15:10:10",
     "a span of 255 hours ([h]:mm:ss) is none of our kinds: it stands as the instant that Excel "
     "shows for it"},
};

static void add(Arena *a, Lines *l, const char *text)
{
    if (l->n == l->cap) {
        char **more = ARENA_ARRAY(a, l->cap ? l->cap * 2 : 256, char *);
        if (l->n)
            memcpy(more, l->items, l->n * sizeof *more);
        l->items = more;
        l->cap = l->cap ? l->cap * 2 : 256;
    }
    l->items[l->n++] = arena_str(a, text);
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

/* ---- theirs ---------------------------------------------------------------------------------- */

/* Lines of a sheet get its number in front, so that all can be sorted. */
static void run(Arena *a, const char *word, const char *path, Lines *out)
{
    static char line[1 << 18];
    FILE *f = popen(
        arena_printf(
            a, "PYTHONIOENCODING=utf-8 /usr/bin/python3 '%s/test/lib/second_opinion.py' %s '%s'",
            ZK_SOURCE_DIR, word, path),
        "r");
    int sheet = -1;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        sheet += line[0] == 'S';
        add(a, out, arena_printf(a, "%d %s", sheet, line));
    }
    int status = pclose(f);
    if (status != 0)
        fail_msg("%s: second_opinion.py ended with %d (python3-openpyxl, python3-xlrd, "
                 "python3-xlwt are needed)",
                 path, status);
}

/* ---- ours ------------------------------------------------------------------------------------ */

typedef struct Ours {
    Arena *a;
    Lines *out;
    int sheet;
} Ours;

static char *plain(Arena *a, const char *s)
{
    Buf b;
    buf_init(&b, a);
    for (; *s; s++) {
        const char *at = strchr("\\\n\r\t", *s);
        if (at)
            buf_printf(&b, "\\%c", "\\nrt"[at - "\\\n\r\t"]);
        else
            buf_putc(&b, *s);
    }
    return b.data;
}

static bool on_row(void *user, const SheetRow *row)
{
    Ours *o = user;
    if (row->hidden)
        add(o->a, o->out, arena_printf(o->a, "%d H %lld", o->sheet, (long long)row->row));
    for (int i = 0; i < row->n; i++) {
        const SheetCell *c = &row->cells[i];
        if (c->kind != SHEET_BLANK && !c->uncached)
            add(o->a, o->out,
                arena_printf(o->a, "%d C %lld %d %c %s", o->sheet, (long long)row->row, i,
                             "_tndbe"[c->kind], plain(o->a, c->text)));
    }
    return true;
}

static void ours(Arena *a, const char *path, Lines *out)
{
    Ctx *c = fresh(a);
    SheetBook *b = NULL;
    if (!sheet_open(c, path, NULL, &b))
        fail_msg("%s: %s", path, c->err->message);
    for (int i = 0; i < sheet_count(b); i++) {
        const SheetInfo *s = sheet_info(b, i);
        Ours o = {.a = a, .out = out, .sheet = i};
        int n;
        add(a, out,
            arena_printf(a, "%d S %s %s", i, s->name,
                         s->very_hidden ? "veryHidden"
                         : s->hidden    ? "hidden"
                                        : "visible"));
        assert_true(sheet_read(b, i, on_row, &o));
        const SheetMerge *m = sheet_merges(b, &n);
        for (int k = 0; k < n; k++)
            add(a, out,
                arena_printf(a, "%d M %lld %lld %d %d", i, (long long)m[k].first_row,
                             (long long)m[k].last_row, m[k].first_col, m[k].last_col));
        for (int k = 0; k < 300; k++)
            if (sheet_column_hidden(b, k))
                add(a, out, arena_printf(a, "%d K %d", i, k));
    }
}

/* ---- comparing --------------------------------------------------------------------------------- */

static bool known(const char *file, const char *line, bool is_ours)
{
    const char *text = strchr(line, ' ') + 1;
    for (size_t i = 0; i < sizeof differs / sizeof *differs; i++) {
        const char *want = is_ours ? differs[i].ours : differs[i].theirs;
        if (strcmp(differs[i].file, file) == 0 && want && strcmp(want, text) == 0)
            return true;
    }
    return false;
}

/* A hidden row without a cell is no row for us. */
static bool counts(const Lines *mine, const char *line)
{
    int sheet;
    long long row;
    char start[64];
    if (sscanf(line, "%d H %lld", &sheet, &row) != 2)
        return true;
    int n = snprintf(start, sizeof start, "%d C %lld ", sheet, row);
    for (size_t i = 0; i < mine->n; i++)
        if (strncmp(mine->items[i], start, (size_t)n) == 0)
            return true;
    return false;
}

static int compare(const char *path)
{
    Arena *a = arena_new(0);
    Lines mine = {0}, theirs = {0};
    const char *file = strrchr(path, '/') + 1;
    int wrong = 0;
    ours(a, path, &mine);
    run(a, "read", path, &theirs);
    assert_true(theirs.n > 1);
    qsort(mine.items, mine.n, sizeof *mine.items, by_text);
    qsort(theirs.items, theirs.n, sizeof *theirs.items, by_text);
    for (size_t i = 0, k = 0; i < mine.n || k < theirs.n;) {
        int order = i == mine.n ? 1 : k == theirs.n ? -1 : strcmp(mine.items[i], theirs.items[k]);
        if (order < 0 && !known(file, mine.items[i], true) && wrong++ < 20)
            print_error("%s ours   %.150s\n", file, mine.items[i]);
        if (order > 0 && !known(file, theirs.items[k], false) && counts(&mine, theirs.items[k]) &&
            wrong++ < 20)
            print_error("%s theirs %.150s\n", file, theirs.items[k]);
        i += order <= 0;
        k += order >= 0;
    }
    arena_free(a);
    return wrong;
}

static void real_files(void **state)
{
    (void)state;
    static const char *const files[] = {"12_wukong_template.xlsx",
                                        "13_dirty_numbers.xlsx",
                                        "14_multi_sheet.xls",
                                        "14_multi_sheet.xlsx",
                                        "1904.xls",
                                        "Test_BlankHeader.xlsx",
                                        "Test_FullWidthSpace.xlsx",
                                        "any_sheets.xlsx",
                                        "date_1904.xlsx",
                                        "inlineStr_cdata.xlsx",
                                        "made_long_strings.xlsx",
                                        "merged_range.xlsx",
                                        "phonetic_text.xlsx",
                                        "wps-fn.et",
                                        "wps-fn.xls",
                                        "wps-fn.xlsx"};
    /* xlrd 1.2 cannot read the .xls of made_long_strings; test_sheet_xls.c holds it against the .xlsx */
    int wrong = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, BOOKS "%s", files[i]);
        wrong += compare(path);
    }
    assert_int_equal(wrong, 0);
}

static void made_files(void **state)
{
    (void)state;
    static const char *const files[] = {"openpyxl0.xlsx", "openpyxl1.xlsx", "xlwt0.xls",
                                        "xlwt1.xls"};
    Arena *a = arena_new(0);
    Lines none = {0};
    int wrong = 0;
    run(a, "make", folder, &none);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        wrong += compare(arena_printf(a, "%s/%s", folder, files[i]));
    assert_int_equal(wrong, 0);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_files), cmocka_unit_test(made_files)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
