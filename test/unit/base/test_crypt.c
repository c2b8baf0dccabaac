/* Hashes against published vectors, tokens, passwords and the queue before them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/crypt.h"

static Arena *a;

static void vectors(void **state)
{
    (void)state;
    char hex[65];
    unsigned char mac[32];
    crypt_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CryptSha256 s;
    crypt_sha256_start(&s);
    crypt_sha256_add(&s, "a", 1);
    crypt_sha256_add(&s, "bc", 2);
    crypt_sha256_end(&s, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /* RFC 4231 case 2, and case 6 with a key longer than a block */
    crypt_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
    assert_string_equal(crypt_hex(a, mac, 32),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    unsigned char key[131];
    memset(key, 0xaa, sizeof key);
    crypt_hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
                      mac);
    assert_string_equal(crypt_hex(a, mac, 32),
                        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void texts(void **state)
{
    (void)state;
    size_t n;
    assert_string_equal(crypt_base64url(a, "\xfb\xff\xfe", 3), "-__-");
    assert_string_equal(crypt_base64url(a, "a", 1), "YQ");
    assert_memory_equal(crypt_from_base64url(a, "-__-", &n), "\xfb\xff\xfe", 3);
    assert_int_equal(n, 3);
    assert_non_null(crypt_from_base64url(a, "", &n));
    assert_int_equal(n, 0);
    assert_null(crypt_from_base64url(a, "+/+/", &n));
    assert_null(crypt_from_base64url(a, "YQ==", &n));
    assert_null(crypt_from_base64url(a, "Y", &n));
    assert_memory_equal(crypt_from_hex(a, "00fF", &n), "\0\xff", 2);
    assert_null(crypt_from_hex(a, "0", &n));
    assert_null(crypt_from_hex(a, "zz", &n));
    assert_null(crypt_from_hex(a, "0z", &n));
    assert_memory_equal(crypt_from_hex(a, "2a", NULL), "*",
                        2); /* who knows the length need not ask */
    assert_memory_equal(crypt_from_base64url(a, "YQ", NULL), "a", 2);
    char *t = crypt_token_hex(a, 16), *u = crypt_token_hex(a, 16);
    assert_int_equal(strlen(t), 32);
    assert_string_not_equal(t, u);
    assert_int_equal(strlen(crypt_token(a, 32)), 43);
    assert_true(crypt_equal("abc", "abd", 2));
    assert_false(crypt_equal("abc", "abd", 3));
    assert_true(crypt_equal_text("abc", "abc"));
    assert_false(crypt_equal_text("abc", "ab"));
    assert_false(crypt_equal_text("abc", "abd"));
    char secret[] = "secret";
    crypt_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0\0\0\0", 7);
}

static void sealing(void **state)
{
    (void)state;
    unsigned char key[CRYPT_KEY_BYTES], other[CRYPT_KEY_BYTES];
    crypt_random(key, sizeof key);
    crypt_random(other, sizeof other);
    char *s = crypt_seal(a, key, "smtp", "hello", 5);
    size_t n;
    assert_string_equal((char *)crypt_open(a, key, "smtp", s, &n), "hello");
    assert_int_equal(n, 5);
    assert_null(crypt_open(a, other, "smtp", s, &n));
    assert_null(crypt_open(a, key, "imap", s, &n));
    assert_null(crypt_open(a, key, "smtp", "", &n));
    assert_null(crypt_open(a, key, "smtp", "no base64!", &n));
    assert_string_equal((char *)crypt_open(a, key, "smtp", s, NULL), "hello");
    s[40] = s[40] == 'A' ? 'B' : 'A';
    assert_null(crypt_open(a, key, "smtp", s, &n));
}

/* Processor time of one check, us. */
static int64_t work(const char *hash, const char *password, CryptAnswer want)
{
    int64_t from = clock_thread_us();
    assert_int_equal(crypt_password_check(CRYPT_KNOWN, hash, password), want);
    return clock_thread_us() - from;
}

/*
 * Without memory nothing is hashed. A login nobody has that was asked for then is as much work as any other later: the hash it is
 * held against is made as soon as there is memory again.
 */
static void no_memory(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    print_message("a sanitizer needs the memory itself: nothing tried\n");
#else
    char h[CRYPT_PASSWORD_MAX], k[CRYPT_PASSWORD_MAX];
    struct rlimit was, less;
    assert_int_equal(crypt_password_hash(CRYPT_KNOWN, "x", h), CRYPT_YES);
    assert_int_equal(getrlimit(RLIMIT_DATA, &was), 0);
    less = was;
    less.rlim_cur = 32 << 20; /* a hash takes 64 MB */
    assert_int_equal(setrlimit(RLIMIT_DATA, &less), 0);
    CryptAnswer hashed = crypt_password_hash(CRYPT_KNOWN, "x", k),
                none = crypt_password_check(CRYPT_KNOWN, NULL, "x");
    assert_int_equal(setrlimit(RLIMIT_DATA, &was), 0);
    assert_int_equal(hashed, CRYPT_BUSY);
    assert_int_equal(none, CRYPT_NO);
    (void)work(NULL, "x", CRYPT_NO);
    int64_t known = work(h, "wrong", CRYPT_NO);
    assert_true(work(NULL, "x", CRYPT_NO) > known / 4);
#endif
}

static void passwords(void **state)
{
    (void)state;
    char h[CRYPT_PASSWORD_MAX], k[CRYPT_PASSWORD_MAX];
    assert_int_equal(crypt_password_hash(CRYPT_KNOWN, "correct horse", h), CRYPT_YES);
    assert_int_equal(crypt_password_hash(CRYPT_KNOWN, "correct horse", k), CRYPT_YES);
    assert_string_not_equal(h, k);
    assert_int_equal(strncmp(h, "$argon2id$v=19$m=65536,t=3,", 27), 0);
    assert_int_equal(crypt_password_check(CRYPT_STRANGER, h, "correct horse"), CRYPT_YES);
    assert_int_equal(crypt_password_check(CRYPT_STRANGER, h, "Correct horse"), CRYPT_NO);
    assert_int_equal(crypt_password_check(CRYPT_STRANGER, NULL, "anything"), CRYPT_NO);
    assert_int_equal(crypt_password_check(CRYPT_STRANGER, "", ""), CRYPT_NO);
    assert_false(crypt_password_is_old(h));
    assert_true(crypt_password_is_old("$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}

static atomic_int busy, done;

static void *hash_one(void *p)
{
    char h[CRYPT_PASSWORD_MAX];
    (void)p;
    if (crypt_password_hash(CRYPT_STRANGER, "x", h) == CRYPT_BUSY)
        atomic_fetch_add(&busy, 1);
    else
        atomic_fetch_add(&done, 1);
    return NULL;
}

static void queue(void **state)
{
    (void)state;
    crypt_init(1, 1); /* one runs, one waits; of six at once the others are sent away */
    pthread_t t[6];
    for (int i = 0; i < 6; i++)
        pthread_create(&t[i], NULL, hash_one, NULL);
    for (int i = 0; i < 6; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(busy + done, 6);
    assert_true(busy >= 1);
    assert_true(done >= 2);
    crypt_init(0, 0);
    char h[CRYPT_PASSWORD_MAX];
    assert_int_equal(crypt_password_hash(CRYPT_STRANGER, "x", h),
                     CRYPT_YES); /* the door is open again */
}

/* Fewer may run than do: who leaves then calls nobody in until that holds, and everybody gets his turn. */
static void narrower(void **state)
{
    (void)state;
    pthread_t t[4];
    crypt_init(2, 4);
    atomic_store(&busy, 0);
    atomic_store(&done, 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, hash_one, NULL);
    while (crypt_password_waiting(CRYPT_STRANGER) == 0 && atomic_load(&done) < 2)
        sched_yield();
    crypt_init(1, 4);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(done, 4);
    assert_int_equal(crypt_password_waiting(CRYPT_STRANGER), 0);
    crypt_init(0, 0);
}

static atomic_bool enough;

/* Somebody who tries to sign in again and again, whatever he is told. */
static void *knock(void *p)
{
    while (!atomic_load(&enough)) {
        hash_one(p);
        sched_yield();
    }
    return NULL;
}

static void lines(void **state)
{
    (void)state;
    char h[CRYPT_PASSWORD_MAX];
    pthread_t t[6];
    crypt_init(1, 1);
    atomic_store(&busy, 0);
    atomic_store(&done, 0);
    for (int i = 0; i < 6; i++)
        pthread_create(&t[i], NULL, knock, NULL);
    while (atomic_load(&busy) == 0) /* one runs, one waits, and more than that come */
        sched_yield();
    for (int i = 0; i < 5; i++) /* who is signed in finds his own line empty each time */
        assert_int_equal(crypt_password_hash(CRYPT_KNOWN, "x", h), CRYPT_YES);
    int before = atomic_load(&done);
    while (atomic_load(&done) == before) /* and they get their turns */
        sched_yield();
    while (crypt_password_check(CRYPT_STRANGER, NULL, "x") != CRYPT_BUSY) /* checks wait as well */
        sched_yield();
    atomic_store(&enough, true);
    for (int i = 0; i < 6; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(crypt_password_waiting(CRYPT_STRANGER), 0);
    assert_int_equal(crypt_password_waiting(CRYPT_KNOWN), 0);
    crypt_init(0, 0);
    assert_int_equal(crypt_password_hash(CRYPT_STRANGER, "x", h), CRYPT_YES);
}

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    return crypt_init(0, 0) ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors),   cmocka_unit_test(texts),
                                       cmocka_unit_test(sealing),   cmocka_unit_test(no_memory),
                                       cmocka_unit_test(passwords), cmocka_unit_test(queue),
                                       cmocka_unit_test(narrower),  cmocka_unit_test(lines)};
    return cmocka_run_group_tests(tests, begin, end);
}
