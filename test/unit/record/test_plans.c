/*
 * How SQLite, which has counted nothing, goes about the pages of lists: no order that is offered may be made by sorting the whole
 * table, and no page of a scope or a filter by going through it. The statements are those the engine really sends (--wrap=db_query).
 * And, on both engines, that a page is the same by whatever way its rows were found. A merge and an erasing are asked the same:
 * what leads to their records is found by indexes, in the bin, too.
 */
#include "house.h"

#include "auth/access.h"
#include "auth/user.h"
#include "record/children.h"
#include "record/erase.h"
#include "record/list_way.h"
#include "record/merge/merge.h"

enum { KEPT = 256 };

typedef struct Kept {
    const char *text;
    const DbVal *params;
    int n;
} Kept;

static Kept kept[KEPT];
static int n_kept;
static Arena *kept_in; /* NULL: nothing is kept */
static bool keep_all;  /* else those with an order */

DbRows *__real_db_query(Ctx *c, SqlText sql, const DbVal *params, int n);
DbRows *__wrap_db_query(Ctx *c, SqlText sql, const DbVal *params, int n);

bool __real_db_exec(Ctx *c, SqlText sql, const DbVal *params, int n);
bool __wrap_db_exec(Ctx *c, SqlText sql, const DbVal *params, int n);

static void keep(SqlText sql, const DbVal *params, int n)
{
    assert_true(n_kept < KEPT);
    DbVal *copy = ARENA_ARRAY(kept_in, n + 1, DbVal);
    if (n)
        memcpy(copy, params, (size_t)n * sizeof *copy);
    kept[n_kept++] = (Kept){arena_str(kept_in, sql.text), copy, n};
}

DbRows *__wrap_db_query(Ctx *c, SqlText sql, const DbVal *params, int n)
{
    if (kept_in && (keep_all || strstr(sql.text, " ORDER BY ")))
        keep(sql, params, n);
    return __real_db_query(c, sql, params, n);
}

bool __wrap_db_exec(Ctx *c, SqlText sql, const DbVal *params, int n)
{
    if (kept_in && keep_all)
        keep(sql, params, n);
    return __real_db_exec(c, sql, params, n);
}

/* The steps of the plan of a statement, a line each. */
static const char *plan_of(T *t, const Kept *k)
{
    Buf b;
    buf_init(&b, t->a);
    const char *text = arena_printf(t->a, "EXPLAIN QUERY PLAN %s", k->text);
    DbRows *r = __real_db_query(&t->c, (SqlText){text}, k->params, k->n);
    if (!r)
        fail_msg("%s\n%s", k->text, t->c.err ? t->c.err->detail : "");
    while (db_step(r)) {
        buf_puts(&b, db_text(r, 3));
        buf_putc(&b, '\n');
    }
    db_done(r);
    return b.data ? b.data : "";
}

static int look(T *t, const Entity *e, const ListQuery *lq)
{
    Buf out;
    buf_init(&out, t->a);
    n_kept = 0;
    kept_in = t->a;
    OK(t, rec_list(&t->c, e, lq, &out));
    kept_in = NULL;
    for (int i = 0; i < n_kept; i++) {
        const char *plan = plan_of(t, &kept[i]);
        if (strstr(plan, "B-TREE FOR ORDER BY"))
            fail_msg("%s by %s:\n%s%s", e->name, lq->sort, kept[i].text, plan);
    }
    return n_kept;
}

static void test_orders(void **state)
{
    (void)state;
    if (house_pg)
        return;
    T *t = t_as(NULL);
    int orders = 0;
    for (int i = 0; i < t->c.model->n; i++) {
        const Entity *e = &t->c.model->entities[i];
        for (int f = 0; e->standard && f < e->n_fields; f++) {
            const Field *field = &e->fields[f];
            if (f != STD_ID && (!field->sort || !field->column || field->retired))
                continue;
            for (int down = 0; down < 2; down++) {
                ListQuery lq = {.sort = arena_printf(t->a, "%s%s", down ? "-" : "", field->name)};
                orders += look(t, e, &lq) > 0;
            }
        }
    }
    assert_true(orders > 100);
    t_end(t);
}

/* ---- scopes and filters ------------------------------------------------------------------------ */

enum { MANY = 3000, MOST = 200 };

#define NUMBERS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
/* customer i is 10000 + i, its contact 20000 + i; rep has every fifth, rep2 560 of the oldest, boss what is left */
static bool fill(Ctx *c, void *people)
{
    const DbVal *p = people;
    const SqlText customers = SQL(
        NUMBERS
        "INSERT INTO \"customer\" (\"id\", \"version\", \"owner_id\", \"owner_department_id\", "
        "\"created_at\", \"updated_at\", \"archived_at\", \"deleted_at\", \"name\", \"name_f\", "
        "\"name_s\", \"number\", \"number_f\", \"next_follow_up_at\", \"last_follow_up_at\") "
        "SELECT 10000 + n.i, 1, u.id, u.department_id, 1700000000000 + n.i, 1700000000000 - n.i, "
        "CASE WHEN n.i % 50 = 0 THEN 1700000000000 END, CASE WHEN n.i % 70 = 0 THEN 1700000000000 "
        "END, CASE WHEN n.i % 2 = 0 THEN 'even' ELSE 'odd' END, CASE WHEN n.i % 2 = 0 THEN 'even' "
        "ELSE 'odd' END, CAST(n.i % 97 AS TEXT), CAST(n.i AS TEXT), CAST(n.i AS TEXT), "
        "CASE WHEN n.i % 3 = 0 THEN 1700000000000 + n.i % 11 END, "
        "CASE WHEN n.i % 700 = 0 THEN 1700000000000 END FROM n JOIN \"user\" AS u ON u.id = CASE "
        "WHEN n.i % 5 = 0 "
        "THEN CAST($1 AS BIGINT) WHEN n.i <= 700 THEN CAST($2 AS BIGINT) ELSE CAST($3 AS BIGINT) "
        "END");
    const SqlText contacts = SQL(
        NUMBERS
        "INSERT INTO \"contact\" (\"id\", \"version\", \"owner_id\", \"created_at\", "
        "\"updated_at\", \"name\", \"name_f\", \"name_s\", \"customer_id\") SELECT 20000 + n.i, 1, "
        "CAST($1 AS BIGINT), 1700000000000 + n.i, 1700000000000 - n.i, 'x', 'x', CAST(n.i % 97 "
        "AS TEXT), 10000 + n.i FROM n");
    return db_exec(c, customers, p, 3) && db_exec(c, contacts, &p[2], 1) &&
           (!house_pg || db_exec(c, SQL("ANALYZE \"customer\", \"contact\""), NULL, 0));
}

/* The same, by itself; whose the customers are. */
static void filled(DbVal owners[3])
{
    static const char *const logins[] = {"rep", "rep2", "boss"};
    T *t = t_as(NULL);
    for (int i = 0; i < 3; i++)
        owners[i] = db_of_int(user_id(t, logins[i]));
    OK(t, db_write(&t->c, fill, owners));
    t_end(t);
}

/* The ids of the whole list as one statement gives them, that neither walks nor looks up. */
static int all_of(T *t, const Entity *e, const ListQuery *lq, int64_t *ids)
{
    Filter *f;
    OK(t, rec_list_filter(&t->c, e, lq, ACT_READ, &f));
    if (lq->deleted)
        f = filter_and(t->a, f, access_scope(&t->c, e, ACT_DELETE));
    Sql q;
    sql_init(&q, t->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0"));
    rec_list_where(&t->c, &q, e, f, lq, NULL);
    OK(t, rec_list_order(&t->c, &q, e, lq->sort, MANY + 1));
    int n = 0;
    OK(t, db_ids_most(&t->c, sql_query(&t->c, &q), ids, MANY + 1, &n));
    return n;
}

/* Rows that were found may be sorted, and the bin and the archive gone through; a table of records may not, but along an order
   and up to a row. */
static void check_plans(T *t, const char *who, const ListQuery *lq)
{
    static const char *const whole[] = {"SCAN t0", "SCAN f1", "SCAN w1", "AUTOMATIC",
                                        "B-TREE FOR ORDER BY"};
    for (int i = 0; i < n_kept && !house_pg; i++) {
        const char *plan = plan_of(t, &kept[i]);
        if (strstr(kept[i].text, " OFFSET ") || strstr(kept[i].text, "json_each"))
            continue;
        for (size_t k = 0; k < sizeof whole / sizeof *whole; k++) {
            const char *step = strstr(plan, whole[k]);
            if (step && !strstr(step, "ix_customer_archived_at\n") &&
                !strstr(step, "ix_customer_deleted_at\n"))
                fail_msg("%s by %s:\n%s\n%s", who, lq->sort, kept[i].text, plan);
        }
    }
}

/* All pages of the list, one behind the other, and its count. */
static void same_pages(T *t, const char *who, const Entity *e, ListQuery lq)
{
    int64_t *ids = ARENA_ARRAY(t->a, MANY + 1, int64_t);
    int n = all_of(t, e, &lq, ids), at = 0;
    lq.limit = MOST;
    lq.count = COUNT_CAPPED;
    for (bool more = true; more;) {
        Buf out;
        buf_init(&out, t->a);
        n_kept = 0;
        keep_all = true;
        kept_in = t->a;
        OK(t, rec_list(&t->c, e, &lq, &out));
        kept_in = NULL;
        bool walked = list_tries.more < MANY; /* the order, as above; who sees all walks it, too */
        if (!lq.filter && !walked && strcmp(who, "boss") != 0)
            check_plans(t, who, &lq);
        json_object *doc, *rows, *next, *count;
        OK(t, json_read(&t->c, out.data, out.len, &doc));
        assert_true(json_object_object_get_ex(doc, "data", &rows));
        assert_true(json_object_object_get_ex(doc, "next_cursor", &next));
        assert_true(json_object_object_get_ex(doc, "count", &count));
        assert_int_equal(json_object_get_int64(json_object_object_get(count, "value")), n);
        for (size_t i = 0; i < json_object_array_length(rows); i++) {
            json_object *id = json_object_object_get(json_object_array_get_idx(rows, i), "id");
            assert_true(at < n);
            if (json_object_get_int64(id) != ids[at])
                fail_msg("%s, %s by %s: row %d of %d is %s and not %lld", who, e->name, lq.sort, at,
                         n, json_object_get_string(id), (long long)ids[at]);
            at++;
        }
        more = next != NULL;
        lq.cursor = more ? json_object_get_string(next) : NULL;
    }
    assert_int_equal(at, n);
}

static void test_same_pages(void **state)
{
    (void)state;
    DbVal owners[3];
    filled(owners);
    static const char *const people[] = {"rep", "rep2", "lead", "boss"};
    static const char *const sorts[] = {
        "-created_at", "created_at",         "updated_at", "-name",
        "name",        "-next_follow_up_at", "id",         "last_follow_up_at"};
    static const char *const filters[] = {
        "[\"owner\", \"=\", \"me\"]",
        "[\"next_follow_up_at\", \"between\", [\"2023-11-14\", \"2023-11-15\"]]",
        "[\"and\", [\"owner\", \"!=\", \"me\"], [\"next_follow_up_at\", \"not_null\"]]",
        "[\"or\", [\"owner\", \"=\", \"me\"], [\"last_follow_up_at\", \"<\", \"2030-01-01\"]]",
        "[\"name\", \"contains\", \"odd\"]",
        "[\"and\", [\"owner\", \"=\", \"me\"], [\"lifecycle\", \"=\", \"potential\"]]"};
    for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
        T *t = t_as(people[i]);
        const Entity *customer = ent(t, "customer"), *contact = ent(t, "contact");
        /* of the ways of a page two orders tell enough */
        size_t step = list_tries.more < MANY ? 5 : 1;
        for (size_t k = 0; k < sizeof sorts / sizeof *sorts; k += step) {
            same_pages(t, people[i], customer, (ListQuery){.sort = sorts[k]});
            same_pages(t, people[i], customer,
                       (ListQuery){.sort = sorts[k], .archived = ARCHIVED_ONLY});
            same_pages(t, people[i], customer,
                       (ListQuery){.sort = sorts[k], .archived = ARCHIVED_TOO});
            if (access_may(&t->c, customer, ACT_DELETE))
                same_pages(t, people[i], customer, (ListQuery){.sort = sorts[k], .deleted = true});
            if (k < 5)
                same_pages(t, people[i], contact, (ListQuery){.sort = sorts[k]});
        }
        for (size_t k = 0; k < sizeof filters / sizeof *filters; k++)
            same_pages(t, people[i], customer,
                       (ListQuery){.sort = sorts[k], .filter = js(t, "%s", filters[k])});
        same_pages(t, people[i], contact,
                   (ListQuery){.sort = "-name",
                               .filter = js(t, "[\"customer.name\", \"contains\", \"odd\"]")});
        same_pages(
            t, people[i], contact,
            (ListQuery){.sort = "-id", .filter = js(t, "[\"customer.owner\", \"=\", \"me\"]")});
        same_pages(t, people[i], contact,
                   (ListQuery){.sort = "-id", .filter = js(t, "[\"customer\", \"=\", 10005]")});
        t_end(t);
    }
}

/* The same where no way and no stretch of the order is short. */
static void test_nothing_is_short(void **state)
{
    const ListTries usual = list_tries;
    list_tries = (ListTries){.found = 5, .walked = 20, .more = 50};
    test_same_pages(state);
    list_tries = usual;
}

/* All of one owner lie at the far end of the order: his index leads to them, for the page and for its count. */
static void test_far_end(void **state)
{
    (void)state;
    const ListTries usual = list_tries;
    DbVal owners[3];
    filled(owners);
    T *t = t_as("boss");
    list_tries = (ListTries){.found = 5, .walked = 20, .more = 50};
    for (int k = 0; k < 2; k++) {
        const char *filter = k ? "[\"and\", [\"owner\", \"=\", %lld], [\"industry\", \"is_null\"]]"
                               : "[\"owner\", \"=\", %lld]";
        ListQuery lq = {.sort = "-created_at",
                        .count = COUNT_CAPPED,
                        .filter = js(t, filter, (long long)owners[1].i)};
        Buf out;
        buf_init(&out, t->a);
        n_kept = 0;
        keep_all = true;
        kept_in = t->a;
        OK(t, rec_list(&t->c, ent(t, "customer"), &lq, &out));
        kept_in = NULL;
        assert_non_null(strstr(out.data, "\"id\":10699"));
        int looked = 0;
        for (int i = 0; i < n_kept && !house_pg; i++) {
            bool of_all = strstr(kept[i].text, "\"customer\"") && !strstr(kept[i].text, " OFFSET ");
            if (of_all && strstr(plan_of(t, &kept[i]), "SCAN t0"))
                fail_msg("%s\n%s", kept[i].text, plan_of(t, &kept[i]));
            looked += of_all;
        }
        assert_true(house_pg || looked > 2);
    }
    list_tries = usual;
    t_end(t);
}

/* One owner has seven hundred and none in this status: the index of both says so, and none of his is looked at. */
static void test_pair(void **state)
{
    (void)state;
    const ListTries usual = list_tries;
    DbVal owners[3];
    filled(owners);
    T *t = t_as("boss");
    list_tries = (ListTries){.found = 5, .walked = 20, .more = 50};
    for (int k = 0; k < 2; k++) {
        const char *filter = k ? "[\"and\", [\"lifecycle\", \"=\", \"invalid\"], [\"owner\", "
                                 "\"=\", %lld]]"
                               : "[\"and\", [\"owner\", \"=\", %lld], [\"lifecycle\", \"=\", "
                                 "\"invalid\"]]";
        ListQuery lq = {.sort = "-last_follow_up_at",
                        .count = COUNT_CAPPED,
                        .filter = js(t, filter, (long long)owners[1].i)};
        Buf out;
        buf_init(&out, t->a);
        n_kept = 0;
        keep_all = true;
        kept_in = t->a;
        OK(t, rec_list(&t->c, ent(t, "customer"), &lq, &out));
        kept_in = NULL;
        assert_non_null(strstr(out.data, "\"data\":[]"));
        bool led = house_pg;
        for (int i = 0; i < n_kept; i++) {
            if (strstr(kept[i].text, " OFFSET "))
                fail_msg("walked: %s", kept[i].text);
            led = led || strstr(plan_of(t, &kept[i]), "(owner_id=? AND lifecycle=?)");
        }
        assert_true(led);
    }
    list_tries = usual;
    t_end(t);
}

/* ---- what leads to a record -------------------------------------------------------------------- */

/* No table of records is gone through for what was just done to a few of them. */
static void none_gone_through(T *t, const char *what)
{
    static const char *const whole[] = {
        "SCAN t0",         "SCAN t1",        "SCAN contact",      "SCAN customer",
        "SCAN follow_up",  "SCAN task",      "SCAN favorite",     "SCAN history",
        "SCAN attachment", "SCAN merge_row", "SCAN notification", "SCAN record_share",
        "SCAN delivery",   "SCAN rel_",
    };
    assert_true(n_kept > 20);
    for (int i = 0; i < n_kept; i++) {
        if (strstr(kept[i].text, " \"search_")) /* FTS5, by row */
            continue;
        const char *plan = plan_of(t, &kept[i]);
        for (size_t k = 0; k < sizeof whole / sizeof *whole; k++)
            if (strstr(plan, whole[k]))
                fail_msg("%s:\n%s\n%s", what, kept[i].text, plan);
    }
}

typedef struct Two {
    const Entity *e;
    int64_t stays, goes;
} Two;

static bool erase_one(Ctx *c, void *arg)
{
    const Two *two = arg;
    Erase gone = {.demanded = true};
    return db_alone(c, "merge") && erase_rows(c, &gone, two->e, &two->goes, 1);
}

/* The customer that stays goes from boss to rep, with what belongs to it; then all that rep has to another department. */
static bool hand_over(Ctx *c, void *arg)
{
    const DbVal *people = arg, none = db_null();
    return children_follow(c, model_entity(c->model, "customer"), 10001, &people[2], &people[0],
                           &none, "transfer") &&
           user_move_rows(c, people[0].i, 0);
}

static void begin_keeping(T *t)
{
    n_kept = 0;
    keep_all = true;
    kept_in = t->a;
}

static void test_what_leads(void **state)
{
    (void)state;
    if (house_pg)
        return;
    DbVal owners[3];
    filled(owners);
    T *t = t_as("boss");
    const Two pairs[] = {{ent(t, "customer"), 10001, 10002}, {ent(t, "contact"), 20011, 20012}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        Two two = pairs[i];
        Merge m;
        json_object *in = js(t, "{\"survivor\": %lld, \"merged\": [%lld]}", (long long)two.stays,
                             (long long)two.goes);
        OK(t, merge_read(&t->c, two.e, in, &m));
        begin_keeping(t);
        OK(t, merge_run(&t->c, &m));
        kept_in = NULL;
        none_gone_through(t, "merged");
        begin_keeping(t);
        OK(t, db_write(&t->c, erase_one, &two));
        kept_in = NULL;
        none_gone_through(t, "erased");
    }
    begin_keeping(t);
    OK(t, db_write(&t->c, hand_over, owners));
    kept_in = NULL;
    none_gone_through(t, "handed over");
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_orders),  HOUSE_TEST(test_same_pages), HOUSE_TEST(test_nothing_is_short),
        HOUSE_TEST(test_far_end), HOUSE_TEST(test_pair),       HOUSE_TEST(test_what_leads)};
    return house_run(tests);
}
