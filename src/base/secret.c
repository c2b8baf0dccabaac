/* The key of the data folder. See secret.h. */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/file.h"

static unsigned char key[CRYPT_KEY_BYTES];

/* Two processes that start at once: one makes the file, the other reads it. */
static bool make(Ctx *c, const char *path)
{
    unsigned char fresh[CRYPT_KEY_BYTES];
    crypt_random(fresh, sizeof fresh);
    char *mine = arena_printf(c->a, "%s.%ld", path, (long)getpid());
    bool ok = file_write(c, mine, fresh, sizeof fresh, 0600);
    crypt_wipe(fresh, sizeof fresh);
    if (!ok)
        return false;
    int failed = link(mine, path) != 0 && errno != EEXIST ? errno : 0;
    unlink(mine);
    return !failed || file_fail(c, path, failed);
}

bool secret_load(Ctx *c, const char *dir)
{
    char *path = arena_printf(c->a, "%s/secret.key", dir), *data;
    size_t n;
    if (!file_exists(path) && !make(c, path))
        return false;
    if (!file_read(c, path, 4096, &data, &n))
        return false;
    if (n != sizeof key)
        return ctx_fail(c, ERR_INVALID, "secret.key", "err.secret_key",
                        ctx_num(c, CRYPT_KEY_BYTES));
    memcpy(key, data, sizeof key);
    crypt_wipe(data, n);
    return true;
}

char *secret_seal(Arena *a, const char *label, const char *text)
{
    return crypt_seal(a, key, label, text, strlen(text));
}

char *secret_sign(Arena *a, const char *label, const char *text)
{
    unsigned char own[32], mac[32];
    /* a key of its own for each label, and none of them the one that seals */
    const char *purpose = arena_printf(a, "sign:%s", label);
    crypt_hmac_sha256(key, sizeof key, purpose, strlen(purpose), own);
    crypt_hmac_sha256(own, sizeof own, text, strlen(text), mac);
    crypt_wipe(own, sizeof own);
    return crypt_base64url(a, mac, sizeof mac);
}

char *secret_open(Arena *a, const char *label, const char *sealed)
{
    size_t n;
    return sealed ? (char *)crypt_open(a, key, label, sealed, &n) : NULL;
}

void secret_digest(const char *label, const char *text, char out_hex[65])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sub[32], mac[32];
    crypt_hmac_sha256(key, sizeof key, label, strlen(label), sub);
    crypt_hmac_sha256(sub, sizeof sub, text, strlen(text), mac);
    crypt_wipe(sub, sizeof sub);
    for (int i = 0; i < 32; i++) {
        out_hex[2 * i] = digits[mac[i] >> 4];
        out_hex[2 * i + 1] = digits[mac[i] & 15];
    }
    out_hex[64] = 0;
}
