/*
 * Reading table files alone, without an import: bench_parse read FILE [child] prints rows, cells, milliseconds to the
 * first row and to the last, and the peak of anonymous memory (of the child, too); bench_parse head FILE ROWS stops
 * after some rows, as a preview does; bench_parse make FILE.(xlsx|csv|html|xml) ROWS [unique] makes a customer list
 * of 10 columns.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <xlsxwriter.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/msg.h"
#include "record/sheet/sheet.h"

enum { COLUMNS = 10 };

/* ---- making -------------------------------------------------------------------------------- */

static const char *const heads[COLUMNS] = {
    "客户名称", "统一社会信用代码", "行业",   "城市", "地址", "电话",
    "金额",     "签约日期",         "负责人", "备注"};

static void cells_of(long row, bool unique, char out[COLUMNS][96])
{
    static const char *const trades[] = {"软件", "制造", "餐饮", "物流", "教育"};
    static const char *const towns[] = {"北京市", "上海市", "广州市", "深圳市", "成都市", "武汉市"};
    (void)snprintf(out[0], 96, "%s第%ld信息技术有限公司", towns[row % 6], row);
    (void)snprintf(out[1], 96, "91330100MA%07ldX%ld", row, row % 10);
    (void)snprintf(out[2], 96, "%s", trades[row % 5]);
    (void)snprintf(out[3], 96, "%s", towns[row % 6]);
    (void)snprintf(out[4], 96, "人民路%ld号", unique ? row : row % 500);
    (void)snprintf(out[5], 96, "1380%07ld", row % 10000000);
    (void)snprintf(out[6], 96, "%ld.%02ld", row % 90000 + 1000, row % 100);
    (void)snprintf(out[7], 96, "2024-%02ld-%02ld", row % 12 + 1, row % 28 + 1);
    (void)snprintf(out[8], 96, "员工%ld", row % 40);
    (void)snprintf(out[9], 96, "备注 %ld <a&b>", unique ? row : row % 3000);
}

static void escape(FILE *f, const char *s)
{
    for (; *s; s++)
        fputs(*s == '<' ? "&lt;" : *s == '&' ? "&amp;" : (char[]){*s, 0}, f);
}

static int make_text(const char *path, const char *kind, long rows, bool unique)
{
    FILE *f = fopen(path, "wb");
    char cells[COLUMNS][96];
    bool html = strcmp(kind, "html") == 0, xml = strcmp(kind, "xml") == 0;
    if (!f)
        return 1;
    if (html)
        fputs("<html><meta charset=utf-8><table>\n", f);
    if (xml)
        fputs("<?xml version=\"1.0\"?><Workbook "
              "xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" "
              "xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\"><Worksheet ss:Name=\"a\">"
              "<Table>\n",
              f);
    for (long r = 0; r <= rows; r++) {
        cells_of(r, unique, cells);
        fputs(html ? "<tr>" : xml ? "<Row>" : "", f);
        for (int i = 0; i < COLUMNS; i++) {
            const char *text = r ? cells[i] : heads[i];
            fputs(html  ? "<td>"
                  : xml ? i == 6 && r ? "<Cell><Data ss:Type=\"Number\">"
                                      : "<Cell><Data ss:Type=\"String\">"
                  : i   ? ","
                        : "",
                  f);
            if (html || xml)
                escape(f, text);
            else
                fputs(text, f);
            fputs(html ? "</td>" : xml ? "</Data></Cell>" : "", f);
        }
        fputs(html ? "</tr>\n" : xml ? "</Row>\n" : "\r\n", f);
    }
    fputs(html ? "</table></html>" : xml ? "</Table></Worksheet></Workbook>" : "", f);
    return fclose(f) != 0;
}

static int make_xlsx(const char *path, long rows, bool unique)
{
    lxw_workbook *book = workbook_new(path);
    lxw_worksheet *sheet = workbook_add_worksheet(book, NULL);
    lxw_format *day = workbook_add_format(book);
    char cells[COLUMNS][96];
    format_set_num_format(day, "yyyy-mm-dd");
    for (lxw_row_t r = 0; r <= (lxw_row_t)rows; r++) {
        cells_of(r, unique, cells);
        for (lxw_col_t i = 0; i < COLUMNS; i++)
            if (r && i == 6)
                worksheet_write_number(sheet, r, i, strtod(cells[i], NULL), NULL);
            else if (r && i == 7)
                worksheet_write_number(sheet, r, i, 45292 + r % 365, day);
            else
                worksheet_write_string(sheet, r, i, r ? cells[i] : heads[i], NULL);
    }
    return workbook_close(book) != LXW_NO_ERROR;
}

static int make(int n, char **v)
{
    const char *dot = strrchr(v[0], '.');
    long rows = strtol(v[1], NULL, 10);
    bool unique = n > 2 && strcmp(v[2], "unique") == 0;
    if (dot && strcmp(dot, ".xlsx") == 0)
        return make_xlsx(v[0], rows, unique);
    return make_text(v[0], dot ? dot + 1 : "csv", rows, unique);
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct Seen {
    long rows, most;
    int64_t cells, bytes, first_ms;
} Seen;

static bool on_row(void *user, const SheetRow *row)
{
    Seen *s = user;
    if (!s->rows++)
        s->first_ms = clock_mono_ms();
    s->cells += row->n;
    for (int i = 0; i < row->n; i++)
        s->bytes += (int64_t)strlen(row->cells[i].text);
    return !s->most || s->rows < s->most;
}

/* kB of a line of /proc/PID/status */
static long status_kb(const char *file, const char *name)
{
    FILE *f = fopen(file, "r");
    char line[256];
    long kb = 0;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0)
            kb = strtol(line + strlen(name), NULL, 10);
    if (f)
        (void)fclose(f);
    return kb;
}

static int read_it(const char *path, long most, bool child)
{
    Arena *a = arena_new(0);
    Ctx c;
    SheetBook *b;
    Seen s = {.most = most};
    struct rusage own, theirs;
    ctx_init(&c, a);
    if (!msg_load() || !conf_load(&c, NULL, NULL))
        return 1;
    if (child)
        child_program("/proc/self/exe");
    int64_t begin = clock_mono_ms();
    bool ok = sheet_open(&c, path, NULL, &b);
    int64_t opened = clock_mono_ms();
    ok = ok && (sheet_read(b, 0, on_row, &s) || most);
    int64_t end = clock_mono_ms();
    if (!ok || c.n_err) {
        fprintf(stderr, "%s\n", c.err ? c.err->message : "?");
        return 1;
    }
    long anon = status_kb("/proc/self/status", "RssAnon:");
    arena_free(a);
    (void)getrusage(RUSAGE_SELF, &own);
    (void)getrusage(RUSAGE_CHILDREN, &theirs);
    printf("{\"rows\":%ld,\"cells\":%lld,\"bytes\":%lld,\"open_ms\":%lld,\"first_ms\":%lld,"
           "\"ms\":%lld,\"anon_kb\":%ld,\"max_kb\":%ld,\"child_max_kb\":%ld}\n",
           s.rows, (long long)s.cells, (long long)s.bytes, (long long)(opened - begin),
           (long long)(s.first_ms - begin), (long long)(end - begin), anon, own.ru_maxrss,
           theirs.ru_maxrss);
    return 0;
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && strcmp(argv[1], "read-sheet") == 0)
        sheet_child();
    if (argc >= 4 && strcmp(argv[1], "make") == 0)
        return make(argc - 2, argv + 2);
    if (argc >= 3 && strcmp(argv[1], "read") == 0)
        return read_it(argv[2], 0, argc > 3);
    if (argc >= 4 && strcmp(argv[1], "head") == 0)
        return read_it(argv[2], strtol(argv[3], NULL, 10), true);
    fprintf(stderr, "bench_parse read FILE [child] | head FILE ROWS | make FILE ROWS [unique]\n");
    return 2;
}
