/*
 * Word templates, measured: `bench_docx ROWS` fills a document whose table row repeats ROWS times with six values each, in this process
 * as the locked-up child does it. Twice; prints the processor time of each, the most memory the process had, and the size of the file.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/msg.h"
#include "record/print/docx_impl.h"

enum { COLUMNS = 6 };

#define W "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\""
#define TYPES                                                                                      \
    "<Types><Override PartName=\"/word/document.xml\" ContentType=\"application/"                  \
    "vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>"

static const char *const paths[COLUMNS] = {"name", "title", "mobile", "email", "owner", "remark"};

static bool count(void *arg, const char *bytes, size_t n)
{
    (void)bytes;
    *(int64_t *)arg += (int64_t)n;
    return true;
}

static bool into(void *arg, const char *bytes, size_t n)
{
    buf_add(arg, bytes, n);
    return true;
}

static Buf template(Arena *a)
{
    Buf body, out;
    buf_init(&body, a);
    buf_init(&out, a);
    buf_puts(&body, "<w:document " W "><w:body><w:tbl><w:tr>");
    for (int i = 0; i < COLUMNS; i++)
        buf_printf(&body,
                   "<w:tc><w:tcPr><w:tcW w:w=\"1500\" w:type=\"dxa\"/></w:tcPr><w:p><w:pPr>"
                   "<w:spacing w:after=\"0\"/></w:pPr><w:r><w:rPr><w:sz w:val=\"18\"/></w:rPr>"
                   "<w:t>%s{{</w:t></w:r><w:r><w:t>%s}}%s</w:t></w:r></w:p></w:tc>",
                   i ? "" : "{{#rows}}", paths[i], i == COLUMNS - 1 ? "{{/rows}}" : "");
    buf_puts(&body, "</w:tr></w:tbl></w:body></w:document>");
    DocxOut *o = docx_out_new(a, 0, into, &out);
    docx_out_whole(o, "[Content_Types].xml", TYPES, strlen(TYPES));
    docx_out_whole(o, "word/document.xml", body.data, body.len);
    docx_out_close(o);
    return out;
}

static int64_t fill(int rows)
{
    Ctx c;
    FillData d;
    int64_t bytes = 0;
    ctx_init(&c, arena_new(0));
    Buf in = template(c.a);
    fill_data_init(&d, c.a);
    FillList *l = fill_data_list(&d, "rows", paths, COLUMNS);
    for (int i = 0; i < rows; i++) {
        FillCell *cells = fill_list_row(&d, l);
        for (int k = 0; k < COLUMNS; k++)
            cells[k] = (FillCell){arena_printf(c.a, "第 %d 行的%s", i, paths[k]), FILL_YES};
    }
    if (!docx_fill(&c, in.data, in.len, &d, INT64_MAX, count, &bytes)) {
        fprintf(stderr, "%s\n", c.err ? c.err->message : "failed");
        exit(1);
    }
    arena_free(c.a);
    return bytes;
}

static double cpu_ms(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e3 +
           (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e3;
}

int main(int argc, char **argv)
{
    struct rusage before, after;
    long rows = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (rows < 1 || rows > 1000000 || !msg_load()) {
        fprintf(stderr, "bench_docx ROWS\n");
        return 2;
    }
    int64_t bytes = 0;
    double ms[2];
    for (int i = 0; i < 2; i++) {
        (void)getrusage(RUSAGE_SELF, &before);
        bytes = fill((int)rows);
        (void)getrusage(RUSAGE_SELF, &after);
        ms[i] = cpu_ms(&after) - cpu_ms(&before);
    }
    printf("{\"cold_ms\":%.1f,\"ms\":%.1f,\"rss_mb\":%.1f,\"bytes\":%" PRId64 "}\n", ms[0], ms[1],
           (double)after.ru_maxrss / 1024, bytes);
    return 0;
}
