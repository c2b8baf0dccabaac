/*
 * Which encoding is this text, and make UTF-8 of it. The rule was tried on real files of Chinese
 * users (detector libraries fail on short Chinese texts): BOM; strict UTF-8; NUL bytes on every other
 * place (UTF-16); strict GB18030; strict Big5; strict windows-1252. GB18030 accepts most Big5 texts,
 * so both are scored by the share of everyday characters; Big5 wins only when GB18030 looks like
 * noise. Which rule fired is always told, and the person may choose another encoding.
 *
 * Everything works on pieces, so a file of any size needs little memory. Nothing is replaced in
 * silence: bytes that are not of the encoding are an error.
 */
#ifndef BASE_TEXT_ENCODING_H
#define BASE_TEXT_ENCODING_H

#include "base/buf.h"
#include "base/ctx.h"

typedef enum TextEncoding {
    ENC_UNKNOWN,
    ENC_UTF8,
    ENC_UTF16LE,
    ENC_UTF16BE,
    ENC_UTF32LE,
    ENC_UTF32BE,
    ENC_GB18030,
    ENC_BIG5,
    ENC_WINDOWS1252,
    ENC__COUNT
} TextEncoding;

typedef enum TextRule {
    RULE_NONE,
    RULE_BOM,
    RULE_UTF8,       /* the whole text is strict UTF-8 (ASCII too) */
    RULE_NUL,        /* NUL bytes in odd or even places */
    RULE_GB18030,    /* strict GB18030 */
    RULE_BIG5_SCORE, /* strict in both, everyday characters in Big5 only */
    RULE_BIG5,       /* strict Big5 */
    RULE_LAST        /* nothing else was left: windows-1252 */
} TextRule;

typedef struct TextGuess {
    TextEncoding encoding;
    TextRule rule;
    int bom; /* bytes of the BOM; text_conv skips them itself */
    /* percent of the two-byte characters that are everyday ones; -1: not valid in that encoding */
    int gb_score, big5_score;
} TextGuess;

/* "UTF-8", "GB18030" …, as iconv and a Content-Type name them; "bom", "utf8", "gb18030" … */
const char *text_encoding_name(TextEncoding e);
TextEncoding text_encoding_by_name(const char *name); /* ENC_UNKNOWN where there is none */
const char *text_rule_name(TextRule r);

/* Telling: feed the whole text, then ask. */
typedef struct TextDetect TextDetect;
TextDetect *text_detect_new(Arena *a);
void text_detect_feed(TextDetect *d, const char *data, size_t n);
/* false with ERR_UNSUPPORTED_TYPE for what is no text in any of these encodings. */
bool text_detect_end(Ctx *c, TextDetect *d, TextGuess *out);
bool text_detect(Ctx *c, const char *data, size_t n, TextGuess *out);

/* Converting: pieces in, UTF-8 appended to out; a leading BOM is left out. end gives what was
   held back; the text must not stop inside a character. ERR_UNSUPPORTED_TYPE with the place of the wrong byte. */
typedef struct TextConv TextConv;
TextConv *text_conv_new(Ctx *c, TextEncoding e);
bool text_conv_feed(TextConv *t, const char *data, size_t n, Buf *out);
bool text_conv_end(TextConv *t, Buf *out);
/* All at once; the result has a NUL behind it. */
bool text_to_utf8(Ctx *c, TextEncoding e, const char *data, size_t n, char **out, size_t *out_len);

#endif
