/* Sort keys from ICU; see collate.h. */
#include "base/collate.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucol.h>
#include <unicode/ustring.h>

enum { KEY_MAX = 40 };

/* One collator for all: ICU promises that const use from several threads is safe. */
static UCollator *collator;
static char version[U_MAX_VERSION_STRING_LENGTH];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_collator(void)
{
    UErrorCode e = U_ZERO_ERROR;
    collator = ucol_open("zh@collation=pinyin", &e);
    if (U_FAILURE(e)) { /* ICU without its data: nothing sensible can be sorted */
        fprintf(stderr, "collate: ICU has no Chinese collation: %s\n", u_errorName(e));
        abort();
    }
    UVersionInfo v;
    ucol_getVersion(collator, v);
    u_versionToString(v, version);
}

char *collate_key(Arena *a, const char *s)
{
    pthread_once(&once, open_collator);
    UChar small[256], *text = small;
    int32_t n = 0, len = (int32_t)strnlen(s, 4096); /* 40 bytes of key never need more */
    UErrorCode e = U_ZERO_ERROR;
    if (len > 250)
        text = arena_array(a, (size_t)len + 1, sizeof *text);
    u_strFromUTF8WithSub(text, len > 250 ? len + 1 : 256, &n, s, len, 0xFFFD, NULL, &e);
    uint8_t key[KEY_MAX];
    int32_t full = U_FAILURE(e) ? 0 : ucol_getSortKey(collator, text, n, key, KEY_MAX);
    int32_t use = full < KEY_MAX ? full : KEY_MAX;
    char *out = arena_alloc(a, (size_t)use * 2 + 1);
    for (int32_t i = 0; i < use; i++) {
        out[2 * i] = "0123456789abcdef"[key[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[key[i] & 15];
    }
    return out;
}

const char *collate_version(void)
{
    pthread_once(&once, open_collator);
    return version;
}
