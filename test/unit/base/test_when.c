/* Moments in the words of people: what is found, when it is, and what is left of the text. */
#include "base/when.h"

#include <string.h>

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char zone[] = "Asia/Shanghai";

typedef struct Case {
    const char *text, *at, *rest; /* at: "2026-11-19 15:00" in the zone; NULL: no moment */
    bool timed;
} Case;

/* Read on Thursday 2026-11-19, 10:00. */
static const Case cases[] = {
    {"明天下午3点 打电话给王总", "2026-11-20 15:00", "打电话给王总", true},
    {"打电话给王总 明天下午三点半", "2026-11-20 15:30", "打电话给王总", true},
    {"今天 交周报", "2026-11-19 18:00", "交周报", false},
    {"后天拜访云帆", "2026-11-21 18:00", "拜访云帆", false},
    {"大后天上午", "2026-11-22 09:00", "", true},
    {"周五前交报价", "2026-11-20 18:00", "交报价", false},
    {"周四 例会", "2026-11-19 18:00", "例会", false},
    {"周一早上9点开会", "2026-11-23 09:00", "开会", true},
    {"本周一补记录", "2026-11-16 18:00", "补记录", false},
    {"下周三下午两点 演示", "2026-11-25 14:00", "演示", true},
    {"下下周一回访", "2026-11-30 18:00", "回访", false},
    {"下周跟进合同", "2026-11-23 18:00", "跟进合同", false},
    {"3天后回访", "2026-11-22 18:00", "回访", false},
    {"两周后再联系", "2026-12-03 18:00", "再联系", false},
    {"半小时后提醒我", "2026-11-19 10:30", "提醒我", true},
    {"2小时以后 送样品", "2026-11-19 12:00", "送样品", true},
    {"一个月后复购提醒", "2026-12-19 18:00", "复购提醒", false},
    {"12月5日 发货", "2026-12-05 18:00", "发货", false},
    {"1月8号对账", "2027-01-08 18:00", "对账", false},
    {"15号付款", "2026-12-15 18:00", "付款", false},
    {"30号付款", "2026-11-30 18:00", "付款", false},
    {"月底前回款", "2026-11-30 18:00", "回款", false},
    {"下个月3号 续约", "2026-12-03 18:00", "续约", false},
    {"2026-12-31 15:30 盘点", "2026-12-31 15:30", "盘点", true},
    {"2027年3月1日年会", "2027-03-01 18:00", "年会", false},
    {"3点开会", "2026-11-19 15:00", "开会", true},
    {"9点开会", "2026-11-20 09:00", "开会", true},
    {"03:00 备份", "2026-11-20 03:00", "备份", true},
    {"15：30 面谈", "2026-11-19 15:30", "面谈", true},
    {"今晚8点电话会", "2026-11-19 20:00", "电话会", true},
    {"明早 送资料", "2026-11-20 09:00", "送资料", true},
    {"晚上12点前提交", "2026-11-19 23:59", "提交", true},
    {"tomorrow 3pm call Wang", "2026-11-20 15:00", "call Wang", true},
    {"call Wang next Monday at 9:30", "2026-11-23 09:30", "call Wang", true},
    {"in 2 days send offer", "2026-11-21 18:00", "send offer", false},
    {"by friday send offer", "2026-11-20 18:00", "send offer", false},
    /* each way to say a day */
    {"礼拜五下午", "2026-11-20 14:00", "", true},
    {"这周六", "2026-11-21 18:00", "", false},
    {"周末", "2026-11-21 18:00", "", false},
    {"星期天上午10点", "2026-11-22 10:00", "", true},
    {"星期", NULL, "星期", false},
    {"明儿见", "2026-11-20 18:00", "见", false},
    {"5个小时后", "2026-11-19 15:00", "", true},
    {"20分钟后打电话", "2026-11-19 10:20", "打电话", true},
    {"1个钟头之后", "2026-11-19 11:00", "", true},
    {"半个月后回访", "2026-12-04 18:00", "回访", false},
    {"半天后", NULL, "半天后", false},
    {"3天", NULL, "3天", false},
    {"3日后", "2026-11-22 18:00", "", false},
    {"两个星期后", "2026-12-03 18:00", "", false},
    {"1个礼拜后", "2026-11-26 18:00", "", false},
    {"十天后", "2026-11-29 18:00", "", false},
    {"十二天后", "2026-12-01 18:00", "", false},
    {"二十一天后", "2026-12-10 18:00", "", false},
    {"0天后", NULL, "0天后", false},
    {"99999天后", NULL, "99999天后", false},
    {"2026/11/30", "2026-11-30 18:00", "", false},
    {"合同2026-11-32", NULL, "合同2026-11-32", false},
    {"2026.12.01", "2026-12-01 18:00", "", false},
    {"2026年12月1号", "2026-12-01 18:00", "", false},
    {"2026-11", NULL, "2026-11", false},
    {"2026:11", NULL, "2026:11", false},
    {"20261130", NULL, "20261130", false},
    {"2026-12-311", NULL, "2026-12-311", false},
    {"月末对账", "2026-11-30 18:00", "对账", false},
    {"本月底", "2026-11-30 18:00", "", false},
    {"这个月25号 付款", "2026-11-25 18:00", "付款", false},
    {"本月3号", "2026-12-03 18:00", "", false},
    {"下月底", "2026-12-31 18:00", "", false},
    {"下个月末", "2026-12-31 18:00", "", false},
    {"下月十五号", "2026-12-15 18:00", "", false},
    {"十二月五日", "2026-12-05 18:00", "", false},
    {"十五号", NULL, "十五号", false},
    {"32号", NULL, "32号", false},
    {"今天　开会", "2026-11-19 18:00", "开会", false},
    {"明天，开会", "2026-11-20 18:00", "开会", false},
    {"开会, 明天", "2026-11-20 18:00", "开会", false},
    {"in an hour call", "2026-11-19 11:00", "call", true},
    {"in 2 hours", "2026-11-19 12:00", "", true},
    {"in 30 minutes", "2026-11-19 10:30", "", true},
    {"in 1 minute", "2026-11-19 10:01", "", true},
    {"in a day", "2026-11-20 18:00", "", false},
    {"in a week", "2026-11-26 18:00", "", false},
    {"in 3 weeks", "2026-12-10 18:00", "", false},
    {"in 2 months pay", "2027-01-19 18:00", "pay", false},
    {"in a month", "2026-12-19 18:00", "", false},
    {"in time", NULL, "in time", false},
    {"in 3 years", NULL, "in 3 years", false},
    {"in 0 days", NULL, "in 0 days", false},
    {"today 5pm", "2026-11-19 17:00", "", true},
    {"tonight call", "2026-11-19 19:00", "call", true},
    {"next week review", "2026-11-23 18:00", "review", false},
    {"next tuesday", "2026-11-24 18:00", "", false},
    {"next today", "2026-11-19 18:00", "next", false},
    {"on saturday", "2026-11-21 18:00", "", false},
    {"monday", "2026-11-23 18:00", "", false},
    /* each way to say a time */
    {"12am tomorrow", "2026-11-20 00:00", "", true},
    {"12pm", "2026-11-19 12:00", "", true},
    {"13pm", NULL, "13pm", false},
    {"0pm", NULL, "0pm", false},
    {"9am", "2026-11-20 09:00", "", true},
    {"9:30pm", "2026-11-19 21:30", "", true},
    {"25:00", NULL, "25:00", false},
    {"10:60", NULL, "10:60", false},
    {"10:5", NULL, "10:5", false},
    {"10:600", NULL, "10:600", false},
    {"24:00", "2026-11-19 23:59", "", true},
    {"24:30", NULL, "24:30", false},
    {"三点一刻", "2026-11-19 15:15", "", true},
    {"三点三刻", "2026-11-19 15:45", "", true},
    {"3点整", "2026-11-19 15:00", "", true},
    {"3點鐘", "2026-11-19 15:00", "鐘", true},
    {"3点20分", "2026-11-19 15:20", "", true},
    {"3点20", "2026-11-19 15:20", "", true},
    {"3点99", "2026-11-19 15:00", "99", true},
    {"三点二十分", "2026-11-19 15:20", "", true},
    {"下午三点二十", "2026-11-19 15:20", "", true},
    {"明天下午三点二十开会", "2026-11-20 15:20", "开会", true},
    {"三点二十 开会", "2026-11-19 15:20", "开会", true},
    {"下午三点二十五，拜访", "2026-11-19 15:25", "拜访", true},
    {"下午三点四十五", "2026-11-19 15:45", "", true},
    {"下午三点十五", "2026-11-19 15:15", "", true},
    {"下午三點二十", "2026-11-19 15:20", "", true},
    {"明天15时二十", "2026-11-20 15:20", "", true},
    {"下午三点零五", "2026-11-19 15:05", "", true},
    {"下午三点〇五分", "2026-11-19 15:05", "", true},
    {"下午三点十分", "2026-11-19 15:10", "", true},
    {"下午三点二十个人开会", "2026-11-19 15:00", "二十个人开会", true},
    {"下午三点十个人开会", "2026-11-19 15:00", "十个人开会", true},
    {"下午3点20个人开会", "2026-11-19 15:00", "20个人开会", true},
    {"下午三点两个人开会", "2026-11-19 15:00", "两个人开会", true},
    {"下午三点一起开会", "2026-11-19 15:00", "一起开会", true},
    {"下午三点零零", "2026-11-19 15:00", "零零", true},
    {"下午三点六十", "2026-11-19 15:00", "六十", true},
    {"涨了三点五", NULL, "涨了三点五", false},
    {"便宜三点二十块", NULL, "便宜三点二十块", false},
    {"明天15时", "2026-11-20 15:00", "", true},
    {"凌晨12点", "2026-11-20 00:00", "", true},
    {"凌晨3点", "2026-11-20 03:00", "", true},
    {"中午12点", "2026-11-19 12:00", "", true},
    {"中午1点", "2026-11-19 13:00", "", true},
    {"中午 吃饭", "2026-11-19 12:00", "吃饭", true},
    {"傍晚 散步", "2026-11-19 19:00", "散步", true},
    {"凌晨 备份", "2026-11-20 06:00", "备份", true},
    {"下午 开会", "2026-11-19 14:00", "开会", true},
    {"今晚12点半", "2026-11-19 23:59", "", true},
    {"今早 整理", "2026-11-19 09:00", "整理", true},
    /* no moment */
    {"整理客户资料", NULL, "整理客户资料", false},
    {"价格能不能便宜一点", NULL, "价格能不能便宜一点", false},
    {"每周一例会", NULL, "每周一例会", false},
    {"去15号楼取样", NULL, "去15号楼取样", false},
    {"回复 2026-13-45 的邮件", NULL, "回复 2026-13-45 的邮件", false},
    {"2月30日 交", NULL, "2月30日 交", false},
    {"13月5号 交", NULL, "13月5号 交", false},
    {"2月30日 不, 3月1日", "2027-03-01 18:00", "2月30日 不", false},
    {"Sunday's", "2026-11-22 18:00", "'s", false},
    {"model 3pmx", NULL, "model 3pmx", false},
    {"today~ call", "2026-11-19 18:00", "~ call", false},
    {"明天\t开会", "2026-11-20 18:00", "开会", false},
    {"开会\t明天", "2026-11-20 18:00", "开会", false},
    {"0000-01-01", NULL, "0000-01-01", false},
    {"2026-00-10", NULL, "2026-00-10", false},
    {"2026-01-00", NULL, "2026-01-00", false},
    {"合同 2026-12-0011", NULL, "合同 2026-12-0011", false},
    {"2026-12-0011号合同盖章", NULL, "2026-12-0011号合同盖章", false},
    {"0011号文件", NULL, "0011号文件", false},
    {"2026年0012月", NULL, "2026年0012月", false},
    {"合同 2026-012-11", NULL, "合同 2026-012-11", false},
    {"12月0号", NULL, "12月0号", false},
    {"2月 交", NULL, "2月 交", false},
    {"2月30 交", NULL, "2月30 交", false},
    {"31号付款", "2026-12-31 18:00", "付款", false},
    {"in 9999 days", NULL, "in 9999 days", false},
    {"零点半 备份", "2026-11-20 00:30", "备份", true},
    {"晚上20点", "2026-11-19 20:00", "", true},
    {"3点钟开会", "2026-11-19 15:00", "开会", true},
    {"10:x5", NULL, "10:x5", false},
    {"", NULL, "", false},
};

static void words(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    int64_t now;
    assert_true(clock_parse_rfc3339("2026-11-19T10:00:00+08:00", &now));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Case *k = &cases[i];
        When w;
        char day[11], *at = NULL;
        when_parse(a, k->text, now, zone, &w);
        if (w.found) {
            ClockParts p = clock_parts(w.at_ms, zone);
            clock_day_of(w.at_ms, zone, day);
            at = arena_printf(a, "%s %02d:%02d", day, p.hour, p.minute);
        }
        if ((at == NULL) != (k->at == NULL) || (at && strcmp(at, k->at) != 0) ||
            strcmp(w.rest, k->rest) != 0 || w.timed != k->timed)
            fail_msg("\"%s\": %s, rest \"%s\", timed %d; wanted %s, \"%s\", %d", k->text,
                     at ? at : "none", w.rest, w.timed, k->at ? k->at : "none", k->rest, k->timed);
    }
    arena_free(a);
}

static void late_in_the_day(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    int64_t now;
    When w;
    assert_true(clock_parse_rfc3339("2026-11-19T19:00:00+08:00", &now));
    when_parse(a, "今天写总结", now, zone, &w);
    ClockParts p = clock_parts(w.at_ms, zone);
    assert_int_equal(p.hour * 60 + p.minute, 23 * 60 + 59);
    /* the 31st of January and a month: the last of February */
    assert_true(clock_parse_rfc3339("2027-01-31T09:00:00+08:00", &now));
    when_parse(a, "1个月后", now, zone, &w);
    p = clock_parts(w.at_ms, zone);
    assert_int_equal(p.month * 100 + p.day, 228);
    /* in the last minute of the day today is that minute */
    assert_true(clock_parse_rfc3339("2026-11-19T23:59:30+08:00", &now));
    when_parse(a, "今天", now, zone, &w);
    assert_true(w.found);
    assert_int_equal(w.at_ms, now - 30000);
    /* the 29th of February: the next one, and the one that was where next year has none */
    assert_true(clock_parse_rfc3339("2028-11-19T10:00:00+08:00", &now));
    when_parse(a, "2月29日", now, zone, &w);
    p = clock_parts(w.at_ms, zone);
    assert_int_equal(p.year * 10000 + p.month * 100 + p.day, 20280229);
    /* behind the last year there is no day */
    static const char *const beyond[] = {
        "1个月后",        "in 2 months", "29号",         "下月底",      "下个月底对账",
        "下个月3号 续约", "3天后",       "两周后再联系", "大后天",      "下周三",
        "1月8号对账",     "12月5日发货", "48小时后",     "next monday", "in 40 hours",
        "下月底 3点开会", NULL};
    assert_true(clock_parse_rfc3339("9999-12-30T10:00:00+08:00", &now));
    for (int i = 0; beyond[i]; i++) {
        when_parse(a, beyond[i], now, zone, &w);
        if (w.found || w.timed || w.at_ms)
            fail_msg("%s: found", beyond[i]);
        assert_string_equal(w.rest, beyond[i]);
    }
    /* what the calendar has is found still, to its last minute */
    static const struct {
        const char *text, *at;
    } last[] = {
        {"月底", "9999-12-31T18:00:00+08:00"},     {"明天", "9999-12-31T18:00:00+08:00"},
        {"31号", "9999-12-31T18:00:00+08:00"},     {"12月31日 23:59", "9999-12-31T23:59:00+08:00"},
        {"37小时后", "9999-12-31T23:00:00+08:00"}, {"9点", "9999-12-31T09:00:00+08:00"}};
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        int64_t at;
        assert_true(clock_parse_rfc3339(last[i].at, &at));
        when_parse(a, last[i].text, now, zone, &w);
        if (!w.found || w.at_ms != at)
            fail_msg("%s: %d", last[i].text, w.found);
    }
    /* a time that has passed on the last day has no tomorrow */
    assert_true(clock_parse_rfc3339("9999-12-31T10:00:00+08:00", &now));
    when_parse(a, "9点", now, zone, &w);
    assert_false(w.found);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words), cmocka_unit_test(late_in_the_day)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
