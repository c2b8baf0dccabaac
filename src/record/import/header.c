/*
 * The text of one header without what says nothing: case, width, blanks, stars, 必填, units and remarks in
 * brackets. See impl.h; which field it means is words.c.
 */
#include <string.h>

#include "base/fold.h"
#include "base/utf8.h"
#include "record/import/impl.h"

static const char *closing(const char *s, size_t *skip)
{
    static const char *const pairs[][2] = {
        {"(", ")"}, {"[", "]"}, {"【", "】"}, {"<", ">"}, {"《", "》"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strncmp(s, pairs[i][0], strlen(pairs[i][0])) == 0) {
            *skip = strlen(pairs[i][0]);
            return pairs[i][1];
        }
    return NULL;
}

bool imp_in_wan(const char *header)
{
    const char *s = strstr(header, "万");
    return s && (strstr(s, "万元") || strstr(s, "万)") || strstr(s, "万）"));
}

/* Words that may stand at either end of a header without changing what it means. */
static const char *const marks[] = {"(必填)", "[必填]", "【必填】",  "必填项",
                                    "必填",   "(选填)", "[选填]",    "【选填】",
                                    "选填",   "(必选)", "(required)"};

static bool begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

bool imp_ends(const char *s, const char *with)
{
    size_t n = strlen(s), k = strlen(with);
    return n > k && strcmp(s + n - k, with) == 0;
}

void imp_strip(char **s, const char *const *words, size_t n, bool front, bool back)
{
    for (size_t i = 0; i < n; i++) {
        if (front && begins(*s, words[i]) && (*s)[strlen(words[i])])
            *s += strlen(words[i]);
        if (back && imp_ends(*s, words[i]))
            (*s)[strlen(*s) - strlen(words[i])] = 0;
    }
}

static bool noise(int32_t cp)
{
    return utf8_is_blank(cp) || (cp < 128 && strchr("*:_-#.\"'?!", (int)cp)) || cp == 0x2605 ||
           cp == 0x203b || cp == 0x3001 || cp == 0x3002 || cp == 0x2022;
}

/* Traditional characters of headers and the simplified ones our labels are written in, in pairs of three bytes each. */
static const char simplified[] = "戶户稱称屬属業业來来聯联繫系係系絡络電电話话號号碼码郵邮區区"
                                 "縣县鎮镇備备註注類类級级別别狀状態态負负責责門门員员職职務务"
                                 "編编訊讯網网機机統统會会經经營营範范圍围額额開开時时間间創创"
                                 "內内進进標标籤签題题優优計计劃划貨货單单銀银帳账賬账國国傳传"
                                 "專专產产術术規规資资週周歲岁齡龄歷历點点總总數数據据價价預预"
                                 "結结際际個个實实權权證证體体對对應应關关鍵键確确認认錄录選选"
                                 "項项簡简說说後后發发問问訪访談谈決决貴贵潛潜幣币處处辦办錢钱"
                                 "記记細细層层階阶隊队組组長长鄉乡徵征償偿於于與与佔占過过義义"
                                 "檔档圖图頁页執执紀纪錯错誤误詳详給给從从買买賣卖購购採采";

/* Of folded text, which is UTF-8 whatever came. */
static void simplify(char *s)
{
    for (; *s; s++) {
        if (((unsigned char)*s & 0xf0) != 0xe0)
            continue;
        for (size_t i = 0; i + 6 <= sizeof simplified - 1; i += 6)
            if (memcmp(s, simplified + i, 3) == 0) {
                memcpy(s, simplified + i + 3, 3);
                break;
            }
        s += 2;
    }
}

/* brackets: 'd' drops what stands in them behind the name, 'o' opens them */
static char *norm(Arena *a, const char *header, char brackets)
{
    char *s = fold_text(a, header), *w = s;
    simplify(s);
    for (const char *r = s; *r;) {
        size_t skip = 0;
        const char *end = closing(r, &skip);
        const char *at = end && w != s && brackets == 'd' ? strstr(r + skip, end)
                                                          : NULL; /* in front it is part of it */
        if (at) {
            r = at + strlen(end);
            continue;
        }
        const char *p = r;
        int32_t cp = utf8_next(&p, r + strlen(r));
        bool drop = noise(cp) || (brackets == 'o' && cp < 128 && strchr("()[]<>", (int)cp)) ||
                    (brackets == 'o' && (cp == 0x3010 || cp == 0x3011));
        if (!drop) {
            memmove(w, r, (size_t)(p - r));
            w += p - r;
        }
        r = p;
    }
    *w = 0;
    imp_strip(&s, marks, sizeof marks / sizeof *marks, true, true);
    return s;
}

char *imp_norm(Arena *a, const char *header)
{
    return norm(a, header, 'd');
}

char *imp_norm_open(Arena *a, const char *header)
{
    return norm(a, header, 'o');
}

int imp_name_piece(Arena *a, const char *header)
{
    static const char *const words[][2] = {
        {"firstname", "1"}, {"givenname", "1"},  {"forename", "1"}, {"名", "1"},
        {"lastname", "2"},  {"familyname", "2"}, {"surname", "2"},  {"姓", "2"},
        {"姓氏", "2"},      {"middlename", "3"}};
    const char *n = imp_norm(a, header);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(n, words[i][0]) == 0)
            return words[i][1][0] - '0';
    return 0;
}
