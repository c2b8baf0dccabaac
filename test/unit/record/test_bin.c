/* The recycle bin is emptied: what is old goes with all that speaks of it, what is young, live or of the organisation stays. */
#include <sys/stat.h>
#include <utime.h>

#include "base/file.h"
#include "house.h"
#include "record/attach.h"
#include "record/bin.h"

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
    OK(t, rec_restore(&t->c, ent(t, "customer"), cu));
    t->c.now_ms += 400 * (int64_t)DAY;
    sweep(t);
    assert_int_equal(rows(t, "customer", cu), 1);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_old_goes),
        HOUSE_TEST(test_links),
        HOUSE_TEST(test_restored_stays),
    };
    return house_run(tests);
}
