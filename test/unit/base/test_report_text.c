/* Texts set for print: widths of each kind of character, lines, what is drawn where, and engines that are shared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fontconfig/fontconfig.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/msg.h"
#include "base/report/text.h"

static Arena *a;
static Ctx c;
static TextEngine *t;
static const TextStyle ten = {.size = 10};

static void settings(const char *parallel, const char *font)
{
    ConfFlag flags[] = {{"print.parallel", parallel}, {"print.font", font}, {NULL, NULL}};
    conf_free();
    assert_true(conf_load(&c, NULL, flags));
}

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    ctx_init(&c, a);
    t = text_engine_take(&c);
    return t ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    text_engine_give(t);
    arena_free(a);
    return 0;
}

/* ---- engines ------------------------------------------------------------------------------- */

/* A wait for an engine that would end after 30 s ends at once. */
static atomic_bool impatient;
int __real_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *lock, clockid_t clock,
                                  const struct timespec *until);
int __wrap_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *lock, clockid_t clock,
                                  const struct timespec *until);
int __wrap_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *lock, clockid_t clock,
                                  const struct timespec *until)
{
    return impatient ? ETIMEDOUT : __real_pthread_cond_clockwait(cond, lock, clock, until);
}

static void without_chinese_fonts_there_is_no_engine(void **state)
{
    (void)state;
    a = arena_new(0);
    ctx_init(&c, a);
    FcConfig *all = FcConfigReference(NULL), *bare = FcConfigCreate();
    assert_true(text_fonts_there());
    assert_true(FcConfigSetCurrent(bare));
    bool there = text_fonts_there();
    TextEngine *none = text_engine_take(&c);
    assert_true(FcConfigSetCurrent(all));
    assert_false(there);
    assert_null(none);
    assert_int_equal(c.err->code, ERR_REPORT_FONT);
    TextEngine *now = text_engine_take(&c); /* they were installed since */
    assert_non_null(now);
    text_engine_give(now);
    FcConfigDestroy(bare);
    FcConfigDestroy(all);
    arena_free(a);
}

static atomic_int taken;

static void *take_one(void *arg)
{
    Ctx *his = arg;
    TextEngine *own = text_engine_take(his);
    taken = own ? 1 : -1;
    if (own)
        text_engine_give(own);
    return NULL;
}

static void who_finds_all_taken_waits_his_turn(void **state)
{
    (void)state;
    Ctx his;
    pthread_t thread;
    ctx_init(&his, arena_new(0));
    settings("1", "");
    impatient = true;
    taken = 0;
    take_one(&his);
    impatient = false;
    assert_int_equal(taken, -1);
    assert_int_equal(his.err->code, ERR_BUSY);
    taken = 0;
    assert_int_equal(pthread_create(&thread, NULL, take_one, &his), 0);
    clock_sleep_ms(100);
    assert_int_equal(taken, 0);
    text_engine_give(t);
    pthread_join(thread, NULL);
    assert_int_equal(taken, 1);
    t = text_engine_take(&c);
    settings("2", "");
    TextEngine *second = text_engine_take(&c);
    assert_ptr_not_equal(t, second);
    text_engine_give(second);
    arena_free(his.a);
}

/* ---- widths -------------------------------------------------------------------------------- */

/* Between two wide characters a line may end; two of any other kind stay together. */
static void wide_characters_may_be_parted(void **state)
{
    (void)state;
    static const struct {
        const char *two;
        double ems; /* of the widest piece */
    } rows[] = {
        {"客户", 1},         {"⺀⺀", 1},         {"가나", 1},
        {"\uF900\uF900", 1}, {"︰︰", 1},         {"ＡＢ", 1},
        {"𠮷𠮷", 1},         {"··", 2},           {"¥¥", 2},
        {"……", 2},           {"℃℃", 2},           {"éé", 2},
        {"ꀀꀀ", 2},         {"ﬀﬀ", 2},           {"‰‰", 2},
        {"‐‐", 2},           {"😀😀", 2},           {"\uD7B0\uD7B0", 2},
        {"\uFE50\uFE50", 2}, {"\uFFFD\uFFFD", 2}, {"\U000F1234\U000F1234", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double most = text_min_width(t, &ten, rows[i].two), line = text_width(t, &ten, rows[i].two);
        if (most != 10 * rows[i].ems + 0.5 || line != 20.5)
            fail_msg("%s: %g and %g", rows[i].two, most, line);
    }
    assert_true(text_width(t, &ten, "ab\ncccc\nd") == text_width(t, &ten, "cccc"));
    assert_true(text_min_width(t, &ten, "aa bbbb-c dd") == text_width(t, &ten, "bbbb-"));
    assert_true(text_width(t, &(TextStyle){.size = 10, .bold = true}, "mm") >
                text_width(t, &ten, "mm") * 0.9);
}

static void estimates_are_from_above(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "客户资料", "Customer 360: A-Z", "¥1,234.00，共 3 笔",
                                        "··"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_true(text_line_width(t, &ten, texts[i]) <= text_width(t, &ten, texts[i]));
    /* each size has its layout, and more than are kept at once come out right, too */
    double one = text_line_width(t, &(TextStyle){.size = 4}, "客户资料");
    for (int size = 5; size < 40; size++) {
        double w = text_line_width(t, &(TextStyle){.size = size}, "客户资料");
        assert_true(w > one);
        one = w;
    }
    assert_true(text_line_width(t, &ten, "a\xff") == text_line_width(t, &ten, "a\uFFFD"));
}

static void lines_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double width;
        int lines;
    } rows[] = {{"", 10, 1},         {"客户", 30, 1},     {"客户资料客户资料", 41, 2},
                {"a\nb\nc", 100, 3}, {"é", 100, 1},       {"a\tb", 100, 1},
                {"客户", 15, 2},     {"word word", 30, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (text_lines(t, &ten, rows[i].text, rows[i].width) != rows[i].lines)
            fail_msg("%s: %d", rows[i].text, text_lines(t, &ten, rows[i].text, rows[i].width));
}

/* ---- drawing ------------------------------------------------------------------------------- */

typedef struct Ink {
    double x, y, w, h;
} Ink;

/* What drawing leaves on the paper. */
static Ink ink_of(void (*draw)(cairo_t *cr, const char *text, int n), const char *text, int n)
{
    Ink i;
    cairo_surface_t *s = cairo_recording_surface_create(CAIRO_CONTENT_ALPHA, NULL);
    cairo_t *cr = cairo_create(s);
    draw(cr, text, n);
    cairo_recording_surface_ink_extents(s, &i.x, &i.y, &i.w, &i.h);
    cairo_destroy(cr);
    cairo_surface_destroy(s);
    return i;
}

static void aligned(cairo_t *cr, const char *text, int align)
{
    text_draw(t, cr, &ten, text, 0, 0, 200, align, 0, 1);
}

static void second_line(cairo_t *cr, const char *text, int to)
{
    text_draw(t, cr, &ten, text, 0, 0, 200, 0, 1, to);
}

static void cut(cairo_t *cr, const char *text, int width)
{
    text_draw_line(t, cr, &ten, text, 0, 0, width, 0);
}

static void lines_are_drawn_where_they_belong(void **state)
{
    (void)state;
    Ink left = ink_of(aligned, "客户", 0), middle = ink_of(aligned, "客户", 1),
        right = ink_of(aligned, "客户", 2);
    assert_true(left.w > 15 && left.w < 21 && left.x < 5);
    assert_true(middle.x > 85 && middle.x < 95);
    assert_true(right.x > 175 && right.x + right.w <= 201);
    assert_true(ink_of(aligned, "", 0).w == 0);
    /* of three lines the second alone, then the second and third: the second at the top */
    Ink one = ink_of(second_line, "客\n户\n资", 2), two = ink_of(second_line, "客\n户\n资", 9);
    assert_true(one.h > 5 && one.h < 15);
    assert_true(two.h > one.h + 10 && two.h < 2 * text_line_height(10));
    assert_true(ink_of(second_line, "客", 9).w == 0);
}

static void a_line_is_cut_to_its_width(void **state)
{
    (void)state;
    static const char much[] = "客户资料客户资料客户资料\n第二行";
    Ink whole = ink_of(cut, much, 1000), some = ink_of(cut, much, 50);
    assert_true(whole.w > 130); /* one line, line break and all */
    assert_true(some.w > 30 && some.w <= 50.5 && some.h < 15);
    assert_true(ink_of(cut, much, 0).w == 0);
    assert_true(ink_of(cut, "", 50).w == 0);
}

/* Characters no font has are named once each, and not without end. */
static void what_no_font_has_is_named(void **state)
{
    (void)state;
    assert_null(text_unknown(t, a));
    (void)ink_of(aligned, "\U000F1234客\U000F1235\U000F1234", 0);
    (void)ink_of(cut, "\U000F1235\U000F1236", 100);
    assert_string_equal(text_unknown(t, a), "U+F1234, U+F1235, U+F1236");
    (void)ink_of(aligned, "\U000F1240\U000F1241\U000F1242\U000F1243\U000F1244\U000F1245", 0);
    (void)ink_of(aligned, "\U000F1250\U000F1251\U000F1252\U000F1253\U000F1254\U000F1255", 0);
    assert_non_null(strstr(text_unknown(t, a), "U+F1252"));
    assert_null(strstr(text_unknown(t, a), "U+F1253")); /* the thirteenth */
}

/* A font that is wished for and not there takes nothing away. */
static void a_wished_font_goes_first(void **state)
{
    (void)state;
    settings("2", "No Such Font");
    assert_true(text_line_width(t, &(TextStyle){.size = 71}, "客户") > 100);
    assert_int_equal(ink_of(aligned, "客户", 0).w > 15, 1);
    assert_null(text_unknown(t, a));
    settings("2", "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_chinese_fonts_there_is_no_engine),
        TEST(who_finds_all_taken_waits_his_turn),
        TEST(wide_characters_may_be_parted),
        TEST(estimates_are_from_above),
        TEST(lines_are_counted),
        TEST(lines_are_drawn_where_they_belong),
        TEST(a_line_is_cut_to_its_width),
        TEST(what_no_font_has_is_named),
        TEST(a_wished_font_goes_first),
    };
    return msg_load() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
