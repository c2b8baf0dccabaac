/*
 * Secrets at rest: passwords of mail servers, keys of message services. They are sealed with a key that stands in the
 * data folder (secret.key, 0600), never in the database: who steals a dump or a backup of the database has no secret. Several
 * processes over one PostgreSQL share the file.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/ctx.h"

/* Reads dir/secret.key, or makes it. Once at start, before threads. A key of the wrong size is a mistake, never replaced. */
bool secret_load(Ctx *c, const char *dir);
/* label: what it is for ("channel.12"); a text sealed under one label does not open under another. */
char *secret_seal(Arena *a, const char *label, const char *text);
/* A signature over text, 43 characters of base64url; nobody without the key makes one, under one label no other's. */
char *secret_sign(Arena *a, const char *label, const char *text);
/* NULL where it was changed, or sealed with another key. */
char *secret_open(Arena *a, const char *label, const char *sealed);
/* A digest that cannot be tried out without the key of the folder: for codes short enough to be guessed. */
void secret_digest(const char *label, const char *text, char out_hex[65]);

#endif
