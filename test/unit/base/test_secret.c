/* The ring of keys: what was made with one key holds while the next one seals, whatever is done to the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/msg.h"
#include "base/secret.h"

static Arena *a;
static Ctx c;
static char dir[64];

static const char *key_file(void)
{
    return arena_printf(a, "%s/secret.key", dir);
}

static const char *read_key_file(size_t *n)
{
    char *text;
    assert_true(file_read(&c, key_file(), 8192, &text, n));
    return text;
}

static void write_key_file(const void *data, size_t n)
{
    assert_true(file_write(&c, key_file(), data, n, 0600));
}

/* A folder without a key, and a ring of one. */
static int fresh(void **state)
{
    (void)state;
    unlink(key_file());
    ctx_errors_back_to(&c, 0);
    assert_true(secret_load(&c, dir));
    return 0;
}

static void one_key_is_32_bytes(void **state)
{
    (void)state;
    size_t n;
    const char *raw = read_key_file(&n);
    assert_int_equal(n, CRYPT_KEY_BYTES);
    /* as programs before the ring sealed, signed and digested */
    const char *old = crypt_seal(a, (const unsigned char *)raw, "channel", "mail password", 13);
    assert_string_equal(secret_open(a, "channel", old), "mail password");
    assert_null(secret_open(a, "letter", old));
    unsigned char sub[32], mac[32];
    crypt_hmac_sha256(raw, n, "recovery", 8, sub);
    crypt_hmac_sha256(sub, 32, "7:abc", 5, mac);
    assert_true(secret_digest_fits(a, "recovery", "7:abc", crypt_hex(a, mac, 32)));
    assert_false(secret_digest_fits(a, "recovery", "8:abc", crypt_hex(a, mac, 32)));
    crypt_hmac_sha256(raw, n, "sign:link", 9, sub);
    crypt_hmac_sha256(sub, 32, "x", 1, mac);
    assert_true(secret_signed(a, "link", "x", crypt_base64url(a, mac, 32)));
}

static void old_and_new_hold_side_by_side(void **state)
{
    (void)state;
    const char *first = secret_current(a), *second;
    const char *sealed = secret_seal(a, "channel", "one"), *signature = secret_sign(a, "l", "x");
    const char *digest = secret_digest(a, "recovery", "7:abc");
    assert_string_equal(secret_id_of(a, sealed), first);
    assert_string_equal(secret_id_of(a, digest), first);
    assert_true(secret_add(&c, &second));
    assert_string_not_equal(first, second);
    assert_string_equal(secret_current(a), first); /* it seals when it is said, not before */
    assert_string_equal(secret_ids(a), arena_printf(a, "%s %s", first, second));
    assert_false(secret_use("00000000"));
    assert_true(secret_use(second));
    const char *anew = secret_seal(a, "channel", "two");
    assert_string_equal(secret_id_of(a, anew), second);
    assert_string_equal(secret_open(a, "channel", sealed), "one");
    assert_string_equal(secret_open(a, "channel", anew), "two");
    assert_true(secret_signed(a, "l", "x", signature));
    assert_true(secret_signed(a, "l", "x", secret_sign(a, "l", "x")));
    assert_false(secret_signed(a, "l", "y", signature));
    assert_false(secret_signed(a, "m", "x", signature));
    assert_string_not_equal(signature, secret_sign(a, "l", "x"));
    assert_true(secret_digest_fits(a, "recovery", "7:abc", digest));
    /* the old one goes: what it made ends, the other holds */
    assert_true(secret_remove(&c, first));
    assert_false(secret_has(first));
    assert_null(secret_open(a, "channel", sealed));
    assert_string_equal(secret_open(a, "channel", anew), "two");
    assert_false(secret_signed(a, "l", "x", signature));
    assert_false(secret_digest_fits(a, "recovery", "7:abc", digest));
    assert_true(secret_remove(&c, first)); /* it is gone: fine */
    assert_false(secret_remove(&c, second));
    assert_int_equal(c.err_last->code, ERR_CONFLICT);
    /* and so it is after a start */
    assert_true(secret_load(&c, dir));
    assert_string_equal(secret_ids(a), second);
    assert_string_equal(secret_open(a, "channel", anew), "two");
}

/* Another process made the key and sealed with it; this one has not been told. */
static void a_key_of_another_process_is_read(void **state)
{
    (void)state;
    const char *first = secret_current(a), *second;
    size_t n_old, n_new;
    const char *old_file = read_key_file(&n_old);
    assert_true(secret_add(&c, &second));
    assert_true(secret_use(second));
    const char *sealed = secret_seal(a, "channel", "two");
    const char *digest = secret_digest(a, "second", "123456");
    const char *new_file = read_key_file(&n_new);
    write_key_file(old_file, n_old);
    assert_true(secret_load(&c, dir));
    assert_false(secret_has(second));
    assert_null(secret_open(a, "channel", sealed));
    assert_false(secret_digest_fits(a, "second", "123456", digest));
    write_key_file(new_file, n_new);
    assert_true(secret_digest_fits(a, "second", "123456", digest));
    assert_string_equal(secret_open(a, "channel", sealed), "two");
    assert_string_equal(secret_current(a), first);
    /* dropped by the database, still in the file of this folder */
    assert_true(secret_use(second));
    secret_forget(first);
    secret_forget(second); /* the one that seals stays */
    write_key_file(new_file, n_new);
    assert_true(secret_reload(&c));
    assert_string_equal(secret_ids(a), second);
}

static void damage_is_seen_and_changes_nothing(void **state)
{
    (void)state;
    const char *second;
    size_t n;
    assert_true(secret_add(&c, &second));
    const char *sealed = secret_seal(a, "channel", "one"), *good = read_key_file(&n);
    unsigned char keys[SECRET_KEYS * CRYPT_KEY_BYTES];
    char ids[SECRET_KEYS][SECRET_ID + 1];
    int n_keys;
    assert_true(secret_read(a, good, n, keys, ids, &n_keys));
    assert_int_equal(n_keys, 2);
    assert_string_equal(ids[1], second);
    for (size_t i = 0; i < n; i++) { /* each byte changed, and the file cut there */
        char *bad = arena_dup(a, good, n);
        bad[i] = bad[i] == 'f' ? 'e' : 'f';
        assert_false(secret_read(a, bad, n, keys, ids, &n_keys));
        bool cut = secret_read(a, good, i, keys, ids, &n_keys);
        assert_true(!cut || i == CRYPT_KEY_BYTES || n_keys == 1);
    }
    const char *const files[] = {"", "zhike-keys 1\n", "zhike-keys 2\n", "short"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_key_file(files[i], strlen(files[i]));
        assert_false(secret_reload(&c));
        assert_int_equal(c.err_last->code, ERR_INVALID);
        const char *id;
        assert_false(secret_add(&c, &id));
        assert_false(secret_remove(&c, second));
        assert_string_equal(secret_open(a, "channel", sealed),
                            "one"); /* a running process goes on */
        assert_false(secret_load(&c, dir));
        size_t left;
        read_key_file(&left);
        assert_int_equal(left, strlen(files[i])); /* never replaced */
    }
    write_key_file(good, n);
    assert_true(secret_load(&c, dir));
    assert_string_equal(secret_open(a, "channel", sealed), "one");
}

static void a_ring_has_its_limit(void **state)
{
    (void)state;
    const char *id;
    for (int i = 1; i < SECRET_KEYS; i++)
        assert_true(secret_add(&c, &id));
    assert_false(secret_add(&c, &id));
    assert_int_equal(c.err_last->code, ERR_CONFLICT);
}

static void one_at_a_time(void **state)
{
    (void)state;
    int first, second;
    assert_true(secret_lock(&c, &first));
    assert_false(secret_lock(&c, &second));
    assert_int_equal(c.err_last->code, ERR_CONFLICT);
    close(first);
    assert_true(secret_lock(&c, &second));
    close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_key_is_32_bytes, fresh),
        cmocka_unit_test_setup(old_and_new_hold_side_by_side, fresh),
        cmocka_unit_test_setup(a_key_of_another_process_is_read, fresh),
        cmocka_unit_test_setup(damage_is_seen_and_changes_nothing, fresh),
        cmocka_unit_test_setup(a_ring_has_its_limit, fresh),
        cmocka_unit_test_setup(one_at_a_time, fresh),
    };
    snprintf(dir, sizeof dir, "/tmp/zhike-secret-XXXXXX");
    if (!mkdtemp(dir) || !crypt_init(1, 1))
        return 1;
    a = arena_new(0);
    msg_load();
    ctx_init(&c, a);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(key_file());
    rmdir(dir);
    arena_free(a);
    return failed;
}
