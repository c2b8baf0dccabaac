/*
 * Writing JSON straight into a buffer, commas and quoting done. No tree is built.
 *     jw_obj(&w); jw_key(&w, "id"); jw_int(&w, 12); jw_end(&w);
 * Depth at most 64 (asserted).
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <assert.h>
#include <string.h>

#include "base/buf.h"

typedef struct Jw {
    Buf *b;
    int depth;
    bool after_key;
    unsigned char has_item[64], is_obj[64];
} Jw;

void jw_init(Jw *w, Buf *b);
/* Begins the answer of a list: {"data": [ with both left open, for jw_end twice and what stands beside data between. */
void jw_list(Jw *w, Buf *b);
void jw_obj(Jw *w);
void jw_arr(Jw *w);
void jw_end(Jw *w); /* closes the innermost object or array */
void jw_key(Jw *w, const char *key);
/*
 * A key made ready before: its text in quotes with the colon, "\"name\":", n bytes, of which room bytes may be read.
 * Short ones are copied whole, with what stands behind them: a copy of a fixed length needs no call.
 */
enum { JW_KEY_ROOM = 32 };
static inline void jw_key_ready(Jw *w, const char *text, size_t n, size_t room);
#define JW_KEY(w, lit) jw_key_ready((w), "\"" lit "\":", sizeof("\"" lit "\":") - 1, 0)
void jw_str(Jw *w, const char *s); /* NULL writes null */
void jw_strn(Jw *w, const char *s, size_t n);
void jw_int(Jw *w, int64_t n);
void jw_real(Jw *w, double d); /* shortest text that reads back the same */
void jw_bool(Jw *w, bool v);
void jw_null(Jw *w);
void jw_raw(Jw *w, const char *json); /* text that is one JSON value already */

/* key and value in one call */
void jw_kstr(Jw *w, const char *key, const char *s);
void jw_kint(Jw *w, const char *key, int64_t n);
void jw_kbool(Jw *w, const char *key, bool v);
void jw_kraw(Jw *w, const char *key, const char *json);
/* RFC 3339 in UTC; 0 writes null. */
void jw_kinstant(Jw *w, const char *key, int64_t at_ms);

static inline void jw_key_ready(Jw *w, const char *text, size_t n, size_t room)
{
    assert(w->depth > 0 && w->is_obj[w->depth - 1] && !w->after_key);
    size_t comma = w->has_item[w->depth - 1];
    char *p = buf_room(w->b, n + JW_KEY_ROOM);
    p[0] = ',';
    if (room >= JW_KEY_ROOM && n <= JW_KEY_ROOM)
        memcpy(p + comma, text, JW_KEY_ROOM);
    else
        memcpy(p + comma, text, n);
    buf_grew(w->b, n + comma);
    w->has_item[w->depth - 1] = 1;
    w->after_key = true;
}

#endif
