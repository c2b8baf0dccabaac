/*
 * Between the three files of the tokenizer only: the set of words (tokens_words.c), what letters mean, pinyin or Latin
 * (tokens_letters.c), and how a text is cut into them (tokens.c).
 */
#ifndef BASE_TOKENS_IMPL_H
#define BASE_TOKENS_IMPL_H

#include "base/arena.h"

enum {
    WORDS_MAX = 4000,
    QUERY_MAX = 16,
    SYLLABLE = 6,      /* letters of the longest syllable */
    WORD_LETTERS = 16, /* letters of a Latin word that are looked at */
};

/* A set of words in order of arrival. */
typedef struct Words {
    Arena *a;
    const char **item;
    uint32_t *hash; /* beside item */
    uint16_t *slot; /* index + 1 */
    size_t n, cap, slots, max;
} Words;

void words_init(Words *w, Arena *a, size_t max);
/* Unless it is there, or the set is full. */
void words_add(Words *w, const char *s, size_t n);
/* mark + first + second (+ '*'), cut to what a word may hold. */
void words_join(Words *w, const char *mark, const char *s1, size_t n1, const char *s2, size_t n2,
                bool prefix);

/* Before any of the following; more than once is fine. */
void letters_ready(void);
bool letters_are_syllable(const char *s, size_t n);
/* What n letters that were typed ask for. */
void letters_query(Words *w, const char *s, size_t n);
/* What a Latin word of n letters gives the index. */
void letters_add(Words *w, const char *s, size_t n);
/* The words that a query of the first `from`, `from`+1 … n letters asks for. */
void letters_add_asked(Words *w, const char *s, size_t from, size_t n);
/*
 * Adds the joined letters of two or three syllables as one word when, at some keystroke behind the
 * last boundary, the query is not sure of any boundary inside. p1, p2: the boundaries (p2 may be 0).
 */
void letters_add_joined(Words *w, const char *s, size_t n, size_t p1, size_t p2);

#endif
