/* Reading the texts of a request's head. See header.h. */
#include "http/header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "base/whole.h"

static int hex(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    ch = (char)(ch | 0x20);
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

bool header_target_good(const char *target, size_t n)
{
    if (n == 0 || target[0] != '/' || !utf8_valid(target, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)target[i];
        if (ch < 0x21 || ch == 0x7f || ch == '#')
            return false;
        if (ch != '%')
            continue;
        if (i + 2 >= n || hex(target[i + 1]) < 0 || hex(target[i + 2]) < 0 ||
            (target[i + 1] == '0' && target[i + 2] == '0'))
            return false;
        i += 2;
    }
    return true;
}

bool header_name_good(const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char ch = name[i];
        bool word =
            (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
        if (!word && (!ch || !strchr("!#$%&'*+-.^_`|~", ch)))
            return false;
    }
    return n > 0;
}

bool header_value_good(const char *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
            return false;
    return true;
}

const char *header_cookie(Arena *a, const char *cookies, const char *name)
{
    const char *p = cookies;
    size_t n = strlen(name);
    while (p && *p) {
        p += strspn(p, "; ");
        size_t len = strcspn(p, ";");
        if (len > n && strncmp(p, name, n) == 0 && p[n] == '=')
            return arena_dup(a, p + n + 1, len - n - 1);
        p += len;
    }
    return NULL;
}

int64_t header_version(const char *if_match)
{
    if (!if_match)
        return -1;
    char digits[24];
    const char *text = if_match + strspn(if_match, " ");
    bool quoted = *text == '"';
    size_t n = strcspn(text + quoted, "\"");
    int64_t version;
    if (n >= sizeof digits || (quoted && strcmp(text + quoted + n, "\"") != 0) ||
        (!quoted && text[n]))
        return -2;
    memcpy(digits, text + quoted, n);
    digits[n] = '\0';
    return whole_number(digits, 0, INT64_MAX, &version) ? version : -2;
}

const char *header_forwarded(Arena *a, const char *list)
{
    const char *comma = strrchr(list, ',');
    const char *from = comma ? comma + 1 : list;
    unsigned char address[sizeof(struct in6_addr)];
    from += strspn(from, " \t");
    const char *one = arena_dup(a, from, strcspn(from, " \t"));
    return inet_pton(AF_INET, one, address) == 1 || inet_pton(AF_INET6, one, address) == 1 ? one
                                                                                           : NULL;
}

const char *header_host(Arena *a, const char *host, bool *address)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    bool six = *host == '[';
    const char *name = arena_dup(a, host + six, strcspn(host + six, six ? "]" : ":"));
    *address = inet_pton(six ? AF_INET6 : AF_INET, name, bytes) == 1;
    return name;
}

bool header_same_origin(const char *origin, const char *host, const char *base)
{
    const char *at = strstr(origin, "://"), *start = strstr(base, "://");
    if (at && strcmp(at + 3, host) == 0)
        return true;
    size_t n = start ? (size_t)(start + 3 - base) + strcspn(start + 3, "/") : 0;
    return n > 0 && strlen(origin) == n && strncasecmp(base, origin, n) == 0;
}
