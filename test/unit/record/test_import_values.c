/* What becomes of single cells on an import: words of other systems, days, bands, names in pieces, several phones. */
#include "house.h"
#include "base/embed.h"
#include "record/import/impl.h"

static json_object *values(T *t, const char *text)
{
    json_object *o = NULL;
    OK(t, json_read(&t->c, text, strlen(text), &o));
    return o;
}

static void words(void **state)
{
    (void)state;
    T *t = t_as("boss");
    const Field *industry = entity_field(ent(t, "customer"), "industry"),
                *band = entity_field(ent(t, "customer"), "employee_count");
    ImpColumn col = {.header = "Industry",
                     .values = values(t, "{\"Banking\": \"finance\", \"None\": null}")};
    assert_string_equal(imp_word(&t->c, &col, industry, FT_OPTION, "banking"), "finance");
    assert_string_equal(imp_word(&t->c, &col, industry, FT_OPTION, "none"), "");
    assert_string_equal(imp_word(&t->c, &col, industry, FT_OPTION, "Farming"), "Farming");
    ImpColumn plain = {.header = "人数"};
    static const char *const bands[][2] = {
        {"1", "1-20"},     {"20", "1-20"}, {"150", "51-200"}, {"1000", "501-1000"},
        {"1001", "1000+"}, {"0", "0"},     {"一百", "一百"},  {"51-200", "51-200"}};
    for (size_t i = 0; i < sizeof bands / sizeof *bands; i++)
        assert_string_equal(imp_word(&t->c, &plain, band, FT_OPTION, bands[i][0]), bands[i][1]);
    assert_string_equal(imp_word(&t->c, &plain, industry, FT_OPTION, "15"), "15");
    t_end(t);
}

static void days(void **state)
{
    (void)state;
    T *t = t_as("boss");
    const Field *f = entity_field(ent(t, "contact"), "birthday");
    ImpColumn us = {.header = "Birthdate", .dates = "mdy"},
              uk = {.header = "Birthdate", .dates = "dmy"};
    static const char *const rows[][3] = {
        {"5/13/2024", "2024-05-13", "5/13/2024"}, /* there is no month 13 */
        {"5/1/2024", "2024-05-01", "2024-01-05"},
        {"12/31/24", "2024-12-31", "12/31/24"},
        {"5/1/2024 3:05 PM", "2024-05-01 15:05", "2024-01-05 15:05"},
        {"5/1/2024, 12:30 AM", "2024-05-01 00:30", "2024-01-05 00:30"},
        {"5/1/2024 09:30:00", "2024-05-01 09:30:00", "2024-01-05 09:30:00"},
        {"2024-05-01", "2024-05-01", "2024-05-01"},
        {"May 1", "May 1", "May 1"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(imp_word(&t->c, &us, f, FT_DATE, rows[i][0]), rows[i][1]);
        assert_string_equal(imp_word(&t->c, &uk, f, FT_DATE, rows[i][0]), rows[i][2]);
    }
    /* the spellings of a plain column; what leaves the year open is refused */
    static const char *const same[] = {"2024/5/1", "2024.5.1", "2024年5月1日",
                                       "20240501", "24-5-1",   "2024-05-01"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        DbVal v;
        OK(t, type_ops(FT_DATE)->from_text(&t->c, f, same[i], &v));
        assert_string_equal(v.s, "2024-05-01");
    }
    DbVal v;
    assert_false(type_ops(FT_DATE)->from_text(&t->c, f, "5月1日", &v));
    ctx_errors_back_to(&t->c, 0);
    t_end(t);
}

static void pieces(void **state)
{
    (void)state;
    T *t = t_as("boss");
    Ctx *c = &t->c;
    assert_string_equal(imp_join(c, FT_STRING, (ImpPiece[]){{"名", "芳"}, {"姓", "王"}}, 2),
                        "王芳");
    assert_string_equal(
        imp_join(c, FT_STRING, (ImpPiece[]){{"Last Name", "Doe"}, {"First Name", "Jane"}}, 2),
        "Jane Doe");
    assert_string_equal(
        imp_join(c, FT_STRING, (ImpPiece[]){{"Last Name", "Doe"}, {"First Name", ""}}, 2), "Doe");
    assert_string_equal(imp_join(c, FT_REGION, (ImpPiece[]){{"省", "浙江"}, {"市", "杭州"}}, 2),
                        "浙江杭州");
    assert_string_equal(
        imp_join(c, FT_TEXT, (ImpPiece[]){{"备注", "甲"}, {"说明", "乙"}, {"其他", ""}}, 3),
        "甲\n说明：乙");
    assert_true(imp_may_share(c, ent(t, "contact"), "name", "First Name", "Last Name"));
    assert_false(imp_may_share(c, ent(t, "contact"), "name", "姓名", "名"));
    assert_false(imp_may_share(c, ent(t, "contact"), "name", "姓", "姓"));
    assert_true(imp_may_share(c, ent(t, "customer"), "phone", "电话1", "电话2"));
    assert_false(imp_may_share(c, ent(t, "customer"), "email", "a", "b"));
    t_end(t);
}

static void phones(void **state)
{
    (void)state;
    T *t = t_as("boss");
    Ctx *c = &t->c;
    ImpSpare spare = {0};
    assert_string_equal(imp_pick_phone(c, "13800138000", false, &spare), "13800138000");
    assert_int_equal(spare.n, 0);
    assert_string_equal(imp_pick_phone(c, "不知道/没有", false, &spare),
                        "不知道/没有"); /* refused as it stands */
    assert_int_equal(spare.n, 0);
    assert_string_equal(
        imp_pick_phone(c, "010-62345678转12 / 13800138000、13900139000", true, &spare),
        "13800138000");
    assert_int_equal(spare.n, 2);
    json_object *in = rec_input(c);
    assert_true(imp_place_phones(c, ent(t, "contact"), in, true, &spare));
    assert_string_equal(json_str(in, "phone", ""), "010-62345678-12");
    assert_string_equal(json_str(in, "mobile", ""), "13900139000"); /* nobody else has it here */
    json_object *full = rec_input(c);
    json_object_object_add(full, "mobile", json_object_new_string("13700137000"));
    json_object_object_add(full, "remark", json_object_new_string("老客户"));
    assert_true(imp_place_phones(c, ent(t, "contact"), full, true, &spare));
    assert_string_equal(json_str(full, "remark", ""), "老客户\n其他电话：13900139000");
    json_object *known = rec_input(c); /* an update does not overwrite a remark it does not know */
    assert_false(imp_place_phones(c, ent(t, "contact"), known, false, &spare));
    json_object *person = rec_input(c), *who = json_object_new_object();
    json_object_object_add(who, "name", json_object_new_string("王芳"));
    json_object_object_add(person, "primary_contact", who);
    json_object_object_add(person, "phone", json_object_new_string("010-62345678"));
    ImpSpare two = {0};
    vec_push(t->a, &two, "13800138000");
    vec_push(t->a, &two, "abc");
    assert_true(imp_place_phones(c, ent(t, "customer"), person, true, &two));
    assert_string_equal(json_str(who, "mobile", ""), "13800138000");
    assert_string_equal(json_str(person, "remark", ""), "电话备注：abc");
    static const char *const beside[][3] = {
        {"13800138000（微信同号）", "13800138000", "(微信同号)"},
        {"王经理 13800138000", "13800138000", "王经理"},
        {"电话：010-62345678", "电话：010-62345678", NULL},
        {"（010）62345678", "（010）62345678", NULL},
        {"2024年5月1日", "2024年5月1日", NULL},
        {"甲13800138000乙13900139000", "甲13800138000乙13900139000", NULL}};
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        ImpSpare rest = {0};
        assert_string_equal(imp_pick_phone(c, beside[i][0], true, &rest), beside[i][1]);
        assert_int_equal(rest.n, beside[i][2] != NULL);
        if (beside[i][2])
            assert_string_equal(rest.items[0], beside[i][2]);
    }
    t_end(t);
}

static bool is_option(const Field *f, const char *code)
{
    for (int i = 0; i < f->n_options; i++)
        if (strcmp(f->options[i].code, code) == 0)
            return true;
    return false;
}

static void check_form(T *t, const char *file, json_object *form)
{
    const Entity *e = ent(t, json_str(form, "entity", ""));
    json_object *columns = json_member(form, "columns"), *signs = json_member(form, "signs");
    assert_non_null(e);
    assert_true(e->gets & GETS_IMPORT);
    assert_true((int64_t)json_object_array_length(signs) >= json_int(form, "enough", 2));
    json_object_object_foreach(columns, header, value)
    {
        bool plain = json_object_is_type(value, json_type_string);
        const char *path = plain   ? json_object_get_string(value)
                           : value ? json_str(value, "field", "")
                                   : NULL;
        const Field *f = path ? imp_field(&t->c, e, path, NULL) : NULL;
        if (path && !f)
            fail_msg("%s: %s is no field to import (%s)", file, path, header);
        json_object *map = value && !plain ? json_member(value, "values") : NULL;
        if (!map)
            continue;
        json_object_object_foreach(map, theirs, ours)
        {
            if (ours && !is_option(f, json_object_get_string(ours)))
                fail_msg("%s: %s of %s is no option of ours", file, json_object_get_string(ours),
                         theirs);
        }
    }
}

/* The profiles name fields and options that are there. */
static void profiles(void **state)
{
    (void)state;
    T *t = t_as("boss");
    int n = 0;
    t->c.actor = actor_system(t->a, CH_SYSTEM);
    for (const Embed *file = embed_first("data/import_profiles/");
         file && file->path && strncmp(file->path, "data/import_profiles/", 21) == 0; file++) {
        json_object *o;
        OK(t, json_read(&t->c, (const char *)file->data, file->len, &o));
        json_object *forms = json_member(o, "forms");
        for (size_t i = 0; i < json_object_array_length(forms); i++)
            check_form(t, file->path, json_object_array_get_idx(forms, i));
        n++;
    }
    assert_int_equal(n, 4);
    t_end(t);
}

static bool keep(Ctx *c, void *imp)
{
    return imp_remember(c, imp);
}

/* A field that is no longer there is dropped from what is remembered; the others stand. */
static void retired(void **state)
{
    (void)state;
    T *t = t_as("boss");
    ImpColumn cols[] = {{.header = "名号", .field = "name"},
                        {.header = "旧栏", .field = "gone"},
                        {.header = "话", .field = "phone"}};
    ImpSheet s = {.columns = cols, .n_columns = 3, .name = "", .entity = "customer", .rows = 1};
    Imp imp = {.owner = t->c.actor->user, .sheets = &s, .n = 1};
    OK(t, db_write(&t->c, keep, &imp));
    OK(t, db_write(&t->c, keep, &imp)); /* again: still one row */
    ImpColumn again[] = {{.header = "*名号"}, {.header = "旧栏"}, {.header = "话："}};
    ImpSheet next = {.columns = again, .n_columns = 3, .name = ""};
    OK(t, imp_recall(&t->c, &next, NULL));
    assert_true(next.remembered);
    assert_string_equal(next.entity, "customer");
    assert_string_equal(again[0].field, "name");
    assert_null(again[1].field);
    assert_string_equal(again[2].field, "phone");
    T *sec = t_as("sec"); /* who may not import customers learns nothing */
    ImpSheet none = {.columns = again, .n_columns = 3, .name = ""};
    OK(sec, imp_recall(&sec->c, &none, NULL));
    assert_false(none.remembered);
    assert_null(none.entity);
    t_end(sec);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(words),    HOUSE_TEST(days),
                                       HOUSE_TEST(pieces),   HOUSE_TEST(phones),
                                       HOUSE_TEST(profiles), HOUSE_TEST(retired)};
    return house_run(tests);
}
