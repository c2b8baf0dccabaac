/*
 * The page: files of web/dist as built in (gzipped), and the region tree made at start. Unknown paths
 * without an extension get index.html, so that the page's own routes survive a reload. A client that
 * does not take gzip gets the file inflated.
 */
#include "http/assets.h"

#include <string.h>
#include <zlib.h>

#include "base/crypt.h"
#include "base/embed.h"
#include "base/region.h"
#include "http/api.h"

extern const Embed embed_web[];

static Arena *arena;
static char *regions_json, *regions_path, *regions_etag;
static size_t regions_len;

void assets_init(void)
{
    if (arena)
        return;
    arena = arena_new(0);
    regions_json = region_tree_json(arena);
    regions_len = strlen(regions_json);
    char hex[65];
    crypt_sha256_hex(regions_json, regions_len, hex);
    regions_etag = arena_printf(arena, "\"%.16s\"", hex);
    regions_path = arena_printf(arena, "/assets/regions-%.16s.json", hex);
}

const char *assets_regions_path(void)
{
    return regions_path;
}

static const struct {
    const char *end, *type;
} types[] = {{".html", "text/html; charset=utf-8"},
             {".js", "text/javascript; charset=utf-8"},
             {".css", "text/css; charset=utf-8"},
             {".svg", "image/svg+xml"},
             {".json", "application/json"},
             {".png", "image/png"},
             {".ico", "image/x-icon"},
             {".woff2", "font/woff2"},
             {".webmanifest", "application/manifest+json"},
             {".txt", "text/plain; charset=utf-8"}};

static const char *type_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].end, dot) == 0)
            return types[i].type;
    return "application/octet-stream";
}

static const Embed *find(const char *path)
{
    for (const Embed *e = embed_web; e->path; e++)
        if (strcmp(e->path, path) == 0)
            return e;
    return NULL;
}

static void inflate_into(Buf *b, const Embed *e)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)e->data, .avail_in = (uInt)e->len};
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return;
    int state = Z_OK;
    while (state == Z_OK) {
        z.next_out = (Bytef *)buf_room(b, 65536);
        z.avail_out = 65536;
        state = inflate(&z, Z_NO_FLUSH);
        buf_grew(b, 65536 - z.avail_out);
    }
    inflateEnd(&z);
}

static void policy(Request *rq)
{
    Response *o = &rq->out;
    respond_header(
        o, "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "
        "'none'");
    respond_header(o, "X-Frame-Options", "DENY");
}

static bool matches(Request *rq, const char *etag)
{
    const char *have = request_header(rq, "If-None-Match");
    return have && strstr(have, etag);
}

static bool regions(Request *rq)
{
    respond_header(&rq->out, "ETag", regions_etag);
    respond_header(&rq->out, "Cache-Control", "public, max-age=31536000, immutable");
    if (matches(rq, regions_etag)) {
        rq->out.status = 304;
        return true;
    }
    rq->out.fixed = (const unsigned char *)regions_json;
    rq->out.fixed_len = regions_len;
    return true;
}

bool api_asset(Request *rq)
{
    const char *path = rq->path + 1;
    if (strncmp(path, "api/", 4) == 0)
        return ctx_fail(&rq->c, ERR_NOT_FOUND, NULL, "err.no_such_call");
    if (strcmp(rq->path, regions_path) == 0)
        return regions(rq);
    const Embed *e = *path ? find(path) : NULL;
    if (!e && (strrchr(path, '.') == NULL || strncmp(path, "e/", 2) == 0))
        e = find("index.html");
    if (!e)
        return ctx_fail(&rq->c, ERR_NOT_FOUND, NULL, "err.no_such_call");
    Response *o = &rq->out;
    char *etag = arena_printf(rq->c.a, "\"%s\"", e->hash);
    respond_header(o, "ETag", etag);
    respond_header(o, "Vary", "Accept-Encoding");
    respond_header(o, "Cache-Control",
                   strncmp(e->path, "assets/", 7) == 0 ? "public, max-age=31536000, immutable"
                                                       : "no-cache");
    policy(rq);
    if (matches(rq, etag)) {
        o->status = 304;
        return true;
    }
    o->type = type_of(e->path);
    const char *accept = request_header(rq, "Accept-Encoding");
    if (accept && strstr(accept, "gzip")) {
        respond_header(o, "Content-Encoding", "gzip");
        o->fixed = e->data;
        o->fixed_len = e->len;
    } else {
        inflate_into(&o->body, e);
    }
    return true;
}
