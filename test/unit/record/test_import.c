/*
 * The understanding of headers and the way of a file through check, run and undo, without a server: what the
 * HTTP tests (test/api/import.test.mjs) do not see. People and departments from a workbook, too.
 */
#include "house.h"

#include "base/buf.h"
#include "base/file.h"
#include "record/attach.h"
#include "record/export.h"
#include "record/export_write.h"
#include "record/import/impl.h"

static void folders(void)
{
    char cmd[256];
    (void)snprintf(cmd, sizeof cmd, "mkdir -p %s/tmp %s/files", house_dir, house_dir);
    assert_int_equal(system(cmd), 0);
}

static const char *file(T *t, const char *text)
{
    char *path = attach_tmp(&t->c, ".csv");
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    return path;
}

static json_object *look(T *t, int64_t id)
{
    Buf b;
    json_object *o;
    buf_init(&b, t->a);
    OK(t, import_json(&t->c, id, &b));
    OK(t, json_read(&t->c, b.data, b.len, &o));
    return o;
}

static int64_t count_of(T *t, int64_t id, const char *name)
{
    return json_int(json_member(look(t, id), "counts"), name, -1);
}

/* Claims the newest job and runs it as its owner. */
static bool work(const char *login, bool (*fn)(Ctx *, Job *))
{
    T *t = t_as(NULL);
    Job job;
    bool found = false;
    OK(t, job_claim(&t->c, "test", 30000, &job, &found));
    assert_true(found);
    Actor *me;
    OK(t, actor_of_login(&t->c, login, CH_JOB, &me));
    t->c.actor = me;
    bool ok = fn(&t->c, &job) && t->c.n_err == 0;
    if (!ok)
        t_errors(&t->c);
    ctx_errors_back_to(&t->c, 0);
    OK(t, job_end(&t->c, &job, ok ? JOB_IS_DONE : JOB_IS_FAILED, NULL, 0));
    t_end(t);
    return ok;
}

static int64_t upload(T *t, const char *text)
{
    int64_t id = 0;
    OK(t, import_create(&t->c, file(t, text), "a.csv", "customer", &id));
    return id;
}

/* ---- headers ------------------------------------------------------------------------------- */

static void headers(void **state)
{
    (void)state;
    T *t = t_as("boss");
    Arena *a = t->a;
    assert_string_equal(imp_norm(a, " *客　户名称（必填）\n"), "客户名称");
    assert_string_equal(imp_norm(a, "年营业额(万元)："), "年营业额");
    assert_string_equal(imp_norm(a, "（客户）名称"), "(客户)名称");
    assert_string_equal(imp_norm(a, "Phone No."), "phoneno");
    static const char *const norms[][3] = {
        /* as it stands, without brackets, with the brackets opened */
        {"★名称※", "名称", "名称"},
        {"• 名、称。", "名称", "名称"},
        {"【必填】名称", "名称", "名称"},
        {"(required) Name", "name", "requiredname"},
        {"选填名称必填", "名称", "名称"},
        {"必填", "必填", "必填"}, /* nothing would be left */
        {"名称(没有关上", "名称(没有关上", "名称没有关上"},
        {"联系人【电话】", "联系人", "联系人电话"},
        {"a(b)[c]<d>《e》", "a", "abcd《e》"},
        {"聯絡電話", "联络电话", "联络电话"},
        {"𠮷名é", "𠮷名é", "𠮷名é"},
        {"名\xff称\xe5\x90", "名称", "名称"}, /* what is no UTF-8 */
        {" *:", "", ""},
    };
    for (size_t i = 0; i < sizeof norms / sizeof *norms; i++) {
        assert_string_equal(imp_norm(a, norms[i][0]), norms[i][1]);
        assert_string_equal(imp_norm_open(a, norms[i][0]), norms[i][2]);
    }
    static const char *const wan[] = {"金额（万元）", "金额(万)", "金额（万）", "万元"},
                             *const no_wan[] = {"万科简称", "金额", "万"};
    for (size_t i = 0; i < sizeof wan / sizeof *wan; i++)
        assert_true(imp_in_wan(wan[i]));
    for (size_t i = 0; i < sizeof no_wan / sizeof *no_wan; i++)
        assert_false(imp_in_wan(no_wan[i]));
    assert_int_equal(imp_name_piece(a, "First Name"), 1);
    assert_int_equal(imp_name_piece(a, "姓（必填）"), 2);
    assert_int_equal(imp_name_piece(a, "Middle name"), 3);
    assert_int_equal(imp_name_piece(a, "姓名"), 0);
    assert_true(imp_ends("公司电话", "电话"));
    assert_false(imp_ends("电话", "电话")); /* it has nothing more */
    assert_false(imp_ends("话", "电话"));
    ImpColumn cols[] = {{.header = "公司名称"},   {.header = "联系人"}, {.header = "手机"},
                        {.header = "联系人电话"}, {.header = "省份"},   {.header = "城市"},
                        {.header = "公司地址"},   {.header = "职务"},   {.header = "谁知道"},
                        {.header = "客户行业"}};
    ImpSheet s = {.columns = cols, .n_columns = 10, .name = ""};
    imp_guess(&t->c, ent(t, "customer"), &s);
    static const char *const want[] = {"name",
                                       "primary_contact.name",
                                       "phone",
                                       "primary_contact.mobile",
                                       "region",
                                       "region",
                                       "address_detail",
                                       "primary_contact.title",
                                       NULL,
                                       "industry"};
    for (int i = 0; i < 10; i++) {
        if (!want[i])
            assert_null(cols[i].guess);
        else
            assert_string_equal(cols[i].guess ? cols[i].guess : "(none)", want[i]);
    }
    assert_null(imp_field(&t->c, ent(t, "customer"), "version", NULL));
    assert_null(imp_field(&t->c, ent(t, "customer"), "primary_contact.age", NULL));
    assert_null(imp_field(&t->c, ent(t, "customer"), "last_follow_up_at", NULL));
    assert_non_null(imp_field(&t->c, ent(t, "customer"), "address", NULL));
    t_end(t);
}

/*
 * Forty heads of tables as people have them (test/data/import_headers.json). Nineteen of twenty columns go where
 * they belong, and what is 80 percent sure is never wrong.
 */
static void corpus(void **state)
{
    (void)state;
    T *t = t_as("sys");
    char *text;
    size_t len;
    json_object *list;
    OK(t, file_read(&t->c, ZK_SOURCE_DIR "/test/data/import_headers.json", 1 << 20, &text, &len));
    OK(t, json_read(&t->c, text, len, &list));
    size_t sets = json_object_array_length(list);
    int all = 0, right = 0, wrong_though_sure = 0;
    assert_true(sets >= 40);
    t->c.actor = actor_system(t->a, CH_SYSTEM); /* the words, not the rights, are tried */
    for (size_t i = 0; i < sets; i++) {
        json_object *set = json_object_array_get_idx(list, i), *h = json_member(set, "h"),
                    *w = json_member(set, "w");
        int n = (int)json_object_array_length(h);
        assert_int_equal(n, json_object_array_length(w));
        ImpSheet s = {.columns = ARENA_ARRAY(t->a, n + 1, ImpColumn), .n_columns = n, .name = ""};
        for (int k = 0; k < n; k++)
            s.columns[k].header = json_object_get_string(json_object_array_get_idx(h, (size_t)k));
        imp_guess(&t->c, ent(t, json_str(set, "e", "")), &s);
        for (int k = 0; k < n; k++) {
            const char *want = json_object_get_string(json_object_array_get_idx(w, (size_t)k)),
                       *got = s.columns[k].field;
            bool same = want && got ? strcmp(want, got) == 0 : want == got;
            all++;
            right += same;
            if (!same) {
                wrong_though_sure += s.columns[k].score >= 80;
                print_message("%s “%s”: %s at %d, not %s\n", json_str(set, "e", ""),
                              s.columns[k].header, got ? got : "nothing", s.columns[k].score,
                              want ? want : "nothing");
            }
        }
    }
    print_message("%d of %d columns\n", right, all);
    assert_int_equal(wrong_though_sure, 0);
    assert_true(right * 100 >= all * 95);
    t_end(t);
}

/* ---- the way ------------------------------------------------------------------------------- */

static const char small[] = "客户名称,所属行业,信息来源,电话,年营业额(万元),上级客户\n"
                            "甲公司,信息技术,官网,13800138000,12.5,\n"
                            "乙公司,it,website,138 0013 8001,,甲公司\n"
                            "丙公司,信息技术,官网,abc,,\n"
                            "甲公司,信息技术,官网,13800138000,,\n"
                            "示例：丁公司,信息技术,官网,13800138005,,\n"
                            "合计,,,,,\n";

static void check_and_run(void **state)
{
    (void)state;
    folders();
    T *t = t_as("boss");
    int64_t id = upload(t, small), job;
    assert_string_equal(json_str(look(t, id), "state", ""), "uploaded");
    OK(t, import_check(&t->c, id, &job));
    assert_false(import_run(&t->c, id, &job)); /* one at a time */
    ERR_IS(t, ERR_CONFLICT, NULL);
    ctx_errors_back_to(&t->c, 0);
    assert_true(work("boss", import_check_job));
    assert_string_equal(json_str(look(t, id), "state", ""), "checked");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(count_of(t, id, "created"), 2);
        assert_int_equal(count_of(t, id, "failed"), 1);
        assert_int_equal(count_of(t, id, "duplicate"), 1);
        assert_int_equal(count_of(t, id, "skipped"), 2);
        assert_int_equal(
            t_int(t, SQL("SELECT COUNT(*) FROM customer WHERE deleted_at IS NULL AND $1 = 0"), 0),
            round ? 2 : 0);
        assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM import_row WHERE import_id = $1"), id),
                         6);
        assert_int_equal(
            t_int(t, SQL("SELECT COUNT(*) FROM import_row_error WHERE import_id = $1"), id), 2);
        if (round == 0) {
            OK(t, import_run(&t->c, id, &job));
            assert_true(work("boss", import_run_job));
        }
    }
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM customer WHERE annual_revenue = $1"), 12500000), 1);
    assert_int_equal(t_int(t,
                           SQL("SELECT COUNT(*) FROM customer AS x JOIN customer AS y ON y.id = "
                               "x.parent_customer_id WHERE $1 = 0"),
                           0),
                     1);
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM audit_log WHERE action = 'import' AND record_id = $1"),
              id),
        1);
    T *other = t_as("rep");
    Buf b;
    buf_init(&b, other->a);
    assert_false(import_json(&other->c, id, &b));
    ERR_IS(other, ERR_NOT_FOUND, NULL);
    t_end(other);
    OK(t, import_undo(&t->c, id, &job));
    assert_true(work("boss", import_undo_job));
    assert_string_equal(json_str(look(t, id), "state", ""), "undone");
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM customer WHERE deleted_at IS NULL AND $1 = 0"), 0), 0);
    t_end(t);
}

/* A job that died behind a block is claimed again with its progress, and does no row twice. */
static bool die_after_first(void)
{
    return true;
}

static void resume(void **state)
{
    (void)state;
    folders();
    T *t = t_as("boss");
    Buf text;
    buf_init(&text, t->a);
    buf_puts(&text, "客户名称,所属行业,信息来源,电话\n");
    for (int i = 0; i < 1200; i++)
        buf_printf(&text, "第%d公司,信息技术,官网,139%08d\n", i % 1100, i % 1100);
    int64_t id = upload(t, text.data), job;
    OK(t, import_run(&t->c, id, &job));
    job_on_stop(die_after_first); /* the program goes down: each block is the last */
    int blocks = 0;
    for (; blocks < 10; blocks++) {
        T *s = t_as(NULL);
        Job j;
        bool found = false;
        OK(s, job_claim(&s->c, "test", -1, &j, &found)); /* the lease is over at once */
        if (!found) {
            t_end(s);
            break;
        }
        Actor *me;
        OK(s, actor_of_login(&s->c, "boss", CH_JOB, &me));
        s->c.actor = me;
        bool ok = import_run_job(&s->c, &j);
        assert_int_equal(s->c.n_err, 0);
        if (ok)
            OK(s, job_end(&s->c, &j, JOB_IS_DONE, NULL, 0));
        else
            OK(s, job_touch(&s->c, &j, -60000)); /* as if the lease had run out */
        t_end(s);
        if (ok)
            break;
    }
    job_on_stop(NULL);
    assert_true(blocks >= 2);
    assert_string_equal(json_str(look(t, id), "state", ""), "done");
    assert_int_equal(count_of(t, id, "created"), 1100);
    assert_int_equal(count_of(t, id, "duplicate"), 100); /* those of the blocks before are known */
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM customer WHERE $1 = 0"), 0), 1100);
    t_end(t);
}

/* ---- exports ------------------------------------------------------------------------------- */

static void export_csv(void **state)
{
    (void)state;
    folders();
    T *t = t_as("boss");
    (void)make_customer(t, "  =1+1 有限公司", "13800138000");
    (void)make_customer(t, "乙\\n公司,\\\"引号\\\"", "010-62345678");
    int64_t job;
    OK(t, export_start(&t->c, ent(t, "customer"),
                       js(t, "{\"fields\": [\"name\", \"phone\"], \"format\": \"csv\"}"), &job));
    assert_true(work("boss", export_job));
    int64_t att;
    AttachFile f;
    OK(t, job_file(&t->c, job, &att));
    OK(t, attach_open(&t->c, att, &f));
    assert_non_null(strstr(f.name, ".csv"));
    FILE *in = fopen(f.path, "rb");
    char text[512] = {0};
    assert_non_null(in);
    assert_true(fread(text, 1, sizeof text - 1, in) > 0);
    (void)fclose(in);
    assert_string_equal(text, "\xef\xbb\xbf客户名称,联系方式\r\n'=1+1 有限公司,13800138000\r\n\"乙 "
                              "公司,\"\"引号\"\"\",010-62345678\r\n");
    T *rep = t_as("rep");
    assert_false(export_start(&rep->c, ent(rep, "customer"), NULL, &job));
    ERR_IS(rep, ERR_FORBIDDEN, NULL);
    t_end(rep);
    t_end(t);
}

/* More rows than a sheet holds go on in the next one, with the header again, and all of it is one import. */
static void export_sheets(void **state)
{
    (void)state;
    folders();
    T *t = t_as("boss");
    for (int i = 0; i < 5; i++)
        (void)make_customer(t, arena_printf(t->c.a, "多表%d有限公司", i),
                            arena_printf(t->c.a, "1380013800%d", i));
    RowSet s;
    ExportOut *o;
    Sql q;
    char *path = attach_tmp(&t->c, ".xlsx");
    ExportKind kind = {.path = path, .form = EXPORT_XLSX, .with_id = true, .sheet_rows = 2};
    OK(t, rows_choose(&t->c, ent(t, "customer"), "name,phone", false, &s));
    s.flags = false;
    sql_init(&q, t->c.a);
    rows_select(&t->c, &s, &q, NULL, NULL);
    DbRows *r = sql_query(&t->c, &q);
    while (db_step(r))
        rows_add(&t->c, &s, r);
    db_done(r);
    OK(t, rows_finish(&t->c, &s));
    OK(t, export_out_open(&t->c, &kind, &s, &o));
    OK(t, export_out_rows(&t->c, o, &s));
    OK(t, export_out_close(&t->c, o, true));
    int64_t id, job;
    OK(t, import_create(&t->c, path, "out.xlsx", NULL, &id));
    json_object *sheets = json_member(look(t, id), "sheets");
    assert_int_equal(json_object_array_length(sheets), 4); /* 2 + 2 + 1, and _meta */
    for (size_t i = 0; i < 3; i++) {
        json_object *one = json_object_array_get_idx(sheets, i);
        assert_string_equal(json_str(one, "entity", ""), "customer");
        assert_int_equal(json_int(one, "rows", 0), i < 2 ? 2 : 1);
        assert_string_equal(json_str(json_member(one, "mapping"), "0", ""), "id");
    }
    OK(t, import_update(
              &t->c, id,
              js(t, "{\"sheets\": [{\"index\": 0, \"entity\": \"customer\", \"mode\": \"upsert\"}, "
                    "{\"index\": 1, \"entity\": \"customer\", \"mode\": \"upsert\"}, "
                    "{\"index\": 2, \"entity\": \"customer\", \"mode\": \"upsert\"}]}")));
    OK(t, import_run(&t->c, id, &job));
    assert_true(work("boss", import_run_job));
    assert_int_equal(count_of(t, id, "unchanged"), 5);
    t_end(t);
}

/* ---- long ones ----------------------------------------------------------------------------- */

/* Of a file of some ten megabytes only the first rows are looked at: how many there are is a guess by its length. */
static void rows_of_a_long_file(void **state)
{
    (void)state;
    enum { MEGA = 1 << 20, LONG = 50 };
    static const char row[] = "远山有限公司,13800138000\n";
    T *t = t_as("boss");
    folders();
    char *path = attach_tmp(&t->c, ".csv"), *block = arena_alloc(t->a, MEGA);
    size_t n = 0;
    for (; n + sizeof row <= MEGA; n += sizeof row - 1)
        memcpy(block + n, row, sizeof row - 1);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs("客户名称,联系方式\n", f) >= 0);
    for (int i = 0; i < LONG; i++)
        assert_int_equal(fwrite(block, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    int64_t id = 0;
    OK(t, import_create(&t->c, path, "a.csv", "customer", &id));
    json_object *sheet = json_object_array_get_idx(json_member(look(t, id), "sheets"), 0);
    assert_in_range(json_int(sheet, "rows", 0), LONG * n / 200, LONG * n / 200 + 1);
    t_end(t);
}

/* How many rows the longest list of a column of a template has: "…$500</formula1>". */
static bool offers(T *t, int n)
{
    const char *path;
    OK(t, import_template(&t->c, ent(t, "user"), NULL, &path));
    FILE *p = popen(arena_printf(t->a, "unzip -p %s 'xl/worksheets/*.xml'", path), "re");
    Buf text;
    buf_init(&text, t->a);
    assert_non_null(p);
    for (size_t k; (k = fread(buf_room(&text, 4096), 1, 4096, p)) > 0;)
        buf_grew(&text, k);
    assert_int_equal(pclose(p), 0);
    return strstr(text.data, arena_printf(t->a, "$%d</formula1>", n)) != NULL;
}

static void add_departments(int from, int to)
{
    T *t = t_as(NULL);
    Buf b;
    int created, updated;
    buf_init(&b, t->a);
    buf_puts(&b, "{\"departments\": [");
    for (int i = from; i <= to; i++)
        buf_printf(&b, "%s{\"code\": \"d%d\", \"name\": \"第%d部\", \"parent\": \"hq\"}",
                   i > from ? ", " : "", i, i);
    buf_puts(&b, "], \"users\": []}");
    OK(t, user_import(&t->c, js(t, "%s", b.data), &created, &updated));
    t_end(t);
}

/* A list to choose from ends where nobody reads it to its end: of 500 departments there is one, of 501 none, not a part. */
static void lists_of_a_template(void **state)
{
    (void)state;
    folders();
    add_departments(5, 500); /* beside the four of the house */
    T *t = t_as("sys");
    assert_true(offers(t, 500));
    t_end(t);
    add_departments(501, 501);
    t = t_as("sys");
    assert_false(offers(t, 501));
    assert_false(offers(t, 500));
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(headers),
                                       HOUSE_TEST(corpus),
                                       HOUSE_TEST(check_and_run),
                                       HOUSE_TEST(resume),
                                       HOUSE_TEST(export_csv),
                                       HOUSE_TEST(export_sheets),
                                       HOUSE_TEST(rows_of_a_long_file),
                                       HOUSE_TEST(lists_of_a_template)};
    return house_run(tests);
}
