/*
 * The words of the search index. tokens_index cuts a stored text into words, tokens_query cuts
 * what a person typed into words that a hit must ALL have; a closing '*' means "starts with".
 * Words hold no blank, quote or other '*', so they go into any kind of index as they are.
 *
 *   word            from                                     asked by
 *   华 华为          every Han character, every pair          华; 华为技术 → 华为 为技 技术
 *   h3c cus2026…    words that mix letters and digits        h3c → h3c*
 *   #13800138000    runs of digits; of 7 digits and more     8000 → #8000*, 138 → #138
 *                   also the first 3 and the last 4 to 8
 *   ~hua            one syllable                             hua → ~hua*
 *   ~~huawei        two syllables that follow each other     huawei → ~~huawei
 *   ~h ~hwk ~kj     initials: single, three in a row, and    w → ~w, hw → ~hw*,
 *                   the last two of a run                    hwkj → ~hwk ~wkj
 *
 * Words of letters (Latin) give the same "~" words as pinyin does, because a query of letters does
 * not say which it is: each beginning of a Latin word is indexed by what a query of it would ask.
 *
 * The boundaries of syllables are ambiguous (xian: 先, 西安). The index stores the true ones. The
 * query weighs all ways to cut what was typed and asks only for what they have in common: where
 * all cuts agree, pairs (~~); between two such places the joined letters as one word (~xian), which
 * the index also stores for two or three characters that may be cut otherwise (西安, 方案). So
 * nothing whose reading was typed from some character on is missed, at any keystroke; that the
 * pairs of a hit may stand apart is accepted: their order would cost a position index.
 * Polyphones: all readings, at most 16 combinations from one character on.
 *
 * A single letter is always the exact initial ~w, never a prefix (measured: 58 ms at a million).
 */
#ifndef BASE_TOKENS_H
#define BASE_TOKENS_H

#include "base/arena.h"

/* The distinct words to store for a text. Pinyin is made of the first 64 Han characters only, and
   at most 4,000 words are given, so that a long note does not flood the index. */
const char *const *tokens_index(Arena *a, const char *text, int *n);
/* The words a hit must all have; 0 words where nothing searchable was typed. At most 16. */
const char *const *tokens_query(Arena *a, const char *q, int *n);
/* The words for a phone number, whatever its separators; what is no digit is skipped. */
const char *const *tokens_phone(Arena *a, const char *digits, int *n);

#endif
