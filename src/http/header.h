/*
 * What the texts of a request's head say: target, names, values, cookies, versions, numbers, hosts. Pure:
 * text of a stranger in, verdict out; nothing here knows a connection, so fuzz/fuzz_head.c reaches all.
 */
#ifndef HTTP_HEADER_H
#define HTTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* A target in origin form: begins with "/", printable UTF-8 without blanks or "#", each "%" before two hexadecimal
   digits, none of them a NUL, also where decoded it is UTF-8. n: bytes without the NUL behind. */
bool header_target_good(const char *target, size_t n);
/* A token of RFC 9110: what the name of a header may be made of. */
bool header_name_good(const char *name, size_t n);
/* No control characters but the tab, no DEL. Bytes above 0x7f pass: browsers send them in User-Agent. */
bool header_value_good(const char *value, size_t n);

/* The value of a cookie in the text of a Cookie header (may be NULL); NULL where it is not there. In the arena. */
const char *header_cookie(Arena *a, const char *cookies, const char *name);
/* If-Match as a version: -1 absent (NULL), -2 not understood (then no version can equal it). */
int64_t header_version(const char *if_match);
/* The last address of an X-Forwarded-For list, what our proxy itself saw; NULL where that is no address. */
const char *header_forwarded(Arena *a, const char *list);
/* The name in a Host header without its port, brackets taken off; *address: it is a bare IP address. */
const char *header_host(Arena *a, const char *host, bool *address);
/* Whether a page of this Origin is one of the server asked by this Host, or of base ("https://crm.example/…" or ""). */
bool header_same_origin(const char *origin, const char *host, const char *base);

#endif
