/* The ring of keys: what was made with one key holds while the next one seals, whatever is done to the file. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/msg.h"
#include "base/secret.h"

enum { HEAD = 13 /* "zhike-keys 1" */, LINE = SECRET_ID + 1 + 2 * CRYPT_KEY_BYTES + 1 };

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

/* Before a folder is named there is no ring to read again, and no key. */
static void nothing_before_a_folder(void **state)
{
    (void)state;
    assert_true(secret_reload(&c));
    assert_string_equal(secret_ids(a), "");
    assert_false(secret_has("00000000"));
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
    /* as older programs wrote it, without an id in front: any key of the ring opens */
    assert_string_equal(secret_open(a, "channel", sealed + SECRET_ID + 1), "one");
    assert_string_equal(secret_open(a, "channel", anew + SECRET_ID + 1), "two");
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
    /* and neither is a file read that has one more, nor one whose key ends early */
    unsigned char keys[SECRET_KEYS * CRYPT_KEY_BYTES];
    char ids[SECRET_KEYS][SECRET_ID + 1];
    int n_keys;
    size_t n;
    const char *full = read_key_file(&n);
    assert_true(secret_read(a, full, n, keys, ids, &n_keys));
    assert_int_equal(n_keys, SECRET_KEYS);
    char *more = arena_printf(a, "%s%s", full, full + n - LINE);
    assert_false(secret_read(a, more, n + LINE, keys, ids, &n_keys));
    for (int i = 0; i < 2; i++) {
        more[HEAD + SECRET_ID + 1 + 32] = i ? 'g' : 0;
        assert_false(secret_read(a, more, n, keys, ids, &n_keys));
    }
}

/* Which key made it stands in front; what older programs made says nothing of that. */
static void ids_stand_in_front(void **state)
{
    (void)state;
    assert_string_equal(secret_id_of(a, "0123abcd.x"), "0123abcd");
    static const char *const none[] = {NULL,          "",         "0123abc.x",
                                       "0123abcde.x", "0123abcd", "0123ABCD.x"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_null(secret_id_of(a, none[i]));
    assert_null(secret_open(a, "channel", NULL));
    assert_null(secret_open(a, "channel", "0123abcd.x"));
}

/* What is written into the file in place is seen, too: by its time to the nanosecond, or by its size. */
static void each_change_of_the_file_is_seen(void **state)
{
    (void)state;
    const char *second, *first = secret_current(a);
    size_t n;
    assert_true(secret_add(&c, &second));
    const char *good = read_key_file(&n);
    char *turned = arena_dup(a, good, n);
    memcpy(turned + HEAD, good + HEAD + LINE, LINE);
    memcpy(turned + HEAD + LINE, good + HEAD, LINE);
    const struct {
        const char *text;
        size_t n;
        struct timespec at;
        const char *ids;
    } ways[] = {{turned, n, {1000, 5}, arena_printf(a, "%s %s", second, first)},
                {good, n, {1000, 6}, arena_printf(a, "%s %s", first, second)},
                {good, HEAD + LINE, {1000, 6}, first}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        int fd = open(key_file(), O_WRONLY);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, ways[i].text, ways[i].n, 0), (ssize_t)ways[i].n);
        assert_int_equal(ftruncate(fd, (off_t)ways[i].n), 0);
        assert_int_equal(futimens(fd, (struct timespec[]){ways[i].at, ways[i].at}), 0);
        close(fd);
        assert_true(secret_reload(&c));
        assert_string_equal(secret_ids(a), ways[i].ids);
    }
}

/* What the database dropped stays away though the file of this folder has it, however many went before. */
static void the_latest_forgotten_stay_away(void **state)
{
    (void)state;
    const char *id, *ninth, *tenth, *first = secret_current(a);
    for (int i = 0; i < SECRET_KEYS; i++) {
        assert_true(secret_add(&c, &id));
        assert_true(secret_remove(&c, id));
    }
    assert_true(secret_add(&c, &ninth));
    assert_true(secret_add(&c, &tenth));
    secret_forget(ninth);
    secret_forget(tenth);
    secret_forget(tenth); /* again, and what is no key: nothing more */
    secret_forget("00000000");
    secret_forget("0");
    size_t n;
    const char *both = read_key_file(&n);
    write_key_file(both, n);
    assert_true(secret_reload(&c));
    assert_string_equal(secret_ids(a), first);
}

/* The one key of the file opens, even if it was forgotten: without any the process could not go on. */
static void the_last_key_is_never_forgotten(void **state)
{
    (void)state;
    const char *second, *first = secret_current(a);
    size_t n;
    const char *one = read_key_file(&n);
    assert_true(secret_remove(&c, "00000000")); /* it has not got that one: fine */
    assert_true(secret_add(&c, &second));
    assert_true(secret_use(second));
    secret_forget(first);
    assert_false(secret_has(first));
    write_key_file(one, n);
    assert_true(secret_reload(&c));
    assert_string_equal(secret_ids(a), first);
    assert_string_equal(secret_current(a), first);
}

/* Folders and files that no key can be read from or written to: each says why, and nothing is made in their place. */
static void what_cannot_be_read_is_told(void **state)
{
    (void)state;
    const char *sealed = secret_seal(a, "channel", "one");
    assert_int_equal(unlink(key_file()), 0);
    assert_false(secret_reload(&c));
    assert_int_equal(c.err_last->code, ERR_NOT_FOUND);
    assert_string_equal(secret_open(a, "channel", sealed), "one"); /* a running process goes on */
    assert_null(secret_open(a, "channel", "00000000.x"));

    char deep[5000];
    memset(deep, 'x', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    assert_false(secret_load(&c, deep));
    assert_int_equal(c.err_last->code, ERR_INVALID);
    assert_false(secret_load(&c, "/tmp/zhike-no-such-folder"));
    assert_int_equal(c.err_last->code, ERR_NOT_FOUND);
    int fd;
    assert_false(secret_lock(&c, &fd));
    assert_int_equal(c.err_last->code, ERR_NOT_FOUND);

    assert_int_equal(symlink("nowhere", key_file()), 0); /* a link to what is gone is not filled */
    assert_false(secret_load(&c, dir));
    assert_int_equal(c.err_last->code, ERR_NOT_FOUND);
    assert_int_equal(unlink(key_file()), 0);

    assert_int_equal(mkdir(key_file(), 0700), 0);
    assert_false(secret_load(&c, dir));
    assert_int_equal(rmdir(key_file()), 0);

    write_key_file(deep, sizeof deep);
    assert_false(secret_load(&c, dir));
    assert_int_equal(c.err_last->code, ERR_TOO_LARGE);
}

static void room_for_files(rlim_t bytes)
{
    struct rlimit r;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = bytes < r.rlim_max ? bytes : r.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* A file that cannot grow: the old one is still there, whole. */
static void a_full_disk_leaves_the_file(void **state)
{
    (void)state;
    const char *second, *third = "none";
    assert_true(secret_add(&c, &second));
    size_t n, left;
    const char *good = read_key_file(&n);
    (void)signal(SIGXFSZ, SIG_IGN);
    room_for_files(16);
    bool added = secret_add(&c, &third), removed = secret_remove(&c, second);
    const char *kept = read_key_file(&left);
    unlink(key_file());
    bool made = secret_load(&c, dir);
    room_for_files(RLIM_INFINITY);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_false(added || removed || made);
    assert_int_equal(left, n);
    assert_memory_equal(kept, good, n);
    assert_false(secret_has(third));
    assert_false(file_exists(key_file())); /* not half a key either */
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
        cmocka_unit_test(nothing_before_a_folder), /* the first: a folder stays named */
        cmocka_unit_test_setup(one_key_is_32_bytes, fresh),
        cmocka_unit_test_setup(old_and_new_hold_side_by_side, fresh),
        cmocka_unit_test_setup(a_key_of_another_process_is_read, fresh),
        cmocka_unit_test_setup(damage_is_seen_and_changes_nothing, fresh),
        cmocka_unit_test_setup(a_ring_has_its_limit, fresh),
        cmocka_unit_test_setup(ids_stand_in_front, fresh),
        cmocka_unit_test_setup(each_change_of_the_file_is_seen, fresh),
        cmocka_unit_test_setup(the_latest_forgotten_stay_away, fresh),
        cmocka_unit_test_setup(the_last_key_is_never_forgotten, fresh),
        cmocka_unit_test_setup(what_cannot_be_read_is_told, fresh),
        cmocka_unit_test_setup(a_full_disk_leaves_the_file, fresh),
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
