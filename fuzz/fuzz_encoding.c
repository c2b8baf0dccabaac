/* Fuzzes the telling of encodings and the converter: pieces of any size must give the same answer,
   and what comes out must be strict UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "base/text_encoding.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t step = data[0] ? data[0] : 1;
    const char *text = (const char *)data + 1;
    size_t n = size - 1;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    TextGuess one = {0}, two = {0};
    bool ok = text_detect(&c, text, n, &one);
    TextDetect *d = text_detect_new(a);
    for (size_t i = 0; i < n; i += step)
        text_detect_feed(d, text + i, n - i < step ? n - i : step);
    if (text_detect_end(&c, d, &two) != ok || one.encoding != two.encoding ||
        one.rule != two.rule || one.gb_score != two.gb_score || one.big5_score != two.big5_score)
        abort();
    for (int e = ENC_UTF8; e < ENC__COUNT; e++) {
        char *out;
        size_t len;
        bool whole = text_to_utf8(&c, (TextEncoding)e, text, n, &out, &len);
        if (whole && !utf8_valid(out, len))
            abort();
        Buf b;
        buf_init(&b, a);
        TextConv *t = text_conv_new(&c, (TextEncoding)e);
        bool pieces = true;
        for (size_t i = 0; i < n && pieces; i += step)
            pieces = text_conv_feed(t, text + i, n - i < step ? n - i : step, &b);
        pieces = pieces && text_conv_end(t, &b);
        if (pieces != whole || (whole && (b.len != len || memcmp(b.data, out, len) != 0)))
            abort();
        /* a BOM is a promise, not a proof; every other rule has looked at the whole text */
        if (ok && (int)one.encoding == e && !whole && one.rule != RULE_BOM && one.rule != RULE_NUL)
            abort();
    }
    arena_free(a);
    return 0;
}
