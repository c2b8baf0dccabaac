/* Word lists of contact blocks. See contact_words.h. */
#include "domain/customer/contact_words.h"

#include <pthread.h>
#include <string.h>

#include "base/embed.h"
#include "base/map.h"

enum { WORD_MAX = 48 }; /* bytes of the longest word */

static const char *const sections[WORDS__COUNT] = {[WORDS_SURNAME] = "surname",
                                                   [WORDS_HONORIFIC] = "honorific",
                                                   [WORDS_TITLE] = "title",
                                                   [WORDS_TITLE_END] = "title_end",
                                                   [WORDS_TITLE_EN] = "title_en",
                                                   [WORDS_DEPARTMENT] = "department",
                                                   [WORDS_COMPANY] = "company",
                                                   [WORDS_COMPANY_WEAK] = "company_weak",
                                                   [WORDS_COMPANY_EN] = "company_en",
                                                   [WORDS_ADDRESS] = "address",
                                                   [WORDS_COMMON] = "common",
                                                   [LABEL_NAME] = "label:name",
                                                   [LABEL_ROLE] = "label:role",
                                                   [LABEL_COMPANY] = "label:company",
                                                   [LABEL_CUSTOMER] = "label:customer",
                                                   [LABEL_TITLE] = "label:title",
                                                   [LABEL_DEPARTMENT] = "label:department",
                                                   [LABEL_PHONE] = "label:phone",
                                                   [LABEL_FAX] = "label:fax",
                                                   [LABEL_EMAIL] = "label:email",
                                                   [LABEL_WECHAT] = "label:wechat",
                                                   [LABEL_WEBSITE] = "label:website",
                                                   [LABEL_ADDRESS] = "label:address",
                                                   [LABEL_USCC] = "label:uscc",
                                                   [LABEL_REMARK] = "label:remark"};

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The words of a section; and what is asked first, because most texts have no word at most places: which characters
   words begin and end with, and how long the longest is. */
typedef struct List {
    Map words;
    size_t max;
    unsigned char first[512], last[512]; /* bits by char_bit */
} List;

static List lists[WORDS__COUNT], labels; /* labels: those of all kinds together */

static char lower(char ch)
{
    return ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
}

static bool is_start(char ch)
{
    return ((unsigned char)ch & 0xC0) != 0x80;
}

/* 12 bits of the character at s. */
static unsigned char_bit(const char *s, size_t n)
{
    unsigned b0 = (unsigned char)lower(s[0]);
    if (b0 < 0x80 || n < 3)
        return b0;
    return ((b0 << 12) ^ ((unsigned)(unsigned char)s[1] << 6) ^ (unsigned char)s[2]) & 4095;
}

static unsigned last_bit(const char *s, size_t n)
{
    size_t i = n - 1;
    while (i > 0 && !is_start(s[i]))
        i--;
    return char_bit(s + i, n - i);
}

static bool has_bit(const unsigned char *set, unsigned bit)
{
    return set[bit >> 3] >> (bit & 7) & 1;
}

static void add_word(List *l, const char *word, size_t n)
{
    unsigned first = char_bit(word, n), last = last_bit(word, n);
    map_put(&l->words, word, (void *)(uintptr_t)word);
    l->first[first >> 3] |= (unsigned char)(1U << (first & 7));
    l->last[last >> 3] |= (unsigned char)(1U << (last & 7));
    l->max = n > l->max ? n : l->max;
}

static int section_of(const char *line, size_t n)
{
    for (int i = 0; i < WORDS__COUNT; i++)
        if (n == strlen(sections[i]) + 2 && strncmp(line + 1, sections[i], n - 2) == 0)
            return i;
    return -1;
}

static void load(void)
{
    const Embed *e = embed_find("data/contact-words.txt");
    Arena *a = arena_new(0); /* for as long as the process lives */
    for (int i = 0; i < WORDS__COUNT; i++)
        map_init(&lists[i].words, a);
    map_init(&labels.words, a);
    if (!e)
        return;
    int now = -1;
    for (const char *p = arena_dup(a, (const char *)e->data, e->len); *p; p += *p != 0) {
        size_t line = strcspn(p, "\r\n");
        if (*p == '#') {
            p += line;
        } else if (*p == '[') {
            now = section_of(p, line);
            p += line;
        } else {
            size_t n = strcspn(p, " \r\n");
            char *word = arena_dup(a, p, n);
            for (char *w = word; *w; w++)
                *w = *w == '_' ? ' ' : lower(*w);
            if (now >= 0 && n && n < WORD_MAX)
                add_word(&lists[now], word, n);
            if (now >= LABEL_NAME && n && n < WORD_MAX)
                add_word(&labels, word, n);
            p += n;
        }
        if (!*p)
            break;
    }
}

static bool has(const List *l, const char *s, size_t n)
{
    char key[WORD_MAX];
    if (n == 0 || n > l->max)
        return false;
    for (size_t i = 0; i < n; i++)
        key[i] = lower(s[i]);
    key[n] = 0;
    return map_has(&l->words, key);
}

bool words_has(WordList list, const char *s, size_t n)
{
    pthread_once(&once, load);
    return n > 0 && has_bit(lists[list].first, char_bit(s, n)) && has(&lists[list], s, n);
}

size_t words_start(WordList list, const char *s, size_t n)
{
    pthread_once(&once, load);
    const List *l = &lists[list];
    if (!n || !has_bit(l->first, char_bit(s, n)))
        return 0;
    for (size_t k = n < l->max ? n : l->max; k > 0; k--)
        if ((k == n || is_start(s[k])) && has(l, s, k))
            return k;
    return 0;
}

size_t words_end(WordList list, const char *s, size_t n)
{
    pthread_once(&once, load);
    const List *l = &lists[list];
    if (!n || !has_bit(l->last, last_bit(s, n)))
        return 0;
    for (size_t k = n < l->max ? n : l->max; k > 0; k--)
        if (is_start(s[n - k]) && has(l, s + n - k, k))
            return k;
    return 0;
}

WordList words_label(const char *s, size_t n)
{
    char key[WORD_MAX];
    pthread_once(&once, load);
    if (!n || !has_bit(labels.first, char_bit(s, n)))
        return WORDS__COUNT;
    size_t k = 0, piece = 0; /* bytes since the last blank: 姓 名 is one word, 公司 电话 are two */
    for (size_t i = 0; i < n; i++) {
        if (s[i] == ' ' && i && (piece == 3 || piece == 0) && (unsigned char)s[i - 1] != '.' &&
            ((unsigned char)s[i - 1] >= 0x80 || s[i - 1] == ' ')) {
            piece = 0;
            continue;
        }
        if (k == labels.max)
            return WORDS__COUNT;
        piece = s[i] == ' ' ? 4 : piece + 1;
        key[k++] = s[i];
    }
    if (!has(&labels, key, k))
        return WORDS__COUNT;
    for (int i = LABEL_NAME; i < WORDS__COUNT; i++)
        if (words_has((WordList)i, key, k))
            return (WordList)i;
    return WORDS__COUNT;
}

size_t words_label_end(const char *s, size_t n, WordList *kind)
{
    size_t best = 0;
    for (int i = LABEL_NAME; i < WORDS__COUNT; i++) {
        size_t k = words_end((WordList)i, s, n);
        if (k > best) {
            best = k;
            *kind = (WordList)i;
        }
    }
    return best;
}
