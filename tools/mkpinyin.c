/*
 * Makes the table of readings: mkpinyin Unihan_Readings.txt pinyin_data.c
 *
 * Takes kHanyuPinlu (ordered by how often a reading occurs), kMandarin (the customary reading) and
 * kTGHZ2013 (all readings of the 8,105 standard characters; kXHC1983 where a character is not among
 * them), drops the tone marks, writes ü as v, and keeps the first four different syllables. The
 * shape of the result is src/base/pinyin_data.h.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pinyin_data.h"

enum { MAX_CH = 0x33480, MAX_SETS = 20000, MAX_SYL = 1000, FIELDS = 4 };
enum { F_PINLU, F_MANDARIN, F_TGHZ, F_XHC };

typedef struct Char {
    char *field[FIELDS];
    uint16_t set;
} Char;

static Char *chars;
static char syl[MAX_SYL][8];
static size_t n_syl = 1;
static uint16_t sets[MAX_SETS][PINYIN_MAX];
static size_t n_sets = 1;

static void stop(const char *why)
{
    fprintf(stderr, "mkpinyin: %s\n", why);
    exit(1);
}

/* The plain letter of a code point that occurs in pinyin; 0: drop it, '?': not a letter. */
static char plain(uint32_t cp)
{
    static const struct {
        uint32_t cp;
        char ch;
    } map[] = {
        {0xE0, 'a'},  {0xE1, 'a'},   {0x101, 'a'}, {0x1CE, 'a'},  {0xE8, 'e'},   {0xE9, 'e'},
        {0xEA, 'e'},  {0x113, 'e'},  {0x11B, 'e'}, {0x1EBF, 'e'}, {0x1EC1, 'e'}, {0xEC, 'i'},
        {0xED, 'i'},  {0x12B, 'i'},  {0x1D0, 'i'}, {0xF2, 'o'},   {0xF3, 'o'},   {0x14D, 'o'},
        {0x1D2, 'o'}, {0xF9, 'u'},   {0xFA, 'u'},  {0x16B, 'u'},  {0x1D4, 'u'},  {0xFC, 'v'},
        {0x1D6, 'v'}, {0x1D8, 'v'},  {0x1DA, 'v'}, {0x1DC, 'v'},  {0x144, 'n'},  {0x148, 'n'},
        {0x1F9, 'n'}, {0x1E3F, 'm'}, {0x261, 'g'},
    };
    if (cp >= 'a' && cp <= 'z')
        return (char)cp;
    if (cp >= 0x300 && cp <= 0x36F)
        return 0;
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (map[i].cp == cp)
            return map[i].ch;
    return '?';
}

static uint32_t next_cp(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    uint32_t cp = *p++;
    int more = cp >= 0xF0 ? 3 : cp >= 0xE0 ? 2 : cp >= 0xC0 ? 1 : 0;
    if (more)
        cp &= 0x3Fu >> more;
    while (more-- > 0)
        cp = (cp << 6) | (*p++ & 0x3Fu);
    *s = (const char *)p;
    return cp;
}

/* Reads one syllable at *s into out; false where none starts there. */
static int read_syllable(const char **s, char out[8])
{
    const char *p = *s;
    size_t n = 0;
    while (*p) {
        const char *q = p;
        char ch = plain(next_cp(&q));
        if (ch == '?')
            break;
        p = q;
        if (ch && n < 7)
            out[n++] = ch;
    }
    out[n] = 0;
    *s = p;
    return n > 0;
}

static uint16_t syllable_id(const char *s)
{
    for (size_t i = 1; i < n_syl; i++)
        if (!strcmp(syl[i], s))
            return (uint16_t)i;
    if (n_syl == MAX_SYL)
        stop("too many syllables");
    memcpy(syl[n_syl], s, 8);
    return (uint16_t)n_syl++;
}

static void add_reading(uint16_t set[PINYIN_MAX], const char *s)
{
    if (!strpbrk(s, "aeiouv")) /* ng, hm, n: interjections nobody searches by */
        return;
    uint16_t id = syllable_id(s);
    for (int i = 0; i < PINYIN_MAX; i++) {
        if (set[i] == id)
            return;
        if (!set[i]) {
            set[i] = id;
            return;
        }
    }
}

/* Adds every syllable of a field; positions ("325.010:") and counts ("(603)") are skipped. */
static void add_field(uint16_t set[PINYIN_MAX], const char *f)
{
    char s[8];
    if (!f)
        return;
    while (*f) {
        if (read_syllable(&f, s))
            add_reading(set, s);
        else
            f++;
    }
}

static uint16_t set_id(const uint16_t set[PINYIN_MAX])
{
    for (size_t i = 0; i < n_sets; i++)
        if (!memcmp(sets[i], set, sizeof sets[i]))
            return (uint16_t)i;
    if (n_sets == MAX_SETS)
        stop("too many sets of readings");
    memcpy(sets[n_sets], set, sizeof sets[0]);
    return (uint16_t)n_sets++;
}

static void read_all(FILE *in)
{
    static const char *const names[FIELDS] = {"kHanyuPinlu", "kMandarin", "kTGHZ2013", "kXHC1983"};
    char line[4096];
    while (fgets(line, sizeof line, in)) {
        if (strncmp(line, "U+", 2) != 0)
            continue;
        char *end;
        unsigned long ch = strtoul(line + 2, &end, 16);
        if (ch >= MAX_CH || *end != '\t')
            continue;
        char *name = end + 1, *value = strchr(name, '\t');
        if (!value)
            continue;
        *value++ = 0;
        for (int i = 0; i < FIELDS; i++)
            if (!strcmp(name, names[i]))
                chars[ch].field[i] = strdup(value);
    }
}

static void write_all(FILE *out)
{
    fputs("/* Made by tools/mkpinyin from Unihan_Readings.txt (Unicode licence). Do not edit. */\n"
          "#include \"base/pinyin_data.h\"\n\nconst char pinyin_syllables[][8] = {\n",
          out);
    for (size_t i = 0; i < n_syl; i++)
        fprintf(out, "\"%s\",%c", syl[i], i % 12 == 11 ? '\n' : ' ');
    fprintf(out, "};\nconst size_t pinyin_n_syllables = %zu;\n", n_syl);
    fputs("const uint16_t pinyin_sets[][PINYIN_MAX] = {\n", out);
    for (size_t i = 0; i < n_sets; i++)
        fprintf(out, "{%u, %u, %u, %u},%c", sets[i][0], sets[i][1], sets[i][2], sets[i][3],
                i % 6 == 5 ? '\n' : ' ');
    fputs("};\nconst uint16_t pinyin_main[PINYIN_LAST - PINYIN_FIRST + 1] = {\n", out);
    for (uint32_t ch = PINYIN_FIRST; ch <= PINYIN_LAST; ch++)
        fprintf(out, "%u,%s", chars[ch].set, ch % 16 == 15 ? "\n" : "");
    fputs("};\nconst PinyinExt pinyin_ext[] = {\n", out);
    size_t n = 0;
    for (uint32_t ch = 0; ch < MAX_CH; ch++)
        if ((ch < PINYIN_FIRST || ch > PINYIN_LAST) && chars[ch].set)
            fprintf(out, "{0x%X, %u},%s", ch, chars[ch].set, n++ % 8 == 7 ? "\n" : " ");
    fprintf(out, "{0, 0}};\nconst size_t pinyin_n_ext = %zu;\n", n);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        stop("usage: mkpinyin Unihan_Readings.txt pinyin_data.c");
    FILE *in = fopen(argv[1], "r");
    if (!in)
        stop("the file of readings cannot be opened (package unicode-data)");
    chars = calloc(MAX_CH, sizeof *chars);
    if (!chars)
        stop("no memory");
    read_all(in);
    fclose(in);
    size_t known = 0;
    for (uint32_t ch = 0; ch < MAX_CH; ch++) {
        uint16_t set[PINYIN_MAX] = {0};
        for (int i = 0; i < FIELDS; i++)
            if (i != F_XHC || !chars[ch].field[F_TGHZ])
                add_field(set, chars[ch].field[i]);
        chars[ch].set = set_id(set);
        known += set[0] != 0;
    }
    if (known < 20000)
        stop("too few readings: is this Unihan_Readings.txt?");
    FILE *out = fopen(argv[2], "w");
    if (!out)
        stop("the output cannot be written");
    write_all(out);
    if (fclose(out))
        stop("the output cannot be written");
    return 0;
}
