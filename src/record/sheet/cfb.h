/*
 * The compound file (OLE2, [MS-CFB]) that an .xls or .et is: a small file system with sectors and a
 * table of chains. Read only, by places; nothing is held but the chains, as runs of neighbouring
 * sectors, and they can never be longer than the file has sectors, so a loop ends.
 */
#ifndef RECORD_SHEET_CFB_H
#define RECORD_SHEET_CFB_H

#include "base/ctx.h"
#include "base/vec.h"

typedef struct Cfb Cfb;

typedef struct CfbRun {
    uint32_t first, n, at; /* sectors; at: place of the first one in the chain */
} CfbRun;

typedef struct CfbStream {
    Cfb *cfb;
    bool mini;    /* its sectors lie in the mini stream */
    int64_t size; /* bytes that can be read at most */
    VEC(CfbRun) runs;
} CfbStream;

/* Reads header, tables and directory of the open file fd, which stays the caller's.
   ERR_INVALID "err.sheet.broken" where it is damaged. */
bool cfb_open(Ctx *c, Arena *a, int fd, Cfb **out);
/* The stream with this name (ASCII, any case) in the root. false: there is none, or
   (a mistake is recorded then) it is damaged. */
bool cfb_find(Cfb *f, const char *name, CfbStream *out);
/* The whole file as one stream, for books that come without a container. */
void cfb_raw(Arena *a, int fd, CfbStream *out);
/* Bytes read, fewer only at the end. */
size_t cfb_read(const CfbStream *s, int64_t at, void *to, size_t n);

#endif
