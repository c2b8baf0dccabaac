/* The recycle bin is emptied: what is old goes with all that speaks of it, what is young, live or of the organisation stays. */
#include <sys/stat.h>
#include <utime.h>

#include "base/file.h"
#include "house.h"
#include "record/bin.h"
#include "record/former.h"
#include "record/merge/merge.h"
#include "record/search.h"

enum { DAY = 86400000 };

static int64_t rows(T *t, const char *entity, int64_t id)
{
    DbVal p[] = {db_of_int(id)};
    int64_t n = -1;
    Sql q;
    sql_init(&q, t->a);
    sql_add(&q, SQL("SELECT COUNT(*) FROM "));
    sql_name(&q, entity);
    sql_add(&q, SQL(" WHERE id = $1"));
    OK(t, db_one_int(&t->c, sql_text(&q), p, 1, &n, NULL));
    return n;
}

static void drop(T *t, const char *entity, int64_t id)
{
    SaveOptions o = {.if_version = -1, .trusted = true};
    OK(t, rec_delete(&t->c, ent(t, entity), id, &o));
}

static const char *put_file(T *t, int64_t customer, const char *text, int64_t *id)
{
    const char *path = attach_tmp(&t->c, ".txt");
    OK(t, file_make_dirs(&t->c, arena_printf(t->a, "%s/tmp", attach_dir()), 0700));
    OK(t, file_write(&t->c, path, text, strlen(text), 0600));
    OK(t, attach_store(
              &t->c,
              &(AttachNew){
                  .path = path, .name = "a.txt", .parent_type = "customer", .parent = customer},
              id));
    AttachFile f;
    OK(t, attach_path(&t->c, *id, &f));
    struct utimbuf old = {.actime = 1, .modtime = 1};
    assert_int_equal(utime(f.path, &old), 0);
    return f.path;
}

/* As the hooks of a contact would. */
static bool add_point(Ctx *c, void *arg)
{
    const int64_t *contact = arg;
    DbVal p[] = {db_of_int(*contact + 1), db_of_int(*contact)};
    return db_exec(c,
                   SQL("INSERT INTO contact_point (id, parent_type, parent_id, kind, \"value\", "
                       "value_key) VALUES ($1, 'contact', $2, 'mobile', '13600136103', "
                       "'13600136103')"),
                   p, 2);
}

static void sweep(T *t)
{
    bool more = true;
    const Actor *me = t->c.actor;
    t->c.actor = actor_system(t->a, CH_SYSTEM);
    OK(t, bin_sweep(&t->c, 50, &more));
    assert_false(more);
    t->c.actor = me;
}

static void test_old_goes(void **state)
{
    (void)state;
    T *t = t_as("boss");
    int64_t cu = make_customer(t, "旧货贸易有限公司", "13600136101"),
            other = make_customer(t, "旁边贸易有限公司", "13600136102"), f1, f2, f3;
    int64_t contact =
        make(t, "contact",
             js(t, "{\"name\": \"赵一\", \"customer\": %lld, \"mobile\": \"13600136103\"}",
                (long long)cu));
    const char *own = put_file(t, cu, "only here", &f1), *both = put_file(t, cu, "twice", &f2);
    (void)put_file(t, other, "twice", &f3);
    OK(t, db_write(&t->c, add_point, &contact));
    assert_true(t_int(t, SQL("SELECT COUNT(*) FROM history WHERE record_id = $1"), cu) > 0);
    assert_true(t_int(t, SQL("SELECT COUNT(*) FROM contact_point WHERE parent_id = $1"), contact) >
                0);
    drop(t, "customer", cu);
    sweep(t);
    assert_int_equal(rows(t, "customer", cu), 1); /* not yet */
    t->c.now_ms += 29 * (int64_t)DAY;
    sweep(t);
    assert_int_equal(rows(t, "customer", cu), 1);
    t->c.now_ms += 2 * (int64_t)DAY;
    sweep(t);
    assert_int_equal(rows(t, "customer", cu), 0);
    assert_int_equal(rows(t, "contact", contact), 0);
    assert_int_equal(rows(t, "customer", other), 1);
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM history WHERE record_id = $1"), cu), 0);
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM contact_point WHERE parent_id = $1"), cu),
                     0);
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM contact_point WHERE parent_id = $1"), contact), 0);
    assert_int_equal(rows(t, "attachment", f1), 0);
    assert_int_equal(rows(t, "attachment", f2), 0);
    assert_int_equal(rows(t, "attachment", f3), 1);
    assert_false(file_exists(own));
    assert_true(file_exists(both)); /* another record has the same bytes */
    assert_true(t_int(t,
                      SQL("SELECT COUNT(*) FROM audit_log WHERE action = 'erase' AND "
                          "record_id = $1 AND entity = 'customer'"),
                      cu) == 1);
    t_end(t);
}

/* A customer that names an erased one as its parent company names none. */
static void test_links(void **state)
{
    (void)state;
    T *t = t_as("boss");
    int64_t mother = make_customer(t, "母公司集团有限公司", "13600136111");
    int64_t child = make_customer(t, "子公司贸易有限公司", "13600136112");
    const Entity *e = ent(t, "customer");
    int field = -1;
    for (int i = 0; i < e->n_fields; i++)
        if (e->fields[i].type == FT_LINK && e->fields[i].to &&
            strcmp(e->fields[i].to, "customer") == 0 && !e->fields[i].readonly)
            field = i;
    if (field >= 0) {
        SaveOptions o = {.if_version = -1, .trusted = true};
        int64_t version;
        OK(t, rec_update(&t->c, e, child,
                         js(t, "{\"%s\": %lld}", e->fields[field].name, (long long)mother), &o,
                         &version));
    }
    drop(t, "customer", mother);
    t->c.now_ms += 31 * (int64_t)DAY;
    sweep(t);
    assert_int_equal(rows(t, "customer", mother), 0);
    if (field >= 0)
        assert_int_equal(load(t, "customer", child).v[field].kind, DB_NULL);
    t_end(t);
}

static void test_restored_stays(void **state)
{
    (void)state;
    T *t = t_as("boss");
    int64_t cu = make_customer(t, "回来贸易有限公司", "13600136121");
    drop(t, "customer", cu);
    OK(t, rec_restore(&t->c, ent(t, "customer"), cu, NULL));
    t->c.now_ms += 400 * (int64_t)DAY;
    sweep(t);
    assert_int_equal(rows(t, "customer", cu), 1);
    t_end(t);
}

static void merge_one(T *t, const char *entity, int64_t survivor, int64_t other)
{
    Merge m = {.e = ent(t, entity),
               .survivor = survivor,
               .version = -1,
               .merged = {other},
               .versions = {-1},
               .n = 1,
               .o = {.if_version = -1, .trusted = true, .agreed = true}};
    OK(t, merge_run(&t->c, &m));
}

/* What was merged is kept as long as the one that stayed, which is found by it, and goes with it. */
static void test_merged_stays(void **state)
{
    (void)state;
    T *t = t_as("boss");
    const Entity *e = ent(t, "customer");
    int64_t a = make_customer(t, "留下贸易有限公司", "13600136131"),
            b = make_customer(t, "并入贸易有限公司", "13600136132"),
            d = make_customer(t, "先并贸易有限公司", "13600136133");
    DbIds ends = {0}, none = {0}, before = {0};
    Records merged = {0};
    merge_one(t, "customer", b, d);
    merge_one(t, "customer", a, b);
    const int64_t of[] = {d, b, a};
    OK(t, former_ends(&t->c, e, of, 2, &ends));
    assert_int_equal(ends.n, 1);
    assert_int_equal(ends.items[0], a);
    OK(t, former_ends(&t->c, e, of + 2, 1, &none));
    assert_int_equal(none.n, 0);
    OK(t, former_ids(&t->c, e, of + 1, 2, &before)); /* d; b is one of them */
    assert_int_equal(before.n, 1);
    assert_int_equal(before.items[0], d);
    OK(t, former_records(&t->c, e, a, 0, &merged));
    assert_int_equal(merged.n, 2);
    OK(t, former_records(&t->c, e, a, 1, &merged));
    assert_int_equal(merged.n, 3);
    t->c.now_ms += 400 * (int64_t)DAY;
    sweep(t);
    assert_int_equal(rows(t, "customer", b) + rows(t, "customer", d), 2);
    drop(t, "customer", a);
    t->c.now_ms += 29 * (int64_t)DAY;
    sweep(t);
    assert_int_equal(rows(t, "customer", b) + rows(t, "customer", d), 2);
    t->c.now_ms += 2 * (int64_t)DAY;
    sweep(t);
    assert_int_equal(rows(t, "customer", a) + rows(t, "customer", b) + rows(t, "customer", d), 0);
    t_end(t);
}

static int64_t make_contact(T *t, const char *name, int64_t customer, const char *mobile)
{
    return make(t, "contact",
                js(t, "{\"name\": \"%s\", \"customer\": %lld, \"mobile\": \"%s\"}", name,
                   (long long)customer, mobile));
}

/* How many contacts a word finds. */
static int found_by(T *t, const char *word)
{
    SearchFound found = {0};
    OK(t, search_find(&t->c, ent(t, "contact"), word, 0, 100, 100, 0, &found));
    return found.n;
}

/* A tombstone is kept for a survivor that lives, but not longer than its own whole; then its words go, too. */
static void test_merged_part(void **state)
{
    (void)state;
    T *t = t_as("boss");
    int64_t x = make_customer(t, "生存贸易有限公司", "13600136141"),
            y = make_customer(t, "过期贸易有限公司", "13600136142"),
            s = make_contact(t, "钱二", x, "13600136143"),
            o = make_contact(t, "孙三", y, "13600136144"),
            early = make_contact(t, "李四", x, "13600136145"),
            fresh = make_contact(t, "周五", x, "13600136146");
    merge_one(t, "contact", o, early);
    merge_one(t, "contact", s, o);
    merge_one(t, "contact", s, fresh);
    assert_int_equal(found_by(t, "13600136144"), 1);
    t->c.now_ms += 400 * (int64_t)DAY;
    drop(t, "customer", y);
    t->c.now_ms += 29 * (int64_t)DAY;
    sweep(t);
    assert_int_equal(rows(t, "contact", o) + rows(t, "customer", y), 2);
    t->c.now_ms += 2 * (int64_t)DAY;
    sweep(t);
    assert_int_equal(rows(t, "contact", o) + rows(t, "contact", early) + rows(t, "customer", y), 0);
    assert_int_equal(rows(t, "contact", s) + rows(t, "contact", fresh), 2);
    assert_int_equal(found_by(t, "13600136144"), 0);
    assert_int_equal(found_by(t, "13600136145"), 0);
    assert_int_equal(found_by(t, "13600136143"), 1);
    assert_int_equal(found_by(t, "13600136146"), 1);
    t_end(t);
}

/* A pair at a customer that lives is nothing without its contact. */
static void test_leaning(void **state)
{
    (void)state;
    T *t = t_as("boss");
    int64_t x = make_customer(t, "离去贸易有限公司", "13600136151"),
            y = make_customer(t, "常在贸易有限公司", "13600136152"),
            s = make_contact(t, "吴六", x, "13600136153"),
            own = make_contact(t, "郑七", y, "13600136154");
    int64_t pair =
        make(t, "customer_contact",
             js(t, "{\"customer\": %lld, \"contact\": %lld}", (long long)y, (long long)s));
    make(t, "customer_contact",
         js(t, "{\"customer\": %lld, \"contact\": %lld}", (long long)y, (long long)own));
    drop(t, "customer", x);
    t->c.now_ms += 31 * (int64_t)DAY;
    assert_int_equal(rows(t, "customer_contact", pair), 1);
    sweep(t);
    assert_int_equal(rows(t, "customer", x) + rows(t, "contact", s), 0);
    assert_int_equal(rows(t, "customer_contact", pair), 0);
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM history WHERE record_id = $1"), pair), 0);
    assert_int_equal(rows(t, "contact", own), 1);
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM customer_contact WHERE customer_id = $1"), y), 1);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_old_goes),       HOUSE_TEST(test_links),
        HOUSE_TEST(test_restored_stays), HOUSE_TEST(test_merged_stays),
        HOUSE_TEST(test_merged_part),    HOUSE_TEST(test_leaning),
    };
    return house_run(tests);
}
