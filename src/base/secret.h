/*
 * Secrets at rest: passwords of mail servers, keys of message services. They are sealed with a key that stands in the
 * data folder (secret.key, 0600), never in the database: who steals a dump or a backup of the database has no secret. Several
 * processes over one PostgreSQL share the file.
 *
 * The file is a ring: of its keys one seals and signs, all open and verify, so that a key can be exchanged while processes run
 * (record/secret_key.h). Each has an id, the beginning of a digest of itself, which what it sealed carries in front. A file of
 * 32 bytes is one key, as programs before the ring wrote it. All functions may be called by several threads.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/ctx.h"

enum { SECRET_ID = 8 /* hex digits */, SECRET_KEYS = 8 /* in one file */ };

/* Reads dir/secret.key, or makes it with one key. Once at start, before threads. A file that is none is a mistake, never
   replaced. */
bool secret_load(Ctx *c, const char *dir);
/* Reads it again, where it is another file than the one read last. What cannot be read changes nothing and is a mistake. */
bool secret_reload(Ctx *c);
/* The key that seals, signs and digests from here on (after secret_load: the newest). false where the ring has no such key. */
bool secret_use(const char *id);
/* The key opens nothing in this process any more, whatever the file says. */
void secret_forget(const char *id);
bool secret_has(const char *id);
/* Id of the key that seals. */
char *secret_current(Arena *a);
/* Ids of all that open, oldest first, separated by blanks. */
char *secret_ids(Arena *a);

/* A new key in the file, durable; it opens here and does not seal yet. ERR_CONFLICT where the ring is full. */
bool secret_add(Ctx *c, const char **out_id);
/* The file without this key, durable. One that it has not is fine; the last one stays (ERR_CONFLICT). */
bool secret_remove(Ctx *c, const char *id);
/* Keeps others from changing the file until the descriptor is closed: *out. ERR_CONFLICT where somebody does. */
bool secret_lock(Ctx *c, int *out);

/* label: what it is for ("channel.12"); a text sealed under one label does not open under another. */
char *secret_seal(Arena *a, const char *label, const char *text);
/* NULL where it was changed, or sealed with a key that is not here. A key that came into the file since is read. */
char *secret_open(Arena *a, const char *label, const char *sealed);
/* Id of the key in front of what secret_seal or secret_digest made: inside text, NULL where there is none (older programs). */
const char *secret_id_of(Arena *a, const char *text);

/* A signature over text, 43 characters of base64url; nobody without the key makes one, under one label no other's. */
char *secret_sign(Arena *a, const char *label, const char *text);
/* Is it one, of any key of the ring? */
bool secret_signed(Arena *a, const char *label, const char *text, const char *signature);

/* A digest that cannot be tried out without the key of the folder, for codes short enough to be guessed: "<id>.<64 hex>". */
char *secret_digest(Arena *a, const char *label, const char *text);
/* Is it that of text, by the key it names? Without a name, by any of the ring. */
bool secret_digest_fits(Arena *a, const char *label, const char *text, const char *digest);

/* Reads the content of a ring: keys one behind the other, ids inside a; false where it is none. For tests and fuzzing. */
bool secret_read(Arena *a, const char *text, size_t n, unsigned char *out_keys,
                 char (*out_ids)[SECRET_ID + 1], int *out_n);

#endif
