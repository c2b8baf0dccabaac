/* Composing with GMime. See mail.h. */
#include "work/post/mail.h"

#include <gmime/gmime.h>
#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/fill.h"

static void init(void)
{
    g_mime_init();
}

static void begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init);
}

bool mail_split(Arena *a, const char *sender, const char **name, const char **address)
{
    begin();
    InternetAddressList *list = internet_address_list_parse(NULL, sender ? sender : "");
    InternetAddress *one = list && internet_address_list_length(list) == 1
                               ? internet_address_list_get_address(list, 0)
                               : NULL;
    bool ok = INTERNET_ADDRESS_IS_MAILBOX(one);
    if (ok) {
        const char *n = internet_address_get_name(one);
        *name = arena_str(a, n ? n : "");
        *address = arena_str(a, internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one)));
        ok = strchr(*address, '@') && !strpbrk(*address, "\r\n <>");
    }
    if (list)
        g_object_unref(list);
    return ok;
}

static GMimeObject *part(const char *subtype, const char *text)
{
    GMimeTextPart *p = g_mime_text_part_new_with_subtype(subtype);
    g_mime_text_part_set_charset(p, "utf-8");
    g_mime_text_part_set_text(p, text);
    g_mime_part_set_content_encoding(GMIME_PART(p), GMIME_CONTENT_ENCODING_BASE64);
    return GMIME_OBJECT(p);
}

/* How long the address is that begins with that of the house; 0 where the host goes on, and is another's. */
static size_t address_of_house(const char *at, size_t home)
{
    static const char in_path[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?=&%#";
    char next = at[home];
    if (at[home - 1] != '/' && next && next != '/' && next != '?' && next != '#' &&
        (strchr(in_path, next) || strchr(":@", next)))
        return 0;
    return home + strspn(at + home, in_path);
}

/* The text; addresses of the house in it are links. Others are not: a notice may carry what anybody wrote. */
static void add_text(Arena *a, Buf *b, const Mail *m)
{
    const char *p = m->text;
    size_t home = m->home ? strlen(m->home) : 0;
    for (const char *at; home && (at = strstr(p, m->home));) {
        size_t n = address_of_house(at, home), plain = n ? 0 : home;
        buf_puts(b, fill_value(a, arena_dup(a, p, (size_t)(at - p) + plain), FILL_HTML));
        const char *url = fill_value(a, arena_dup(a, at, n), FILL_HTML);
        if (n)
            buf_printf(b, "<a href=\"%s\">%s</a>", url, url);
        p = at + n + plain;
    }
    buf_puts(b, fill_value(a, p, FILL_HTML));
}

static const char *html_of(Arena *a, const Mail *m)
{
    Buf b;
    buf_init(&b, a);
    buf_puts(&b,
             "<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head><body style=\"font-family:"
             "-apple-system,'PingFang SC','Microsoft YaHei',sans-serif;font-size:15px;line-height:"
             "1.7;color:#1f2329;max-width:640px;margin:24px auto;padding:0 16px\"><p>");
    add_text(a, &b, m);
    buf_puts(&b, "</p>");
    if (m->link && *m->link) {
        const char *url = fill_value(a, m->link, FILL_HTML);
        buf_printf(&b,
                   "<p><a href=\"%s\" style=\"display:inline-block;background:#2f6fed;color:#fff;"
                   "padding:10px 22px;border-radius:6px;text-decoration:none\">%s</a></p>",
                   url, fill_value(a, m->link_label ? m->link_label : m->link, FILL_HTML));
    }
    buf_puts(&b, "</body></html>\n");
    return b.data;
}

const char *mail_compose(Arena *a, const Mail *m)
{
    begin();
    const char *host = strchr(m->from, '@') + 1;
    GMimeMessage *message = g_mime_message_new(TRUE);
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_FROM,
                               m->from_name && *m->from_name ? m->from_name : NULL, m->from);
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, NULL, m->to);
    g_mime_message_set_subject(message, m->subject, "utf-8");
    GDateTime *at = g_date_time_new_from_unix_utc(m->at_ms / 1000);
    g_mime_message_set_date(message, at);
    g_date_time_unref(at);
    g_mime_message_set_message_id(message,
                                  arena_printf(a, "zhike.%lld@%s", (long long)m->id, host));
    g_mime_object_set_header(GMIME_OBJECT(message), "Auto-Submitted", "auto-generated", NULL);
    GMimeMultipart *both = g_mime_multipart_new_with_subtype("alternative");
    GMimeObject *plain = part("plain", m->text), *html = part("html", html_of(a, m));
    g_mime_multipart_add(both, plain);
    g_mime_multipart_add(both, html);
    g_object_unref(plain);
    g_object_unref(html);
    g_mime_message_set_mime_part(message, GMIME_OBJECT(both));
    g_object_unref(both);
    GMimeFormatOptions *how = g_mime_format_options_new();
    g_mime_format_options_set_newline_format(how, GMIME_NEWLINE_FORMAT_DOS);
    char *text = g_mime_object_to_string(GMIME_OBJECT(message), how);
    g_mime_format_options_free(how);
    g_object_unref(message);
    const char *out = arena_str(a, text);
    g_free(text);
    return out;
}
