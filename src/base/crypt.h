/*
 * Hashes, random bytes, passwords: a thin layer over libsodium, so that nobody above calls it.
 * Passwords are argon2id (3 passes, 64 MiB); as each takes that memory, only as many run at once
 * as crypt_init was told, and when too many wait the caller is told to answer "busy".
 */
#ifndef BASE_CRYPT_H
#define BASE_CRYPT_H

#include "base/arena.h"

enum {
    CRYPT_PASSWORD_MAX = 128,
    CRYPT_KEY_BYTES = 32
}; /* bytes of a stored hash with its NUL; of a key */

typedef enum CryptAnswer { CRYPT_YES, CRYPT_NO, CRYPT_BUSY } CryptAnswer;

/* Who asks for a hash. Each kind waits in a line of its own and the lines take turns: those who try to sign in, many at a
   time and some of them attackers, keep nobody waiting who is signed in, nor he them. */
typedef enum CryptLine { CRYPT_STRANGER, CRYPT_KNOWN, CRYPT_LINES } CryptLine;

/* Once at start, before threads; again is harmless. parallel: passwords hashed at once, of both lines together (0: one per
   core); waiting: how many more may wait in each line (0: 8 per core). false where libsodium does not start. */
bool crypt_init(int parallel, int waiting);

void crypt_random(void *out, size_t n);
/* n random bytes as lower-case hex, or as base64url without padding. */
char *crypt_token_hex(Arena *a, size_t n);
char *crypt_token(Arena *a, size_t n);

void crypt_sha256(const void *data, size_t n, unsigned char out[32]);
void crypt_sha256_hex(const void *data, size_t n, char out[65]);
/* Piecewise, for files. */
typedef struct CryptSha256 {
    _Alignas(16) unsigned char state[128];
} CryptSha256;
void crypt_sha256_start(CryptSha256 *s);
void crypt_sha256_add(CryptSha256 *s, const void *data, size_t n);
void crypt_sha256_end(CryptSha256 *s, char out_hex[65]);
void crypt_hmac_sha256(const void *key, size_t key_len, const void *data, size_t n,
                       unsigned char out[32]);

/* In time that depends on n only. */
bool crypt_equal(const void *x, const void *y, size_t n);
/* Two texts; their lengths are no secret. */
bool crypt_equal_text(const char *x, const char *y);
/* Overwrites, never optimised away. */
void crypt_wipe(void *p, size_t n);

/* CRYPT_YES and out filled, or CRYPT_BUSY. */
CryptAnswer crypt_password_hash(CryptLine line, const char *password, char out[CRYPT_PASSWORD_MAX]);
/* hash may be NULL (no such account): the same work is done and the answer is CRYPT_NO, so that
   the time does not tell which logins exist. */
CryptAnswer crypt_password_check(CryptLine line, const char *hash, const char *password);
/* How many wait in a line now, for tests and figures. */
int crypt_password_waiting(CryptLine line);
/* The hash was made with weaker figures than today's: hash again after a successful check. */
bool crypt_password_is_old(const char *hash);

/* base64url without padding (RFC 4648 section 5). */
char *crypt_base64url(Arena *a, const void *data, size_t n);
/* NULL for anything that is not base64url. *out_len may be NULL. A NUL stands behind. */
unsigned char *crypt_from_base64url(Arena *a, const char *text, size_t *out_len);
/* base64 with padding (RFC 4648 section 4), as mail and the signatures of other services want it. */
char *crypt_base64(Arena *a, const void *data, size_t n);
/* NULL for anything that is not base64. *out_len may be NULL. */
unsigned char *crypt_from_base64(Arena *a, const char *text, size_t *out_len);
char *crypt_hex(Arena *a, const void *data, size_t n);
/* NULL for anything that is not an even number of hex digits. */
unsigned char *crypt_from_hex(Arena *a, const char *text, size_t *out_len);

/* Authenticated encryption with a key of CRYPT_KEY_BYTES (XChaCha20-Poly1305), for secrets at rest.
   label is bound to the text (say "smtp.password"): sealed under one it does not open under another.
   Sealed text is base64url. open: NULL when it was changed or the key is another. */
char *crypt_seal(Arena *a, const unsigned char *key, const char *label, const void *data, size_t n);
unsigned char *crypt_open(Arena *a, const unsigned char *key, const char *label, const char *sealed,
                          size_t *out_len);

#endif
