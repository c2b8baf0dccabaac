/* Finding the route of a method and path. The table is small (about sixty rows) and walked in order. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/route.h"

const char *method_name(Method m)
{
    static const char *const names[] = {"GET", "POST", "PATCH", "DELETE", "PUT", "?"};
    return names[m];
}

/* Does path fit the pattern? The parts behind ':' go to params. A route never fits an empty part. */
static bool fits(Request *rq, const char *pattern, const char *path, const char *params[4])
{
    int n = 0;
    while (*pattern && *path) {
        if (*pattern == ':') {
            size_t len = strcspn(path, "/");
            if (!len || n == 4)
                return false;
            /* ":id" takes digits only, so that /imports/12/check and /customers/export do not mix */
            if (strncmp(pattern, ":id", 3) == 0 && (pattern[3] == '/' || !pattern[3]) &&
                strspn(path, "0123456789") != len)
                return false;
            params[n++] = arena_dup(rq->c.a, path, len);
            path += len;
            pattern += strcspn(pattern, "/");
        } else if (*pattern == '*') {
            return true;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return (!*pattern || *pattern == '*') && !*path;
}

/* Is it the first word of a row that names one, as /api/v1/session? Then it is no entity, whatever follows it. */
static bool is_fixed_word(const char *word)
{
    size_t n = strlen(word);
    for (int i = 0; i < n_routes; i++) {
        const char *at = routes[i].path;
        if (strncmp(at, "/api/v1/", 8) == 0 && strncmp(at + 8, word, n) == 0 &&
            (!at[8 + n] || at[8 + n] == '/'))
            return true;
    }
    return false;
}

const Route *router_find(Request *rq, bool *other_method)
{
    *other_method = false;
    for (int i = 0; i < n_routes; i++) {
        const Route *r = &routes[i];
        const char *params[4] = {0};
        bool generic = strncmp(r->path, "/api/v1/:plural", 15) == 0;
        if (!fits(rq, r->path, rq->path, params) || (generic && is_fixed_word(params[0])))
            continue;
        if (r->method != rq->method) {
            /* the page takes any path, but what is missing under /api is missing, not merely read-only */
            *other_method |= strcmp(r->path, "/*") != 0 || strncmp(rq->path, "/api/", 5) != 0;
            continue;
        }
        memcpy(rq->params, params, sizeof params);
        int k = 0;
        for (const char *p = r->path; (p = strchr(p, ':')); p++, k++) {
            if (strncmp(p, ":id", 3) != 0 || (p[3] && p[3] != '/'))
                continue;
            errno = 0;
            rq->id = strtoll(params[k], NULL, 10);
            if (errno)
                rq->id = -1; /* no record has it: 404 by the usual way */
        }
        return r;
    }
    return NULL;
}

bool routes_check(void)
{
    return routes_check_table(routes, n_routes);
}

bool routes_check_table(const Route *table, int n)
{
    bool ok = true;
    for (int i = 0; i < n; i++) {
        const Route *r = &table[i];
        const char *wrong = r->who == WHO_UNSET       ? "says not who may call it"
                            : !r->fn                  ? "has no handler"
                            : !r->about || !*r->about ? "has no description"
                            : r->who != WHO_USER && (r->act_set || r->right)
                                ? "asks a right of nobody"
                                : NULL;
        for (int k = 0; !wrong && k < i; k++)
            if (table[k].method == r->method && strcmp(table[k].path, r->path) == 0)
                wrong = "stands twice";
        if (wrong) {
            fprintf(stderr, "zhike: route %s %s %s\n", method_name(r->method), r->path, wrong);
            ok = false;
        }
    }
    return ok;
}
