/* The page of the house, files and forms. See page.h. */
#include "record/print/page.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth/audit.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "record/attach.h"
#include "record/logo.h"

enum { LOGO_BYTES_MOST = 4 << 20 };

const char *print_time(Ctx *c, int64_t at)
{
    ClockParts t = clock_parts(at, c->zone);
    return arena_printf(c->a, "%04d-%02d-%02d %02d:%02d", t.year, t.month, t.day, t.hour, t.minute);
}

const char *print_time_of(Ctx *c, const DbVal *v)
{
    return v->kind == DB_INT ? print_time(c, v->i) : "";
}

/* None where there is none, or it cannot be read: a document is not refused for it. */
static ReportImage logo(Ctx *c)
{
    int before = c->n_err;
    AttachFile file;
    char *bytes;
    size_t n;
    if (*conf_text("company.logo") && logo_open(c, &file) &&
        file_read(c, file.path, LOGO_BYTES_MOST, &bytes, &n))
        return (ReportImage){(const unsigned char *)bytes, n};
    ctx_errors_back_to(c, before);
    return (ReportImage){NULL, 0};
}

ReportPage print_page(Ctx *c, const char *title)
{
    const char *at = print_time(c, c->now_ms), *company = conf_text("company.name"),
               *person = c->actor->user ? c->actor->name : NULL;
    return (ReportPage){.title = title,
                        .author = person,
                        .header = *company ? company : NULL,
                        .footer = arena_printf(c->a, "%s  %s", title, at),
                        .watermark = person ? arena_printf(c->a, "%s %s", person, at) : NULL,
                        .logo = logo(c),
                        .page_numbers = true};
}

bool print_format(Ctx *c, const char *wish, const char **out)
{
    *out = wish && *wish ? wish : "pdf";
    return strcmp(*out, "pdf") == 0 || strcmp(*out, "html") == 0 ||
           ctx_fail(c, ERR_BAD_REQUEST, "format", "err.print.format");
}

bool print_file(Ctx *c, const Report *r, const char *format, const char **out_path)
{
    bool pdf = strcmp(format, "pdf") == 0;
    char *path = attach_tmp(c, pdf ? ".pdf" : ".html");
    FILE *f = fopen(path, "wbxe");
    if (!f)
        return file_fail(c, path, errno);
    ReportSink sink = report_into_file(f);
    bool ok = pdf ? report_pdf(c, r, sink) : report_html(c, r, sink);
    if (fclose(f) != 0 && ok)
        ok = file_fail(c, path, errno);
    if (!ok)
        (void)remove(path);
    *out_path = path;
    return ok;
}

bool print_audit(Ctx *c, const char *entity, int64_t record, const char *name, const char *format)
{
    AuditEntry entry = {.action = "print",
                        .entity = entity,
                        .record = record,
                        .record_name = name,
                        .changes = arena_printf(c->a, "{\"format\":\"%s\"}", format)};
    return audit_note(c, &entry);
}
