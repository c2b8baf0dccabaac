/* Hashes, tokens and passwords on libsodium. See crypt.h. */
#include "base/crypt.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(CryptSha256), "CryptSha256 is too small");
_Static_assert(CRYPT_PASSWORD_MAX >= crypto_pwhash_STRBYTES, "CRYPT_PASSWORD_MAX is too small");
_Static_assert(CRYPT_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key size");

enum { OPS = 3, MEM = 64 << 20, B64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

/* The door before argon2id. */
static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t door_free[CRYPT_LINES] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static int max_running = 2, max_waiting = 16, running, waiting[CRYPT_LINES];
static int called[CRYPT_LINES]; /* places handed on to a line that nobody of it has taken yet */
static CryptLine last_called;

bool crypt_init(int parallel, int wait)
{
    if (sodium_init() < 0)
        return false;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int n = cores > 0 ? (int)cores : 1;
    pthread_mutex_lock(&door);
    max_running = parallel > 0 ? parallel : n;
    max_waiting = wait > 0 ? wait : 8 * n;
    pthread_mutex_unlock(&door);
    return true;
}

void crypt_random(void *out, size_t n)
{
    randombytes_buf(out, n);
}

char *crypt_hex(Arena *a, const void *data, size_t n)
{
    char *out = arena_alloc(a, n * 2 + 1);
    sodium_bin2hex(out, n * 2 + 1, data, n);
    return out;
}

static char *to_base64(Arena *a, const void *data, size_t n, int variant)
{
    size_t size = sodium_base64_encoded_len(n, variant);
    char *out = arena_alloc(a, size);
    sodium_bin2base64(out, size, data, n, variant);
    return out;
}

char *crypt_base64url(Arena *a, const void *data, size_t n)
{
    return to_base64(a, data, n, B64);
}

char *crypt_base64(Arena *a, const void *data, size_t n)
{
    return to_base64(a, data, n, sodium_base64_VARIANT_ORIGINAL);
}

char *crypt_token_hex(Arena *a, size_t n)
{
    unsigned char *raw = arena_alloc(a, n);
    crypt_random(raw, n);
    return crypt_hex(a, raw, n);
}

char *crypt_token(Arena *a, size_t n)
{
    unsigned char *raw = arena_alloc(a, n);
    crypt_random(raw, n);
    return crypt_base64url(a, raw, n);
}

static unsigned char *from_base64(Arena *a, const char *text, size_t *out_len, int variant)
{
    size_t n = strlen(text), len;
    unsigned char *out = arena_alloc(a, n / 4 * 3 + 4);
    const char *end;
    if (sodium_base642bin(out, n / 4 * 3 + 3, text, n, NULL, &len, &end, variant) != 0 ||
        end != text + n)
        return NULL;
    out[len] = 0;
    if (out_len)
        *out_len = len;
    return out;
}

unsigned char *crypt_from_base64url(Arena *a, const char *text, size_t *out_len)
{
    return from_base64(a, text, out_len, B64);
}

unsigned char *crypt_from_base64(Arena *a, const char *text, size_t *out_len)
{
    return from_base64(a, text, out_len, sodium_base64_VARIANT_ORIGINAL);
}

unsigned char *crypt_from_hex(Arena *a, const char *text, size_t *out_len)
{
    size_t n = strlen(text), len;
    unsigned char *out = arena_alloc(a, n / 2 + 1);
    const char *end;
    if (n % 2 || sodium_hex2bin(out, n / 2, text, n, NULL, &len, &end) != 0 || end != text + n)
        return NULL;
    if (out_len)
        *out_len = len;
    return out;
}

void crypt_sha256(const void *data, size_t n, unsigned char out[32])
{
    crypto_hash_sha256(out, data, n);
}

void crypt_sha256_hex(const void *data, size_t n, char out[65])
{
    unsigned char sum[32];
    crypto_hash_sha256(sum, data, n);
    sodium_bin2hex(out, 65, sum, sizeof sum);
}

void crypt_sha256_start(CryptSha256 *s)
{
    crypto_hash_sha256_init((crypto_hash_sha256_state *)(void *)s->state);
}

void crypt_sha256_add(CryptSha256 *s, const void *data, size_t n)
{
    crypto_hash_sha256_update((crypto_hash_sha256_state *)(void *)s->state, data, n);
}

void crypt_sha256_end(CryptSha256 *s, char out_hex[65])
{
    unsigned char sum[32];
    crypto_hash_sha256_final((crypto_hash_sha256_state *)(void *)s->state, sum);
    sodium_bin2hex(out_hex, 65, sum, sizeof sum);
}

void crypt_hmac_sha256(const void *key, size_t key_len, const void *data, size_t n,
                       unsigned char out[32])
{
    crypto_auth_hmacsha256_state s;
    crypto_auth_hmacsha256_init(&s, key, key_len);
    crypto_auth_hmacsha256_update(&s, data, n);
    crypto_auth_hmacsha256_final(&s, out);
    sodium_memzero(&s, sizeof s);
}

bool crypt_equal(const void *x, const void *y, size_t n)
{
    return sodium_memcmp(x, y, n) == 0;
}

bool crypt_equal_text(const char *x, const char *y)
{
    size_t n = strlen(x);
    return n == strlen(y) && sodium_memcmp(x, y, n) == 0;
}

void crypt_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

static bool enter(CryptLine line)
{
    pthread_mutex_lock(&door);
    if (running >= max_running) {
        if (waiting[line] >= max_waiting) {
            pthread_mutex_unlock(&door);
            return false;
        }
        waiting[line]++;
        while (!called[line])
            pthread_cond_wait(&door_free[line], &door);
        called[line]--; /* the place of the one who left: running stays */
        pthread_mutex_unlock(&door);
        return true;
    }
    running++;
    pthread_mutex_unlock(&door);
    return true;
}

/* The place goes to the line that had none last, where somebody waits there. */
static void leave(void)
{
    pthread_mutex_lock(&door);
    CryptLine next = last_called == CRYPT_KNOWN ? CRYPT_STRANGER : CRYPT_KNOWN;
    if (!waiting[next])
        next = last_called;
    if (running > max_running || !waiting[next]) {
        running--;
    } else {
        waiting[next]--;
        called[next]++;
        last_called = next;
        pthread_cond_signal(&door_free[next]);
    }
    pthread_mutex_unlock(&door);
}

int crypt_password_waiting(CryptLine line)
{
    pthread_mutex_lock(&door);
    int n = waiting[line];
    pthread_mutex_unlock(&door);
    return n;
}

CryptAnswer crypt_password_hash(CryptLine line, const char *password, char out[CRYPT_PASSWORD_MAX])
{
    if (!enter(line))
        return CRYPT_BUSY;
    int rc = crypto_pwhash_str(out, password, strlen(password), OPS, MEM);
    leave();
    return rc == 0 ? CRYPT_YES : CRYPT_BUSY; /* it fails for want of memory only */
}

/* The hash of a random password, for logins that do not exist. Made at the first need; NULL where there is no memory for it. */
static const char *nobody(void)
{
    static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
    static char hash[CRYPT_PASSWORD_MAX];
    char random[24];
    randombytes_buf(random, sizeof random);
    pthread_mutex_lock(&making);
    bool made = *hash || crypto_pwhash_str(hash, random, sizeof random, OPS, MEM) == 0;
    pthread_mutex_unlock(&making);
    return made ? hash : NULL;
}

CryptAnswer crypt_password_check(CryptLine line, const char *hash, const char *password)
{
    if (!enter(line))
        return CRYPT_BUSY;
    const char *held = hash ? hash : nobody();
    bool ok = held && crypto_pwhash_str_verify(held, password, strlen(password)) == 0;
    leave();
    return ok && hash ? CRYPT_YES : CRYPT_NO;
}

bool crypt_password_is_old(const char *hash)
{
    return crypto_pwhash_str_needs_rehash(hash, OPS, MEM) != 0;
}

enum {
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES
};

char *crypt_seal(Arena *a, const unsigned char *key, const char *label, const void *data, size_t n)
{
    unsigned char *box = arena_alloc(a, NONCE + n + TAG);
    unsigned long long len;
    randombytes_buf(box, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        box + NONCE, &len, data, n, (const unsigned char *)label, strlen(label), NULL, box, key);
    return crypt_base64url(a, box, NONCE + (size_t)len);
}

unsigned char *crypt_open(Arena *a, const unsigned char *key, const char *label, const char *sealed,
                          size_t *out_len)
{
    size_t n;
    unsigned char *box = crypt_from_base64url(a, sealed, &n);
    if (!box || n < (size_t)NONCE + TAG)
        return NULL;
    unsigned char *out = arena_alloc(a, n);
    unsigned long long len;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, &len, NULL, box + NONCE, n - NONCE,
                                                   (const unsigned char *)label, strlen(label), box,
                                                   key) != 0)
        return NULL;
    out[len] = 0;
    if (out_len)
        *out_len = (size_t)len;
    return out;
}
