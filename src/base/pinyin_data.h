/*
 * The shape of the table that tools/mkpinyin writes (build/gen/pinyin_data.c): for each Han
 * character up to four readings without tones, most likely first. Only pinyin.c and tokens.c read it.
 */
#ifndef BASE_PINYIN_DATA_H
#define BASE_PINYIN_DATA_H

#include <stddef.h>
#include <stdint.h>

enum { PINYIN_FIRST = 0x3400, PINYIN_LAST = 0x9FFF, PINYIN_MAX = 4 };

typedef struct PinyinExt {
    uint32_t ch;
    uint16_t set;
} PinyinExt;

/* All syllables, in no order; [0] is "" and stands for no reading. */
extern const char pinyin_syllables[][8];
extern const size_t pinyin_n_syllables;
/* Sets of readings: indexes into pinyin_syllables, 0 = no more. Set 0 is empty. */
extern const uint16_t pinyin_sets[][PINYIN_MAX];
/* The set of each character from PINYIN_FIRST to PINYIN_LAST. */
extern const uint16_t pinyin_main[PINYIN_LAST - PINYIN_FIRST + 1];
/* Other characters, sorted. */
extern const PinyinExt pinyin_ext[];
extern const size_t pinyin_n_ext;

#endif
