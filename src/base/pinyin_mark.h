/*
 * Which characters of a text a typed word stands for, so that a page can mark them: "hwjs", "huaweiji" and "华wei" all stand for
 * the beginning of "华为技术有限公司". For showing only; what is found is decided by base/tokens.
 */
#ifndef BASE_PINYIN_MARK_H
#define BASE_PINYIN_MARK_H

#include <stdbool.h>
#include <stddef.h>

/* The first place. word: n bytes, in lower case as fold_text gives it. *from, *to: characters (code points), to behind the
   last one. A character stands for one of its readings, for the first letter of one, or, as the last one, for what one begins
   with; letters and Han characters of the text for themselves; what is neither is passed over inside a match. false: nowhere. */
bool pinyin_mark(const char *text, const char *word, size_t n, int *from, int *to);

#endif
