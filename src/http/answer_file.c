/* Answering with a file. See answer_file.h. */
#include "http/answer_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "record/print/page.h"

static char *disposition(Arena *a, const char *name)
{
    Buf b;
    buf_init(&b, a);
    buf_puts(&b, "attachment; filename=\"");
    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        buf_putc(&b, *p < 0x20 || *p >= 0x7f || *p == '"' || *p == '\\' ? '_' : (char)*p);
    buf_puts(&b, "\"; filename*=UTF-8''");
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        if (isalnum(*p) || strchr("-._~", *p))
            buf_putc(&b, (char)*p);
        else
            buf_printf(&b, "%%%02X", *p);
    }
    return b.data;
}

bool answer_file(Request *rq, const char *path, const char *name, const char *mime,
                 bool remove_after)
{
    Response *o = &rq->out;
    struct stat st;
    o->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (o->fd < 0 || fstat(o->fd, &st) != 0)
        return file_fail(&rq->c, path, errno);
    if (remove_after)
        unlink(path);
    o->fd_size = st.st_size;
    bool picture = strncmp(mime, "image/", 6) == 0;
    o->type = picture || strcmp(mime, "application/pdf") == 0 || strstr(mime, "openxml") ||
                      strncmp(mime, "text/", 5) == 0
                  ? mime
                  : "application/octet-stream";
    respond_header(o, "Content-Disposition", disposition(rq->c.a, name));
    respond_header(o, "Content-Security-Policy", "default-src 'none'; sandbox");
    return true;
}

bool answer_report(Request *rq, const Report *r, const char *format, const char *name)
{
    const char *path;
    return print_file(&rq->c, r, format, &path) &&
           answer_file(rq, path, arena_printf(rq->c.a, "%s.%s", name, format),
                       strcmp(format, "pdf") == 0 ? "application/pdf" : "text/html; charset=utf-8",
                       true);
}
