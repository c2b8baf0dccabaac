/*
 * Whole files and folders. Errors go into the context: ERR_NOT_FOUND, ERR_DISK_FULL, ERR_TOO_LARGE
 * or ERR_INTERNAL; the sentence names the last part of the path only, the full path is in detail.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/ctx.h"

/* Reads a file of at most limit bytes; a NUL stands behind it. */
bool file_read(Ctx *c, const char *path, size_t limit, char **out, size_t *out_len);
/* Replaces or makes path so that after a crash either the old or the new content is there: writes a
   temporary file beside it, fsync, rename, fsync of the folder. */
bool file_write(Ctx *c, const char *path, const void *data, size_t len, mode_t mode);
/* The same of an open regular file, from its beginning, wherever it stands. false, without a mistake in any context,
   where it is larger or cannot be read. */
bool file_read_open(Arena *a, int fd, size_t limit, char **out, size_t *out_len);
/* All of data into an open file or pipe: 0, or an errno. */
int file_write_open(int fd, const void *data, size_t len);
/* Makes the folder and its parents; one that exists is fine (its mode is left alone). */
bool file_make_dirs(Ctx *c, const char *path, mode_t mode);
/* dir/name. name may have several parts but none that is empty, "." or "..", no leading slash,
   backslash or control character: ERR_INVALID otherwise. Whatever comes from outside goes here. */
bool file_join(Ctx *c, const char *dir, const char *name, char **out);
/* Names in a folder, sorted, without those that begin with a dot; NULL-terminated. */
bool file_list(Ctx *c, const char *dir, char ***out, size_t *out_n);
bool file_exists(const char *path);
/* Bytes of a regular file; -1 where there is none. */
int64_t file_size(const char *path);
/* Makes the names in a folder durable after a rename or unlink. */
bool file_sync_dir(Ctx *c, const char *dir);
/* Records errno err for path in c; returns false. For other files that touch the disk. */
bool file_fail(Ctx *c, const char *path, int err);

#endif
