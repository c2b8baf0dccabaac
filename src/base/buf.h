/*
 * A growing string on an arena. data is always NUL-terminated and belongs to the arena; it may
 * move when the buffer grows, so take it when you are done.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/arena.h"

typedef struct Buf {
    Arena *a;
    char *data; /* never NULL after buf_init */
    size_t len, cap;
} Buf;

void buf_init(Buf *b, Arena *a);
void buf_add(Buf *b, const char *s, size_t n);
void buf_puts(Buf *b, const char *s);
static inline void buf_putc(Buf *b, char ch);
void buf_i64(Buf *b, int64_t n);
void buf_printf(Buf *b, const char *fmt, ...) ZK_PRINTF(2, 3);
/* Room for at least n more bytes; returns where they go. Call buf_grew(n) after writing them. */
static inline char *buf_room(Buf *b, size_t n);
static inline void buf_grew(Buf *b, size_t n);
/* Back to empty, memory kept. */
void buf_clear(Buf *b);

/* The few that run per character of every answer; buf_enlarge makes the room that is missing. */
void buf_enlarge(Buf *b, size_t n);

static inline char *buf_room(Buf *b, size_t n)
{
    if (b->cap - b->len <= n)
        buf_enlarge(b, n);
    return b->data + b->len;
}

static inline void buf_grew(Buf *b, size_t n)
{
    b->len += n;
    b->data[b->len] = 0;
}

static inline void buf_putc(Buf *b, char ch)
{
    *buf_room(b, 1) = ch;
    buf_grew(b, 1);
}

#endif
