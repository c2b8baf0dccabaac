/*
 * What identifies and indexes texts of strangers: codes, cards, times, keys of comparison, words of the search index,
 * encodings of bytes. Keys and words are UTF-8 without NUL; cleaning twice is cleaning once; what is written in
 * base64url or hex is read back; a valid number masks to something else.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/collate.h"
#include "base/credit_code.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/csv.h"
#include "base/fold.h"
#include "base/idcard.h"
#include "base/name_key.h"
#include "base/pinyin_mark.h"
#include "base/text_check.h"
#include "base/tokens.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
    if (!ok)
        abort();
}

static void words_are_plain(const char *const *words, int n, int most)
{
    need(n >= 0 && n <= most);
    for (int i = 0; i < n; i++)
        need(*words[i] && utf8_valid(words[i], strlen(words[i])) && !strpbrk(words[i], " \""));
}

static void bytes(Arena *a, const uint8_t *data, size_t size)
{
    const char *raw = (const char *)data;
    size_t good = utf8_valid_len(raw, size), n;
    need(good <= size && utf8_valid(raw, good) && (good < size) == !utf8_valid(raw, size));
    need(utf8_clip(utf8_clean(a, raw, size), 5) <= 20);
    (void)csv_sniff(raw, size);
    for (TextCheckKind k = 0; k < 3; k++) {
        TextCheck whole, parts;
        text_check_begin(&whole, k);
        text_check_begin(&parts, k);
        text_check_feed(&whole, raw, size);
        for (size_t i = 0; i < size; i += 3)
            text_check_feed(&parts, raw + i, size - i < 3 ? size - i : 3);
        need(text_check_whole(&whole) == text_check_whole(&parts));
    }
    const char *text = crypt_base64url(a, data, size), *hex = crypt_hex(a, data, size);
    const unsigned char *back = crypt_from_base64url(a, text, &n);
    need(back && n == size && (n == 0 || memcmp(back, data, n) == 0));
    back = crypt_from_hex(a, hex, &n);
    need(back && n == size && (n == 0 || memcmp(back, data, n) == 0));
    const char *given = arena_dup(a, raw, size);
    (void)crypt_from_base64url(a, given, &n);
    (void)crypt_from_hex(a, given, &n);
    static const unsigned char key[32] = {7};
    need(!crypt_open(a, key, "fuzz", given, &n));
    unsigned char keys[SECRET_KEYS * CRYPT_KEY_BYTES];
    char ids[SECRET_KEYS][SECRET_ID + 1];
    int n_keys = 0;
    need(!secret_read(a, raw, size, keys, ids, &n_keys) || (n_keys > 0 && n_keys <= SECRET_KEYS));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 2000)
        return 0;
    static bool ready;
    if (!ready)
        ready = crypt_init(1, 1);
    Arena *a = arena_new(0);
    bytes(a, data, size);
    const char *text = utf8_clean(a, (const char *)data, size);
    const char *clean = fold_clean(a, text), *folded = fold_text(a, text);
    need(strcmp(fold_clean(a, clean), clean) == 0 && utf8_valid(folded, strlen(folded)));
    need(utf8_valid(fold_narrow(a, text), strlen(fold_narrow(a, text))));
    const char *key = name_key(a, text), *order = collate_key(a, text);
    need(utf8_valid(key, strlen(key)) && order && strcmp(collate_key(a, text), order) == 0);
    int n;
    const char *const *words = tokens_index(a, text, &n);
    words_are_plain(words, n, 4000);
    words = tokens_query(a, text, &n);
    words_are_plain(words, n, 16);
    words = tokens_phone(a, text, &n);
    words_are_plain(words, n, 4000);
    int from = 0, to = 0;
    size_t half = utf8_clip(folded, utf8_count(folded) / 4);
    if (pinyin_mark(text, folded, half, &from, &to))
        need(from >= 0 && from < to && (size_t)to <= utf8_count(text));
    CreditCode code;
    if (credit_code_check(text, &code))
        need(strlen(text) < 100 && strcmp(credit_code_mask(a, text), text) != 0);
    (void)credit_code_is_tax_number(text);
    (void)credit_code_mask(a, text);
    IdCard card;
    if (idcard_check(text, "2026-11-22", &card))
        need(strlen(text) < 100 && strcmp(idcard_mask(a, text), text) != 0);
    (void)idcard_mask(a, text);
    int64_t at;
    char again[25];
    if (clock_parse_rfc3339(text, &at)) {
        int64_t same;
        clock_rfc3339(at, again);
        need(clock_parse_rfc3339(again, &same) && same == at);
    }
    (void)clock_zone_known(text);
    need(!csv_is_formula(text) || *text);
    arena_free(a);
    return 0;
}
