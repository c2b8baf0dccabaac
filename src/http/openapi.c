/*
 * GET /openapi.json: OpenAPI 3.1 made from the table of routes and the declarations, so it cannot
 * disagree with them. Generic calls are written out once per entity. Nothing of it depends on the
 * caller: it tells what exists, not what is in it.
 */
#include <string.h>

#include "http/api.h"
#include "meta/types.h"

static void ref(Jw *w, const char *kind, const char *name)
{
    Buf *b = w->b;
    jw_kstr(w, "$ref", arena_printf(b->a, "#/components/%s/%s", kind, name));
}

/* ---- schemas ------------------------------------------------------------------------------- */

static void plain(Jw *w, const char *type, const char *format)
{
    jw_kstr(w, "type", type);
    if (format)
        jw_kstr(w, "format", format);
}

static void option_codes(Jw *w, const Field *f)
{
    jw_key(w, "enum");
    jw_arr(w);
    for (int i = 0; i < f->n_options; i++)
        jw_str(w, f->options[i].code);
    jw_end(w);
}

/* One field as it is sent (in) or answered (out). */
static void field_schema(Jw *w, const Field *f, bool in)
{
    jw_obj(w);
    switch (f->type) {
    case FT_INT: plain(w, "integer", "int64"); break;
    case FT_FLOAT: plain(w, "number", "double"); break;
    case FT_BOOL: plain(w, "boolean", NULL); break;
    case FT_MONEY:
        plain(w, "string", NULL);
        jw_kstr(w, "pattern", "^-?[0-9]+(\\.[0-9]{1,2})?$");
        break;
    case FT_DECIMAL: plain(w, "string", "decimal"); break;
    case FT_DATE: plain(w, "string", "date"); break;
    case FT_DATETIME: plain(w, "string", "date-time"); break;
    case FT_EMAIL: plain(w, "string", "email"); break;
    case FT_URL: plain(w, "string", "uri"); break;
    case FT_OPTION:
        plain(w, "string", NULL);
        option_codes(w, f);
        break;
    case FT_MULTI_OPTION:
        plain(w, "array", NULL);
        jw_key(w, "items");
        jw_obj(w);
        plain(w, "string", NULL);
        option_codes(w, f);
        jw_end(w);
        break;
    case FT_LINK:
    case FT_REGION:
    case FT_FILE:
    case FT_IMAGE:
        if (in)
            plain(w, "integer", "int64");
        else
            ref(w, "schemas", "Link");
        break;
    case FT_LINK_MANY:
        plain(w, "array", NULL);
        jw_key(w, "items");
        jw_obj(w);
        if (in)
            plain(w, "integer", "int64");
        else
            ref(w, "schemas", "Link");
        jw_end(w);
        break;
    case FT_JSON: break;
    case FT_PARTS: plain(w, "object", NULL); break;
    case FT_STRING:
    case FT_TEXT:
        plain(w, "string", NULL);
        if (f->has_max)
            jw_kint(w, "maxLength", f->max);
        break;
    case FT_NUMBER:
    case FT_PHONE:
    case FT_FILES:
    case FT__COUNT: plain(w, "string", NULL); break;
    }
    bool is_ref = !in && (f->type == FT_LINK || f->type == FT_REGION || f->type == FT_FILE ||
                          f->type == FT_IMAGE);
    if (!is_ref)
        jw_kstr(w, "title", f->label.en);
    jw_end(w);
}

static bool in_answer(const Field *f)
{
    return f->index != STD_ID && !f->hidden && !f->write_only && !f->retired &&
           f->type != FT_PARTS && f->type != FT_FILES;
}

static bool in_input(const Field *f)
{
    return !f->hidden && !f->readonly && !f->retired && f->type != FT_FILES;
}

static void properties(Jw *w, const Entity *e, bool input)
{
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!(input ? in_input(f) : in_answer(f)))
            continue;
        jw_key(w, f->name);
        field_schema(w, f, input);
    }
}

static void entity_schemas(Jw *w, const Entity *e)
{
    jw_key(w, e->name);
    jw_obj(w);
    plain(w, "object", NULL);
    jw_kstr(w, "title", e->label.en);
    jw_key(w, "properties");
    jw_obj(w);
    jw_key(w, "id");
    jw_obj(w);
    plain(w, "integer", "int64");
    jw_end(w);
    properties(w, e, false);
    jw_end(w);
    jw_end(w);
    if (e->readonly)
        return;
    jw_key(w, arena_printf(w->b->a, "%s_input", e->name));
    jw_obj(w);
    plain(w, "object", NULL);
    jw_kbool(w, "additionalProperties", false);
    jw_key(w, "properties");
    jw_obj(w);
    properties(w, e, true);
    jw_end(w);
    jw_end(w);
}

/* ---- paths --------------------------------------------------------------------------------- */

static void parameters(Jw *w, const Route *r)
{
    jw_key(w, "parameters");
    jw_arr(w);
    for (const char *p = r->path; (p = strchr(p, ':'));) {
        p++;
        size_t n = strcspn(p, "/");
        if (strncmp(p, "plural", n) != 0) {
            bool id = n == 2 && strncmp(p, "id", 2) == 0;
            jw_obj(w);
            jw_kstr(w, "name", arena_dup(w->b->a, p, n));
            jw_kstr(w, "in", "path");
            jw_kbool(w, "required", true);
            jw_key(w, "schema");
            jw_obj(w);
            plain(w, id ? "integer" : "string", id ? "int64" : NULL);
            jw_end(w);
            jw_end(w);
        }
        p += n;
    }
    for (const char *q = r->query; q && *q && *q != '*';) {
        size_t n = strcspn(q, " ");
        jw_obj(w);
        jw_kstr(w, "name", arena_dup(w->b->a, q, n));
        jw_kstr(w, "in", "query");
        jw_key(w, "schema");
        jw_obj(w);
        plain(w, n == 5 && strncmp(q, "limit", 5) == 0 ? "integer" : "string", NULL);
        jw_end(w);
        jw_end(w);
        q += n + (q[n] == ' ');
    }
    if (r->method == PATCH && strstr(r->path, "/:plural/"))
        goto if_match;
    if (r->method == DELETE_ && strstr(r->path, "/:plural/"))
        goto if_match;
    jw_end(w);
    return;
if_match:
    jw_obj(w);
    jw_kstr(w, "name", "If-Match");
    jw_kstr(w, "in", "header");
    jw_kbool(w, "required", true);
    jw_key(w, "schema");
    jw_obj(w);
    plain(w, "string", NULL);
    jw_end(w);
    jw_end(w);
    jw_end(w);
}

static void body(Jw *w, const Route *r, const Entity *e)
{
    if (r->method == GET || r->method == DELETE_ || (!r->max_body && !r->upload))
        return;
    jw_key(w, "requestBody");
    jw_obj(w);
    jw_key(w, "content");
    jw_obj(w);
    jw_key(w, r->upload ? "multipart/form-data" : "application/json");
    jw_obj(w);
    jw_key(w, "schema");
    jw_obj(w);
    if (r->upload) {
        plain(w, "object", NULL);
        jw_key(w, "properties");
        jw_obj(w);
        jw_key(w, "file");
        jw_obj(w);
        plain(w, "string", NULL);
        jw_kstr(w, "contentMediaType", "application/octet-stream");
        jw_end(w);
        jw_end(w);
    } else if (e && r->in_answer && !strstr(r->path, "restore")) {
        ref(w, "schemas", arena_printf(w->b->a, "%s_input", e->name));
    } else {
        plain(w, "object", NULL);
    }
    jw_end(w);
    jw_end(w);
    jw_end(w);
    jw_end(w);
}

static void answers(Jw *w, const Route *r, const Entity *e)
{
    bool list = e && r->method == GET && strcmp(r->path, "/api/v1/:plural") == 0;
    bool created = r->method == POST &&
                   (strcmp(r->path, "/api/v1/:plural") == 0 || strstr(r->path, "/tokens"));
    jw_key(w, "responses");
    jw_obj(w);
    jw_key(w, created                      ? "201"
              : r->method == DELETE_       ? "204"
              : strstr(r->path, "/export") ? "202"
                                           : "200");
    jw_obj(w);
    jw_kstr(w, "description", r->about);
    if (r->stream)
        jw_kraw(w, "content", "{\"text/event-stream\":{\"schema\":{\"type\":\"string\"}}}");
    if (e && (r->in_answer || list)) {
        jw_key(w, "content");
        jw_obj(w);
        jw_key(w, "application/json");
        jw_obj(w);
        jw_key(w, "schema");
        jw_obj(w);
        if (list) {
            plain(w, "object", NULL);
            jw_key(w, "properties");
            jw_obj(w);
            jw_key(w, "data");
            jw_obj(w);
            plain(w, "array", NULL);
            jw_key(w, "items");
            jw_obj(w);
            ref(w, "schemas", e->name);
            jw_end(w);
            jw_end(w);
            jw_kraw(w, "next_cursor", "{\"type\":[\"string\",\"null\"]}");
            jw_end(w);
        } else {
            ref(w, "schemas", e->name);
        }
        jw_end(w);
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
    jw_key(w, "default");
    jw_obj(w);
    ref(w, "responses", "Problem");
    jw_end(w);
    jw_end(w);
}

static void operation(Jw *w, const Route *r, const Entity *e)
{
    static const char *const verbs[] = {"get", "post", "patch", "delete", "put"};
    jw_key(w, verbs[r->method]);
    jw_obj(w);
    Buf id;
    buf_init(&id, w->b->a);
    buf_puts(&id, verbs[r->method]);
    bool api = strncmp(r->path, "/api/v1", 7) == 0;
    if (!api) /* /healthz is also /api/v1/healthz; the ids must differ */
        buf_puts(&id, "_root");
    for (const char *p = r->path + (api ? 7 : 0); *p; p++)
        if (strncmp(p, ":plural", 7) == 0) {
            buf_puts(&id, e ? e->name : "");
            p += 6;
        } else {
            buf_putc(&id, strchr("/:.-", *p) ? '_' : *p);
        }
    jw_kstr(w, "operationId", id.data);
    jw_kstr(w, "summary", r->about);
    jw_key(w, "tags");
    jw_arr(w);
    jw_str(w, e ? e->name : "platform");
    jw_end(w);
    if (r->who == WHO_ANYONE)
        jw_kraw(w, "security", "[]");
    parameters(w, r);
    body(w, r, e);
    answers(w, r, e);
    jw_end(w);
}

/* "/api/v1/:plural/:id" → "/api/v1/customers/{id}" */
static const char *path_text(Arena *a, const Route *r, const Entity *e)
{
    Buf b;
    buf_init(&b, a);
    for (const char *p = r->path; *p;) {
        if (*p != ':') {
            buf_putc(&b, *p++);
            continue;
        }
        size_t n = strcspn(++p, "/.");
        if (e && strncmp(p, "plural", 6) == 0 && n == 6)
            buf_puts(&b, e->plural);
        else
            buf_printf(&b, "{%.*s}", (int)n, p);
        p += n;
    }
    return b.data;
}

static bool offered(const Route *r, const Entity *e)
{
    if (!e)
        return true;
    if (e->readonly && r->method != GET && !strstr(r->path, "/export") &&
        !strstr(r->path, "/actions/"))
        return false;
    if (strstr(r->path, "/export") && !(e->gets & GETS_EXPORT))
        return false;
    if (strstr(r->path, "/duplicates") && !(e->gets & GETS_DEDUPE))
        return false;
    if (strstr(r->path, "/erase") && !(e->gets & GETS_TRASH))
        return false;
    if (strstr(r->path, "/attachments") && !(e->gets & GETS_ATTACHMENTS))
        return false;
    return true;
}

/* All methods of one path stand in one object. */
static void path_item(Jw *w, int first, const Entity *e)
{
    bool open = false;
    for (int i = first; i < n_routes; i++) {
        const Route *r = &routes[i];
        if (strcmp(r->path, routes[first].path) != 0 || !offered(r, e))
            continue;
        if (!open) {
            jw_key(w, path_text(w->b->a, r, e));
            jw_obj(w);
            open = true;
        }
        operation(w, r, e);
    }
    if (open)
        jw_end(w);
}

static bool seen_before(int at)
{
    for (int i = 0; i < at; i++)
        if (strcmp(routes[i].path, routes[at].path) == 0)
            return true;
    return false;
}

bool api_openapi(Request *rq)
{
    const Model *m = rq->c.model;
    Jw w;
    jw_init(&w, &rq->out.body);
    jw_obj(&w);
    jw_kstr(&w, "openapi", "3.1.0");
    jw_kraw(&w, "info",
            "{\"title\":\"Zhike\",\"version\":\"" ZK_VERSION
            "\",\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}}");
    jw_kraw(&w, "servers", "[{\"url\":\"/\"}]");
    jw_kraw(&w, "security", "[{\"session\":[]},{\"bearer\":[]}]");
    jw_key(&w, "paths");
    jw_obj(&w);
    for (int i = 0; i < n_routes; i++) {
        if (seen_before(i) || strchr(routes[i].path, '*'))
            continue;
        if (!strstr(routes[i].path, "/:plural")) {
            path_item(&w, i, NULL);
            continue;
        }
        for (int k = 0; k < m->n; k++)
            if (m->entities[k].routes)
                path_item(&w, i, &m->entities[k]);
    }
    jw_end(&w);
    jw_key(&w, "components");
    jw_obj(&w);
    jw_kraw(&w, "securitySchemes",
            "{\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"zhike_session\"},"
            "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}");
    jw_kraw(&w, "responses",
            "{\"Problem\":{\"description\":\"What went "
            "wrong\",\"content\":{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/"
            "components/schemas/Problem\"}}}}}");
    jw_key(&w, "schemas");
    jw_obj(&w);
    jw_kraw(&w, "Link",
            "{\"type\":[\"object\",\"null\"],\"properties\":{\"id\":{\"type\":\"integer\","
            "\"format\":\"int64\"},\"label\":{\"type\":[\"string\",\"null\"]}}}");
    jw_kraw(&w, "Problem",
            "{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"code\"],"
            "\"properties\":{\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
            "\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},\"code\":{\"type\":"
            "\"string\"},\"trace_id\":{\"type\":\"string\"},"
            "\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
            "\"field\":{\"type\":\"string\"},\"code\":{\"type\":\"string\"},\"message\":{\"type\":"
            "\"string\"}}}}}}");
    for (int k = 0; k < m->n; k++)
        if (m->entities[k].routes)
            entity_schemas(&w, &m->entities[k]);
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    respond_header(&rq->out, "Cache-Control", "no-cache");
    return true;
}
