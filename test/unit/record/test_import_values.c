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
        {"1001", "1000+"}, {"0", "0"},     {"一百", "一百"},  {"51-200", "51-200"},
        {"51-", "51-"},    {"", ""}};
    for (size_t i = 0; i < sizeof bands / sizeof *bands; i++)
        assert_string_equal(imp_word(&t->c, &plain, band, FT_OPTION, bands[i][0]), bands[i][1]);
    assert_string_equal(imp_word(&t->c, &plain, industry, FT_OPTION, "15"), "15");
    assert_string_equal(imp_word(&t->c, &col, industry, FT_OPTION, ""), "");
    /* options that only look like bands: none of them is guessed */
    static const struct {
        const char *codes[3];
        const char *want;
    } sets[] = {
        {{"1-20", "21-50", "51+"}, "21-50"}, {{"1-20", "15-30", "51+"}, "1-20"}, /* the first */
        {{"1-20", "21-", "51+"}, "30"},      {{"1-20", "21+-", "51+"}, "30"},
        {{"1-20", "21", "51+"}, "30"},       {{"1-20", "other", "51+"}, "30"},
        {{"1-20", NULL, NULL}, "30"},        {{"1-40", "30", "51+"}, "30"}}; /* itself */
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        Option list[3] = {
            {.code = sets[i].codes[0]}, {.code = sets[i].codes[1]}, {.code = sets[i].codes[2]}};
        Field f = {.name = "x", .options = list, .n_options = sets[i].codes[1] ? 3 : 1};
        const char *text = i == 1 ? "18" : "30";
        assert_string_equal(imp_word(&t->c, &plain, &f, FT_OPTION, text), sets[i].want);
    }
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
        {"May 1", "May 1", "May 1"},
        {"5-1-2024 3:05 pm", "2024-05-01 15:05", "2024-01-05 15:05"},
        {"5.1.2024 3:05 am", "2024-05-01 03:05", "2024-01-05 03:05"},
        {"5/1/2024 15:05 PM", "2024-05-01 15:05 PM",
         "2024-01-05 15:05 PM"}, /* no hour of half a day */
        {"5/1/2024 0:05 AM", "2024-05-01 0:05 AM", "2024-01-05 0:05 AM"},
        {"5/1/2024 3:05 Uhr", "2024-05-01 3:05 Uhr", "2024-01-05 3:05 Uhr"},
        {"5/1/2024 noon", "2024-05-01 noon", "2024-01-05 noon"},
        /* what is no day of three numbers stays for the field to refuse */
        {"5/1", "5/1", "5/1"},
        {"5//2024", "5//2024", "5//2024"},
        {"500/1/24", "500/1/24", "500/1/24"},
        {"5/1/2024/7", "5/1/2024/7", "5/1/2024/7"},
        {"5/1/24/7", "5/1/24/7", "5/1/24/7"},
        {"5/1/20245", "5/1/20245", "5/1/20245"},
        {"5/1/2", "5/1/2", "5/1/2"},
        {"5/1/2024x", "5/1/2024x", "5/1/2024x"},
        {"0/0/2024", "0/0/2024", "0/0/2024"},
        {"1/0/2024", "1/0/2024", "1/0/2024"},
        {"1/32/2024", "1/32/2024", "1/32/2024"},
        {"0/1/2024", "0/1/2024", "0/1/2024"},
        {"32/1/2024", "32/1/2024", "32/1/2024"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(imp_word(&t->c, &us, f, FT_DATE, rows[i][0]), rows[i][1]);
        assert_string_equal(imp_word(&t->c, &uk, f, FT_DATETIME, rows[i][0]), rows[i][2]);
    }
    assert_string_equal(imp_word(&t->c, &us, f, FT_STRING, "5/1/2024"), "5/1/2024");
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
    assert_string_equal(imp_join(c, FT_STRING, (ImpPiece[]){{"姓", "王"}, {"名", "Jane"}}, 2),
                        "Jane 王");
    assert_string_equal(imp_join(c, FT_STRING, (ImpPiece[]){{"姓", "王"}, {"名", ""}}, 2), "王");
    assert_string_equal(
        imp_join(c, FT_STRING,
                 (ImpPiece[]){{"Last Name", "Doe"}, {"Middle Name", "B."}, {"First Name", "Jane"}},
                 3),
        "Jane B. Doe");
    assert_string_equal(
        imp_join(c, FT_PHONE, (ImpPiece[]){{"电话1", ""}, {"电话2", "1"}, {"电话3", "2"}}, 3),
        "1、2");
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
    ImpSpare three = {0};
    assert_string_equal(imp_pick_phone(c, "13800138000/010-62345678/13900139000", false, &three),
                        "13800138000"); /* any will do: the first */
    assert_int_equal(three.n, 2);
    static const char *const beside[][3] = {
        {"13800138000（微信同号）", "13800138000", "(微信同号)"},
        {"王经理 13800138000", "13800138000", "王经理"},
        {"电话：010-62345678", "电话：010-62345678", NULL},
        {"（010）62345678", "（010）62345678", NULL},
        {"2024年5月1日", "2024年5月1日", NULL},
        {"编号12345678901234567890", "编号12345678901234567890", NULL}, /* no number anybody has */
        {"王 13800138000 (", "13800138000", "王 ("},
        {" 、 ", " 、 ", NULL},
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

/* Where the other numbers go, and what stood beside them: each way they can find no place of their own. */
static void places(void **state)
{
    (void)state;
    static const struct {
        const char *what, *as, *entity;
        bool is_new;
        const char *in, *spare[3], *want; /* want NULL: there is no place */
    } rows[] = {
        {"a landline into the field for any",
         "boss",
         "customer",
         true,
         "{}",
         {"010-62345678"},
         "{\"phone\":\"010-62345678\"}"},
        {"a field that is blank in words is free",
         "boss",
         "customer",
         true,
         "{\"phone\":null}",
         {"010-62345678"},
         "{\"phone\":\"010-62345678\"}"},
        {"one that is filled is not",
         "boss",
         "customer",
         true,
         "{\"phone\":\"1\"}",
         {"010-62345678"},
         "{\"phone\":\"1\",\"remark\":\"其他电话：010-62345678\"}"},
        {"a mobile, and nobody is named",
         "boss",
         "customer",
         true,
         "{}",
         {"13800138000"},
         "{\"remark\":\"其他电话：13800138000\"}"},
        {"somebody without a name",
         "boss",
         "customer",
         true,
         "{\"primary_contact\":{}}",
         {"13800138000"},
         "{\"primary_contact\":{},\"remark\":\"其他电话：13800138000\"}"},
        {"somebody who has a mobile",
         "boss",
         "customer",
         true,
         "{\"primary_contact\":{\"name\":\"a\",\"mobile\":\"1\"}}",
         {"13800138000"},
         "{\"primary_contact\":{\"name\":\"a\",\"mobile\":\"1\"},\"remark\":"
         "\"其他电话：13800138000\"}"},
        {"two numbers and two words",
         "boss",
         "contact",
         true,
         "{\"mobile\":\"1\",\"phone\":\"2\"}",
         {"13800138000", "微信", "13900139000"},
         "{\"mobile\":\"1\",\"phone\":\"2\",\"remark\":"
         "\"其他电话：13800138000、13900139000\\n电话备注：微信\"}"},
        {"words behind a remark",
         "boss",
         "contact",
         true,
         "{\"remark\":\"老\"}",
         {"微信"},
         "{\"remark\":\"老\\n电话备注：微信\"}"},
        {"nothing", "boss", "contact", true, "{}", {NULL}, "{}"},
        {"an update keeps to the remark it brings",
         "boss",
         "contact",
         false,
         "{\"remark\":\"新\"}",
         {"13800138000"},
         "{\"remark\":\"新\\n其他电话：13800138000\"}"},
        {"an update without one", "boss", "contact", false, "{}", {"13800138000"}, NULL},
        {"a remark by its other name",
         "boss",
         "task",
         true,
         "{}",
         {"13800138000"},
         "{\"description\":\"其他电话：13800138000\"}"},
        {"a description that is one line", "sec", "role", true, "{}", {"13800138000"}, NULL},
        {"no remark at all", "sys", "user", true, "{\"mobile\":\"1\"}", {"13800138000"}, NULL},
        {"a remark he may not write, fields neither",
         "sec",
         "customer",
         true,
         "{}",
         {"010-62345678"},
         NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        T *t = t_as(rows[i].as);
        json_object *in = values(t, rows[i].in);
        ImpSpare spare = {0};
        for (int k = 0; k < 3 && rows[i].spare[k]; k++)
            vec_push(t->a, &spare, rows[i].spare[k]);
        bool ok = imp_place_phones(&t->c, ent(t, rows[i].entity), in, rows[i].is_new, &spare);
        const char *got = json_object_to_json_string_ext(in, JSON_C_TO_STRING_PLAIN);
        if (ok != (rows[i].want != NULL) || strcmp(got, ok ? rows[i].want : rows[i].in) != 0)
            fail_msg("%s: %d %s", rows[i].what, ok, got);
        t_end(t);
    }
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

/* "甲|乙" → a sheet with these headers. */
static ImpSheet sheet_of(T *t, const char *headers)
{
    ImpSheet s = {.columns = ARENA_ARRAY(t->a, 64, ImpColumn), .name = "", .rows = 1};
    for (const char *p = headers;; p++) {
        size_t n = strcspn(p, "|");
        s.columns[s.n_columns++].header = arena_dup(t->a, p, n);
        p += n;
        if (!*p)
            return s;
    }
}

/* "field,field" of the columns, with what else is known of them. */
static const char *mapping(T *t, const ImpSheet *s)
{
    Buf b;
    buf_init(&b, t->a);
    buf_printf(&b, "%s:", s->entity ? s->entity : "-");
    for (int i = 0; i < s->n_columns; i++) {
        const ImpColumn *col = &s->columns[i];
        buf_printf(&b, "%s%s%s%s", i ? "," : "", col->field ? col->field : "-",
                   col->values ? "=" : "", col->dates ? col->dates : "");
    }
    return b.data;
}

/* What a run keeps of its sheets, and for whom; words of other systems and orders of days come back with the fields. */
static void remembered(void **state)
{
    (void)state;
    T *t = t_as("boss");
    ImpSheet sheets[] = {sheet_of(t, "甲栏|乙栏|丙栏"), sheet_of(t, "不导入"), sheet_of(t, "|*"),
                         sheet_of(t, "丁栏")};
    sheets[0].entity = sheets[2].entity = sheets[3].entity = "customer";
    sheets[0].columns[0].field = "name";
    sheets[0].columns[1].field = "industry";
    sheets[0].columns[1].values = values(t, "{\"Banking\":\"finance\"}");
    sheets[0].columns[2].field = "created_at";
    sheets[0].columns[2].dates = "mdy";
    sheets[3].columns[0].field = "name";
    Imp imp = {.owner = t->c.actor->user, .sheets = sheets, .n = 3};
    OK(t, db_write(&t->c, keep, &imp));
    Imp nobody = {.sheets = sheets + 3, .n = 1};
    OK(t, db_write(&t->c, keep, &nobody));
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM \"import_mapping\" WHERE $1 = 0"), 0), 1);
    ImpSheet s = sheet_of(t, "甲栏|乙栏|丙栏");
    OK(t, imp_recall(&t->c, &s, NULL));
    assert_string_equal(mapping(t, &s), "customer:name,industry=,created_atmdy");
    const Field *industry = entity_field(ent(t, "customer"), "industry");
    assert_string_equal(imp_word(&t->c, &s.columns[1], industry, FT_OPTION, "banking"), "finance");
    /* not for another entity, a hidden sheet, other headers, none at all */
    static const struct {
        const char *headers, *wish;
        bool hidden, remembered;
    } rows[] = {{"甲栏|乙栏|丙栏", "customer", false, true},
                {"甲栏|乙栏|丙栏", "contact", false, false},
                {"甲栏|乙栏|丙栏", NULL, true, false},
                {"乙栏|甲栏|丙栏", NULL, false, false},
                {"甲栏|乙栏", NULL, false, false},
                {"|*", NULL, false, false},
                {"丁栏", NULL, false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        s = sheet_of(t, rows[i].headers);
        s.hidden = rows[i].hidden;
        OK(t, imp_recall(&t->c, &s, rows[i].wish));
        assert_int_equal(s.remembered, rows[i].remembered);
    }
    /* the company's, as long as one has none; then one's own, also where it is the older */
    T *lead = t_as("lead");
    s = sheet_of(t, "甲栏|乙栏|丙栏");
    s.entity = "contact"; /* a guess gives way */
    OK(lead, imp_recall(&lead->c, &s, NULL));
    assert_string_equal(mapping(t, &s), "customer:name,industry=,created_atmdy");
    sheets[0].columns[0].field = "remark";
    imp.owner = lead->c.actor->user;
    lead->c.now_ms = t->c.now_ms + 1000;
    OK(lead, db_write(&lead->c, keep, &imp));
    s = sheet_of(t, "甲栏|乙栏|丙栏");
    s.entity = "customer";
    OK(t, imp_recall(&t->c, &s, NULL));
    assert_string_equal(s.columns[0].field, "name");
    OK(lead, imp_recall(&lead->c, &s, NULL));
    assert_string_equal(s.columns[0].field, "remark");
    t_end(lead);
    t_end(t);
}

static bool run_sql(Ctx *c, void *sql)
{
    return db_exec(c, (SqlText){sql}, NULL, 0);
}

/* Rows of the store that do not fit: an entity that is gone, or gets no imports; columns that are others, or no JSON; a
   database that refuses. */
static void misremembered(void **state)
{
    (void)state;
    T *t = t_as("boss");
    ImpSheet kept = sheet_of(t, "甲栏|乙栏");
    kept.entity = "customer";
    kept.columns[0].field = kept.columns[1].field = "name";
    Imp imp = {.owner = t->c.actor->user, .sheets = &kept, .n = 1};
    OK(t, db_write(&t->c, keep, &imp));
    static const struct {
        const char *sql, *want; /* want NULL: a mistake */
    } rows[] = {
        {"UPDATE \"import_mapping\" SET \"object\" = 'gone'", "-:-,-"},
        {"UPDATE \"import_mapping\" SET \"object\" = 'import_mapping'", "-:-,-"},
        {"UPDATE \"import_mapping\" SET \"object\" = 'customer', \"columns\" = "
         "'[{\"header\": \"别的\", \"field\": \"name\"}]'",
         "customer:-,-"},
        {"UPDATE \"import_mapping\" SET \"columns\" = '[{\"header\": \"甲栏\"}]'", "customer:-,-"},
        {"UPDATE \"import_mapping\" SET \"columns\" = '[{'", NULL},
        {"ALTER TABLE \"import_mapping\" RENAME COLUMN \"used_at\" TO \"seen_at\"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        OK(t, db_write(&t->c, run_sql, (void *)(uintptr_t)rows[i].sql));
        ImpSheet s = sheet_of(t, "甲栏|乙栏");
        bool ok = imp_recall(&t->c, &s, NULL);
        assert_int_equal(ok, rows[i].want != NULL);
        assert_int_equal(t->c.n_err > 0, !ok);
        ctx_errors_back_to(&t->c, 0);
        if (ok)
            assert_string_equal(mapping(t, &s), rows[i].want);
    }
    assert_false(db_write(&t->c, keep, &imp)); /* the row before is gone, the new one is refused */
    ctx_errors_back_to(&t->c, 0);
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM \"import_mapping\" WHERE $1 = 0"), 0), 1);
    /* a row that cannot be read: its entity is a number too large */
    OK(t, db_write(&t->c, run_sql, "ALTER TABLE \"import_mapping\" RENAME TO \"kept\""));
    OK(t, db_write(&t->c, run_sql,
                   "CREATE VIEW \"import_mapping\" AS SELECT \"id\", \"header_key\", \"owner_id\", "
                   "CAST(abs(\"id\" - \"id\" - 9223372036854775807 - 1) AS TEXT) AS \"object\", "
                   "\"columns\", \"seen_at\" AS \"used_at\" FROM \"kept\""));
    ImpSheet s = sheet_of(t, "甲栏|乙栏");
    assert_false(imp_recall(&t->c, &s, NULL));
    assert_true(t->c.n_err > 0);
    ctx_errors_back_to(&t->c, 0);
    OK(t, db_write(&t->c, run_sql, "DROP VIEW \"import_mapping\""));
    assert_false(db_write(&t->c, keep, &imp));
    t_end(t);
}

/* Tables of other systems are known by what stands in their heads; guesses of ours give way to them. */
static void recognised(void **state)
{
    (void)state;
#define WUKONG "客户级别|客户行业|客户来源|成交状态|下次联系时间|最后跟进时间"
    static const struct {
        const char *what, *as, *headers, *wish, *had, *profile, *mapping;
    } rows[] = {
        {"customers of wukong", "boss", "客户名称|" WUKONG "|负责人|创建时间", NULL, NULL, "wukong",
         "customer:name,level=,industry=,source=,lifecycle=,-,-,owner,created_at"},
        {"wished for", "boss", "客户名称|" WUKONG, "customer", "customer", "wukong",
         "customer:name,level=,industry=,source=,lifecycle=,-,-"},
        {"guessed as another before", "boss", "客户名称|" WUKONG, NULL, "contact", "wukong",
         "customer:name,level=,industry=,source=,lifecycle=,-,-"},
        {"another was wished for", "boss", "客户名称|" WUKONG, "department", NULL, NULL, NULL},
        {"who may not import them", "sec", "客户名称|" WUKONG, NULL, NULL, NULL, NULL},
        {"too few of its signs", "boss", "客户名称|客户级别|客户行业|客户来源", NULL, NULL, NULL,
         NULL},
        {"too many headers it does not know", "boss", WUKONG "|a1|a2|a3|a4|a5", NULL, NULL, NULL,
         NULL},
        {"days written month first, two columns for one name", "boss",
         "Salutation|First Name|Last Name|Mailing Street|Mailing State/Province|Mailing "
         "Zip/Postal Code|Account Name|Contact Owner|Contact ID|Birthdate|Mailing City",
         NULL, NULL, "salesforce",
         "contact:salutation,name,name,address_detail,region,-,customer,owner,ext_id,birthdaymdy,"
         "region"},
        {"two columns for one field that takes one", "boss",
         "Company name|Name|Company Domain Name|Company owner|Record ID|Lifecycle Stage|Number of "
         "Employees|Create Date",
         NULL, NULL, "hubspot",
         "customer:name,-,website,owner,ext_id,lifecycle=,employee_count,created_at"},
        {"a guess of ours gives way", "boss",
         "Account Name|Account ID|Account Owner|Billing Street|Billing State/Province|Last "
         "Modified "
         "Date|重要程度|Rating",
         NULL, NULL, "salesforce", "customer:name,ext_id,owner,address_detail,region,-,-,level="},
        {"a header twice, and one that is blank", "boss", "客户级别||" WUKONG "|客户名称", NULL,
         NULL, "wukong", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        T *t = t_as(rows[i].as);
        ImpSheet s = sheet_of(t, rows[i].headers);
        s.entity = rows[i].had;
        OK(t, imp_profile(&t->c, &s, rows[i].wish));
        const char *got = mapping(t, &s);
        if (strcmp(s.profile ? s.profile : "", rows[i].profile ? rows[i].profile : "") != 0 ||
            (rows[i].mapping && strcmp(got, rows[i].mapping) != 0))
            fail_msg("%s: %s %s", rows[i].what, s.profile ? s.profile : "-", got);
        s = sheet_of(t, rows[i].headers);
        s.hidden = true;
        OK(t, imp_profile(&t->c, &s, rows[i].wish));
        assert_null(s.profile);
        t_end(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(words),         HOUSE_TEST(days),
                                       HOUSE_TEST(pieces),        HOUSE_TEST(phones),
                                       HOUSE_TEST(places),        HOUSE_TEST(profiles),
                                       HOUSE_TEST(retired),       HOUSE_TEST(remembered),
                                       HOUSE_TEST(misremembered), HOUSE_TEST(recognised)};
    return house_run(tests);
}
