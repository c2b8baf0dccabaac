/*
 * The texts of a request's head: a target that is taken decodes to UTF-8 without NUL; a cookie found is a piece of
 * the header; a number lies within what was asked; an address is one; a foreign page is never of the same origin.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/whole.h"
#include "http/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 8192)
        return 0;
    Arena *a = arena_new(0);
    const char *text = arena_dup(a, (const char *)data, size);
    size_t n = strlen(text);
    if (header_target_good(text, size)) {
        need(n == size && text[0] == '/' && !strstr(text, "%00") && !strpbrk(text, " #\t\r\n"));
        need(!header_target_good(text + 1, n - 1) || text[1] == '/');
    }
    if (header_name_good(text, size))
        need(n == size && n > 0 && !strpbrk(text, " :()/\t\r\n") && header_value_good(text, size));
    if (header_value_good(text, size))
        need(n == size && !strpbrk(text, "\r\n"));
    const char *cookie = header_cookie(a, text, "zhike_session");
    need(!cookie || (strstr(text, cookie) && !strchr(cookie, ';')));
    int64_t number = 7;
    if (whole_number(text, -5, 1000, &number))
        need(number >= -5 && number <= 1000 && strspn(text, "-0123456789") == n);
    else
        need(number == 7);
    need(header_version(text) >= -2 && header_version(text) != -1 && header_version(NULL) == -1);
    unsigned char address[sizeof(struct in6_addr)];
    const char *from = header_forwarded(a, text);
    need(!from || inet_pton(AF_INET, from, address) == 1 ||
         inet_pton(AF_INET6, from, address) == 1);
    bool bare;
    const char *host = header_host(a, text, &bare);
    need(strlen(host) <= n && (!bare || !strpbrk(host, "/@ ")));
    need(header_same_origin(text, "crm.example", "") ==
         (strstr(text, "://") && !strcmp(strstr(text, "://") + 3, "crm.example")));
    arena_free(a);
    return 0;
}
