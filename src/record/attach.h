/*
 * Files. The bytes lie under <data folder>/files/<2 hex>/<62 hex> by their SHA-256, the row of
 * attachment says whose they are. Who may read the record may read its files; nobody reads a file by
 * knowing its id.
 */
#ifndef RECORD_ATTACH_H
#define RECORD_ATTACH_H

#include "record/record.h"

/* The data folder; once at start. */
void attach_set_dir(const char *dir);
const char *attach_dir(void);
/* A fresh path under <dir>/tmp for a file to be made. */
char *attach_tmp(Ctx *c, const char *suffix);

typedef struct AttachNew {
    const char *path;        /* the file; moved away */
    const char *name;        /* for people */
    const char *parent_type; /* entity, or "job", "import" */
    int64_t parent;
    const char *field; /* or NULL */
    /* NULL, or what else is to happen in the write of the row; false undoes both */
    bool (*with)(Ctx *c, void *arg, int64_t id);
    void *arg;
} AttachNew;

/* Moves the bytes into the store (synced), then writes the row. No permission asked: the caller has. */
bool attach_store(Ctx *c, const AttachNew *n, int64_t *out_id);
/* The same by hand, for who has a larger write around it: what a file is; its bytes into the store (synced; path is moved away);
   and, in a write, its row. The bytes have to be there before the row can be seen. */
typedef struct AttachSeen {
    char *hex; /* SHA-256 */
    const char *mime;
    int64_t size;
} AttachSeen;
bool attach_look(Ctx *c, const char *path, const char *name, AttachSeen *out);
/* By its first bytes and, for an archive, its name. */
const char *attach_mime(const void *bytes, size_t n, const char *name);
bool attach_keep(Ctx *c, const char *path, const char *hex);
bool attach_row(Ctx *c, const AttachNew *n, const AttachSeen *f, int64_t *out_id);
/* Where the bytes of a digest lie, or would. */
char *attach_store_path(Ctx *c, const char *hex);

/* Adds a file to a record the caller may edit. Answer JSON. ERR_NOT_FOUND where the record went, or was merged, before the write. */
bool attach_add(Ctx *c, const Entity *e, int64_t id, const char *path, const char *name,
                const char *field, Buf *out);
bool attach_list(Ctx *c, const Entity *e, int64_t id, Buf *out);
bool attach_delete(Ctx *c, int64_t id);

typedef struct AttachFile {
    char *path, *name, *mime;
    int64_t size;
} AttachFile;

/* The file of an attachment the caller may read: through its record, or as owner of its job or import. */
bool attach_open(Ctx *c, int64_t id, AttachFile *out);
/* A preview of a picture the caller may read: a JPEG of at most size pixels a side, one of attach_sizes (a size that is none:
   ERR_BAD_REQUEST), made when it is first asked for and kept beside the file. ERR_UNSUPPORTED_TYPE where it is no picture. */
bool attach_thumbnail(Ctx *c, int64_t id, int64_t size, char **out_path);
/* All that is kept of a file by its digest (64 hex digits), previews included; what is not there is fine. */
void attach_forget(Arena *a, const char *hex);
/* The same without asking (the engine's own reading). */
bool attach_path(Ctx *c, int64_t id, AttachFile *out);

#endif
