/*
 * Is a text strictly in one of the encodings of one and two bytes (GB18030 with its four-byte forms too)? The answer is
 * that of iconv, from tables that are asked of it once, at several times its speed: the whole of a large file is
 * checked before its first row is shown. Fed in pieces of any size.
 */
#ifndef BASE_TEXT_CHECK_H
#define BASE_TEXT_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum TextCheckKind { CHECK_GB18030, CHECK_BIG5, CHECK_CP1252, CHECK__COUNT } TextCheckKind;

typedef struct TextCheck {
    TextCheckKind kind;
    bool broken; /* some bytes are not of it */
    unsigned char pending[4];
    size_t n_pending; /* bytes of a character that is not through */
    /* characters of two bytes and more but for punctuation, and how many of them are everyday ones: see
       text_encoding.c. Of CHECK_CP1252 none are counted. */
    int64_t pairs, common;
} TextCheck;

/* Broken from the start where this machine has no table of it, or cannot load it now. */
void text_check_begin(TextCheck *k, TextCheckKind kind);
void text_check_feed(TextCheck *k, const char *data, size_t n);
/* All of it was of the encoding, and it did not end inside a character. */
bool text_check_whole(const TextCheck *k);

#endif
