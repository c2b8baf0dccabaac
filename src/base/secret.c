/* The keys of the data folder. See secret.h. */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crypt.h"
#include "base/file.h"

static const char header[] = "zhike-keys 1\n";

typedef struct Key {
    char id[SECRET_ID + 1];
    unsigned char key[CRYPT_KEY_BYTES];
} Key;

typedef struct Ring {
    Key keys[SECRET_KEYS];
    int n;
} Ring;

static Ring ring; /* all below under lock */
static char current[SECRET_ID + 1], forgotten[SECRET_KEYS][SECRET_ID + 1];
static unsigned n_forgotten; /* places in forgotten are taken in turn */
static char path[4096];
static struct stat seen; /* the file as it was read */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static void name_key(const unsigned char *key, char out[SECRET_ID + 1])
{
    unsigned char mac[32];
    static const char digits[] = "0123456789abcdef";
    crypt_hmac_sha256(key, CRYPT_KEY_BYTES, "id", 2, mac);
    for (int i = 0; i < SECRET_ID; i++)
        out[i] = digits[(mac[i / 2] >> (i % 2 ? 0 : 4)) & 15];
    out[SECRET_ID] = 0;
}

/* ---- the file ------------------------------------------------------------------------------------- */

/* "zhike-keys 1", then a line for each key: its id, a blank, 64 hex digits. */
static bool read_lines(Arena *a, const char *text, const char *end, Ring *out)
{
    enum { HEX = 2 * CRYPT_KEY_BYTES, LINE = SECRET_ID + 1 + HEX + 1 };
    *out = (Ring){0};
    for (; text < end; text += LINE) {
        char id[SECRET_ID + 1];
        size_t n = 0;
        if (end - text < LINE || text[SECRET_ID] != ' ' || text[LINE - 1] != '\n' ||
            out->n == SECRET_KEYS)
            return false;
        char *hex = arena_dup(a, text + SECRET_ID + 1, HEX);
        unsigned char *key = crypt_from_hex(a, hex, &n);
        crypt_wipe(hex, HEX);
        if (!key || n != CRYPT_KEY_BYTES)
            return false;
        Key *k = &out->keys[out->n++];
        memcpy(k->key, key, CRYPT_KEY_BYTES);
        crypt_wipe(key, CRYPT_KEY_BYTES);
        name_key(k->key, id);
        memcpy(k->id, id, sizeof id);
        if (memcmp(id, text, SECRET_ID) != 0) /* a digit that was changed is no other key */
            return false;
    }
    return out->n > 0;
}

static bool read_ring(Arena *a, const char *text, size_t n, Ring *out)
{
    size_t head = sizeof header - 1;
    if (n == CRYPT_KEY_BYTES) {
        *out = (Ring){.n = 1};
        memcpy(out->keys[0].key, text, n);
        name_key(out->keys[0].key, out->keys[0].id);
        return true;
    }
    return n > head && memcmp(text, header, head) == 0 && read_lines(a, text + head, text + n, out);
}

bool secret_read(Arena *a, const char *text, size_t n, unsigned char *out_keys,
                 char (*out_ids)[SECRET_ID + 1], int *out_n)
{
    Ring r;
    if (!read_ring(a, text, n, &r))
        return false;
    for (int i = 0; i < r.n; i++) {
        memcpy(out_keys + (size_t)i * CRYPT_KEY_BYTES, r.keys[i].key, CRYPT_KEY_BYTES);
        memcpy(out_ids[i], r.keys[i].id, sizeof *out_ids);
    }
    *out_n = r.n;
    crypt_wipe(&r, sizeof r);
    return true;
}

/* Two processes that start at once: one makes the file, the other reads it. */
static bool make(Ctx *c)
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
    if (failed)
        return file_fail(c, path, failed);
    return true;
}

/* st: what the file was just before it was read; a change in between is read at the next look. */
static bool read_file(Ctx *c, Ring *out, struct stat *st)
{
    char *data;
    size_t n;
    if (stat(path, st) != 0)
        return file_fail(c, path, errno);
    if (!file_read(c, path, 4096, &data, &n))
        return false;
    bool ok = read_ring(c->a, data, n, out);
    crypt_wipe(data, n);
    if (!ok)
        return ctx_fail(c, ERR_INVALID, "secret.key", "err.secret_key");
    return true;
}

/* Durable: the old content or the new one is there. Under the lock of the file. */
static bool write_file(Ctx *c, const Ring *r)
{
    Buf b;
    buf_init(&b, c->a);
    buf_printf(&b, "%s", header);
    for (int i = 0; i < r->n; i++) {
        char *hex = crypt_hex(c->a, r->keys[i].key, CRYPT_KEY_BYTES);
        buf_printf(&b, "%s %s\n", r->keys[i].id, hex);
        crypt_wipe(hex, strlen(hex));
    }
    bool ok = file_write(c, path, b.data, b.len, 0600);
    crypt_wipe(b.data, b.len);
    return ok;
}

bool secret_lock(Ctx *c, int *out)
{
    char *dir = arena_str(c->a, path);
    *strrchr(dir, '/') = 0;
    *out = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*out < 0)
        return file_fail(c, dir, errno);
    if (flock(*out, LOCK_EX | LOCK_NB) == 0)
        return true;
    int failed = errno;
    close(*out);
    *out = -1;
    return failed == EWOULDBLOCK ? ctx_fail(c, ERR_CONFLICT, NULL, "err.secret_busy")
                                 : file_fail(c, dir, failed);
}

/* ---- the ring ------------------------------------------------------------------------------------- */

static Key *find(Ring *r, const char *id)
{
    for (int i = 0; i < r->n; i++)
        if (strncmp(r->keys[i].id, id, SECRET_ID) == 0)
            return &r->keys[i];
    return NULL;
}

static void take_out(Ring *r, const char *id)
{
    Key *k = find(r, id);
    if (!k)
        return;
    int left = (int)(&r->keys[r->n] - k) - 1;
    memmove(k, k + 1, (size_t)left * sizeof *k);
    crypt_wipe(&r->keys[--r->n], sizeof *k);
}

/* Under the write lock. What was forgotten stays so; the key that seals goes on, where it is still there. */
static void put_ring(const Ring *r, const struct stat *st)
{
    crypt_wipe(&ring, sizeof ring);
    ring = *r;
    seen = *st;
    for (int i = 0; i < SECRET_KEYS; i++)
        if (ring.n > 1)
            take_out(&ring, forgotten[i]);
    if (!find(&ring, current))
        memcpy(current, ring.keys[ring.n - 1].id, sizeof current);
}

bool secret_load(Ctx *c, const char *dir)
{
    Ring r = {0};
    struct stat st;
    if (strlen(dir) + sizeof "/secret.key" > sizeof path)
        return ctx_fail(c, ERR_INVALID, "secret.key", "err.secret_key");
    char *name = arena_printf(c->a, "%s/secret.key", dir);
    memcpy(path, name, strlen(name) + 1);
    if (!file_exists(path) && !make(c))
        return false;
    if (!read_file(c, &r, &st))
        return false;
    pthread_rwlock_wrlock(&lock);
    memset(forgotten, 0, sizeof forgotten);
    n_forgotten = 0;
    current[0] = 0;
    put_ring(&r, &st);
    pthread_rwlock_unlock(&lock);
    crypt_wipe(&r, sizeof r);
    return true;
}

static bool is_seen(const struct stat *st)
{
    return st->st_ino == seen.st_ino && st->st_size == seen.st_size &&
           st->st_mtim.tv_sec == seen.st_mtim.tv_sec && st->st_mtim.tv_nsec == seen.st_mtim.tv_nsec;
}

bool secret_reload(Ctx *c)
{
    Ring r = {0};
    struct stat st;
    if (!path[0])
        return true;
    pthread_rwlock_rdlock(&lock);
    bool same = stat(path, &st) == 0 && is_seen(&st);
    pthread_rwlock_unlock(&lock);
    if (same)
        return true;
    if (!read_file(c, &r, &st))
        return false;
    pthread_rwlock_wrlock(&lock);
    put_ring(&r, &st);
    pthread_rwlock_unlock(&lock);
    crypt_wipe(&r, sizeof r);
    return true;
}

bool secret_use(const char *id)
{
    pthread_rwlock_wrlock(&lock);
    Key *k = find(&ring, id);
    if (k)
        memcpy(current, k->id, sizeof current);
    pthread_rwlock_unlock(&lock);
    return k != NULL;
}

void secret_forget(const char *id)
{
    pthread_rwlock_wrlock(&lock);
    bool known = strlen(id) != SECRET_ID || strcmp(id, current) == 0;
    for (int i = 0; i < SECRET_KEYS; i++)
        known |= strcmp(forgotten[i], id) == 0;
    if (!known && find(&ring, id)) {
        memcpy(forgotten[n_forgotten++ % SECRET_KEYS], id, SECRET_ID + 1);
        take_out(&ring, id);
    }
    pthread_rwlock_unlock(&lock);
}

bool secret_has(const char *id)
{
    pthread_rwlock_rdlock(&lock);
    bool has = find(&ring, id) != NULL;
    pthread_rwlock_unlock(&lock);
    return has;
}

char *secret_current(Arena *a)
{
    pthread_rwlock_rdlock(&lock);
    char *id = arena_str(a, current);
    pthread_rwlock_unlock(&lock);
    return id;
}

char *secret_ids(Arena *a)
{
    Buf b;
    buf_init(&b, a);
    pthread_rwlock_rdlock(&lock);
    for (int i = 0; i < ring.n; i++)
        buf_printf(&b, "%s%s", i ? " " : "", ring.keys[i].id);
    pthread_rwlock_unlock(&lock);
    return b.data;
}

bool secret_add(Ctx *c, const char **out_id)
{
    Ring r = {0};
    struct stat st;
    if (!read_file(c, &r, &st))
        return false;
    if (r.n == SECRET_KEYS)
        return ctx_fail(c, ERR_CONFLICT, "secret.key", "err.secret_full", ctx_num(c, SECRET_KEYS));
    Key *k = &r.keys[r.n++];
    crypt_random(k->key, sizeof k->key);
    name_key(k->key, k->id);
    *out_id = arena_str(c->a, k->id);
    bool ok = write_file(c, &r);
    crypt_wipe(&r, sizeof r);
    return ok && secret_reload(c);
}

bool secret_remove(Ctx *c, const char *id)
{
    Ring r = {0};
    struct stat st;
    if (!read_file(c, &r, &st))
        return false;
    int before = r.n;
    if (r.n > 1 || !find(&r, id))
        take_out(&r, id);
    else
        return ctx_fail(c, ERR_CONFLICT, "secret.key", "err.secret_last");
    bool ok = r.n == before || write_file(c, &r);
    crypt_wipe(&r, sizeof r);
    secret_forget(id);
    return ok && secret_reload(c);
}

/* ---- what they do --------------------------------------------------------------------------------- */

/* A copy of the key with this id, or of the one that seals (NULL). */
static bool copy_key(const char *id, Key *out)
{
    pthread_rwlock_rdlock(&lock);
    const Key *k = find(&ring, id ? id : current);
    if (k)
        *out = *k;
    pthread_rwlock_unlock(&lock);
    return k != NULL;
}

static void copy_ring(Ring *out)
{
    pthread_rwlock_rdlock(&lock);
    *out = ring;
    pthread_rwlock_unlock(&lock);
}

const char *secret_id_of(Arena *a, const char *text)
{
    if (!text || strspn(text, "0123456789abcdef") != SECRET_ID || text[SECRET_ID] != '.')
        return NULL;
    return arena_dup(a, text, SECRET_ID);
}

char *secret_seal(Arena *a, const char *label, const char *text)
{
    Key k = {0};
    (void)copy_key(NULL, &k);
    char *sealed = crypt_seal(a, k.key, label, text, strlen(text));
    crypt_wipe(k.key, sizeof k.key);
    return arena_printf(a, "%s.%s", k.id, sealed);
}

/* The file may have the key since a moment: whoever made it has written it before he sealed anything with it. */
static bool copy_named(Arena *a, const char *id, Key *out)
{
    if (copy_key(id, out))
        return true;
    Ctx c;
    ctx_init(&c, a);
    return secret_reload(&c) && copy_key(id, out);
}

char *secret_open(Arena *a, const char *label, const char *sealed)
{
    size_t n;
    char *text = NULL;
    const char *id = secret_id_of(a, sealed);
    if (!sealed)
        return NULL;
    if (id) {
        Key k;
        if (!copy_named(a, id, &k))
            return NULL;
        text = (char *)crypt_open(a, k.key, label, sealed + SECRET_ID + 1, &n);
        crypt_wipe(k.key, sizeof k.key);
        return text;
    }
    Ring r;
    copy_ring(&r);
    for (int i = r.n; i-- > 0 && !text;)
        text = (char *)crypt_open(a, r.keys[i].key, label, sealed, &n);
    crypt_wipe(&r, sizeof r);
    return text;
}

/* A key of its own for each purpose, and none of them the one that seals. */
static void keyed(const Key *k, const char *purpose, const char *text, unsigned char mac[32])
{
    unsigned char own[32];
    crypt_hmac_sha256(k->key, sizeof k->key, purpose, strlen(purpose), own);
    crypt_hmac_sha256(own, sizeof own, text, strlen(text), mac);
    crypt_wipe(own, sizeof own);
}

static char *sign_with(Arena *a, const Key *k, const char *label, const char *text)
{
    unsigned char mac[32];
    keyed(k, arena_printf(a, "sign:%s", label), text, mac);
    return crypt_base64url(a, mac, sizeof mac);
}

char *secret_sign(Arena *a, const char *label, const char *text)
{
    Key k = {0};
    (void)copy_key(NULL, &k);
    char *out = sign_with(a, &k, label, text);
    crypt_wipe(k.key, sizeof k.key);
    return out;
}

bool secret_signed(Arena *a, const char *label, const char *text, const char *signature)
{
    Ring r;
    bool fits = false;
    copy_ring(&r);
    for (int i = 0; i < r.n; i++) /* all of them, so that the time does not tell */
        fits |= crypt_equal_text(sign_with(a, &r.keys[i], label, text), signature);
    crypt_wipe(&r, sizeof r);
    return fits;
}

static const char *digest_with(Arena *a, const Key *k, const char *label, const char *text)
{
    unsigned char mac[32];
    keyed(k, label, text, mac);
    return crypt_hex(a, mac, sizeof mac);
}

char *secret_digest(Arena *a, const char *label, const char *text)
{
    Key k = {0};
    (void)copy_key(NULL, &k);
    char *out = arena_printf(a, "%s.%s", k.id, digest_with(a, &k, label, text));
    crypt_wipe(k.key, sizeof k.key);
    return out;
}

bool secret_digest_fits(Arena *a, const char *label, const char *text, const char *digest)
{
    Ring r;
    bool fits = false;
    const char *id = secret_id_of(a, digest), *hex = id ? digest + SECRET_ID + 1 : digest;
    copy_ring(&r);
    if (id && !find(&r, id) && copy_named(a, id, &r.keys[0]))
        r.n = 1;
    for (int i = 0; i < r.n; i++)
        if (!id || strcmp(r.keys[i].id, id) == 0)
            fits |= crypt_equal_text(digest_with(a, &r.keys[i], label, text), hex);
    crypt_wipe(&r, sizeof r);
    return fits;
}
