/*
 * Readings of Han characters. The table of single characters is made at build time from Unicode's
 * data (tools/mkpinyin); words and surnames whose reading it gets wrong are in
 * data/pinyin-phrases.txt. Syllables are written without tones, ü as v: "lv".
 */
#ifndef BASE_PINYIN_H
#define BASE_PINYIN_H

#include "base/arena.h"

/* The readings of a character, most likely first; returns how many (0 to 4). The strings live as
   long as the process. */
int pinyin_readings(uint32_t ch, const char *out[4]);

/* The most likely reading of a text, known words first: "重庆长安" → "chongqingchangan" and
   "cqca". ASCII letters and digits are kept (lower case), everything else is dropped. */
char *pinyin_full(Arena *a, const char *s);
char *pinyin_initials(Arena *a, const char *s);

/* The same for a person's name: the surname is read as a surname. "曾国藩" → "zengguofan". */
char *pinyin_name_full(Arena *a, const char *s);
char *pinyin_name_initials(Arena *a, const char *s);

#endif
