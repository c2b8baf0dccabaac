/*
 * What people and vendors put into letters: an address that is taken is one line and one address; name, subject and text
 * of a mail make no header of their own and no line longer than SMTP takes; an answer of a vendor is JSON or nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json_read.h"
#include "base/utf8.h"
#include "work/post/mail.h"
#include "work/post/vendor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
    if (!ok)
        abort();
}

/* Every line of the head begins with a name we know, or with a blank: nothing of the input began one. */
static void head_is_ours(const char *message)
{
    static const char *const names[] = {"From:",           "To:",
                                        "Subject:",        "Date:",
                                        "Message-Id:",     "Message-ID:",
                                        "MIME-Version:",   "Content-Type:",
                                        "Auto-Submitted:", "X-Auto-Response-Suppress:"};
    const char *line = message;
    while (strncmp(line, "\r\n", 2) != 0) {
        const char *end = strstr(line, "\r\n");
        bool known = *line == ' ' || *line == '\t';
        need(end != NULL && !memchr(line, '\n', (size_t)(end - line)));
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            known |= strncasecmp(line, names[i], strlen(names[i])) == 0;
        need(known && end - line < 998);
        line = end + 2;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4000)
        return 0;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    const char *text = utf8_clean(a, (const char *)data, size), *name = "", *address = "";
    size_t half = utf8_clip(text, strlen(text) / 2);
    if (mail_split(a, text, &name, &address))
        need(strchr(address, '@') && !strpbrk(address, "\r\n <>"));
    else
        address = "to@example.com";
    Mail m = {.from_name = arena_dup(a, text, half < strlen(text) ? half : strlen(text)),
              .from = "crm@example.com",
              .to = address,
              .subject = text,
              .text = text,
              .link = "https://crm.example.com/x",
              .link_label = text,
              .home = "https://crm.example.com",
              .id = 7,
              .at_ms = 1795000000000};
    head_is_ours(mail_compose(a, &m));
    CallAnswer answer = {
        .done = true, .status = 200, .body = arena_dup(a, (const char *)data, size)};
    json_object *o = vendor_json(&c, &answer);
    need(c.n_err == 0 && (!o || json_object_is_type(o, json_type_object)));
    arena_free(a);
    return 0;
}
