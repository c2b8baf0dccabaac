/* Built-in roles: laid down once, found by their code, and nothing by halves. */
#include "faults.h"

static int64_t count(Ctx *c)
{
    int64_t n = 0;
    OK(c, db_one_int(c, SQL("SELECT COUNT(*) FROM \"role\""), NULL, 0, &n, NULL));
    return n;
}

static bool take_away(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_text(arg), db_of_int(c->now_ms)};
    return db_exec(c, SQL("UPDATE \"role\" SET deleted_at = $2 WHERE code = $1"), p, 2);
}

static bool drop(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_text(arg)};
    return db_exec(c, SQL("DELETE FROM \"role\" WHERE code = $1"), p, 1);
}

static bool finds(Ctx *c, void *arg)
{
    int64_t id = -1;
    return role_find(c, arg, &id) && id > 0;
}

static bool seeds(Ctx *c, void *arg)
{
    (void)arg;
    return role_seed(c);
}

/* Laid down again, nothing is added; what was deleted stays so, and is not found; what is missing comes back alone. */
static void again(void **state)
{
    (void)state;
    static char gone[] = "marketing", missing[] = "auditor";
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    int64_t n = count(&c), id = -1;
    OK(&c, role_seed(&c));
    assert_int_equal(count(&c), n);
    OK(&c, role_find(&c, gone, &id));
    assert_true(id > 0);
    OK(&c, role_find(&c, "nothing", &id));
    assert_int_equal(id, 0);
    OK(&c, db_write(&c, take_away, gone));
    OK(&c, role_seed(&c));
    assert_int_equal(count(&c), n);
    OK(&c, role_find(&c, gone, &id));
    assert_int_equal(id, 0);
    OK(&c, db_write(&c, drop, missing));
    assert_int_equal(count(&c), n - 1);
    OK(&c, role_seed(&c));
    assert_int_equal(count(&c), n);
    OK(&c, role_find(&c, missing, &id));
    assert_true(id > 0);
    house_end(a);
}

/* Whatever fails while they are laid down: none is there that was not there before. */
static void each_fails(void **state)
{
    (void)state;
    static char missing[] = "auditor", there[] = "sales_rep";
    Ctx c;
    Arena *a = arena_new(0);
    assert_true(faults_each(finds, there) >= 1);
    house_ctx(&c, a);
    int64_t n = count(&c);
    OK(&c, db_write(&c, drop, missing));
    for (int i = 1;; i++) {
        house_ctx(&c, a);
        faults_begin();
        faults.left = i;
        bool ok = role_seed(&c), hit = faults.hit;
        faults_end();
        house_ctx(&c, a);
        assert_int_equal(ok, !hit);
        assert_int_equal(count(&c), ok ? n : n - 1);
        if (ok)
            break;
    }
    assert_true(faults_each(seeds, NULL) >= 10); /* and where nothing is missing */
    house_end(a);
}

/* The rights that hold also name entities whose files say nothing of roles, where a stored right does. */
static void effective_of_all(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    const Entity *e = NULL;
    for (int i = 0; i < c.model->n; i++)
        if (c.model->entities[i].n_roles == 0)
            e = &c.model->entities[i];
    assert_non_null(e);
    for (int stored = 0; stored < 2; stored++) {
        Buf b;
        json_object *o;
        buf_init(&b, a);
        OK(&c,
           role_rights_effective(
               &c, "sales_rep",
               stored
                   ? arena_printf(
                         a, "{\"entities\": {\"%s\": {\"scope\": \"own\", \"actions\": \"read\"}}}",
                         e->name)
                   : NULL,
               &b));
        OK(&c, json_read(&c, b.data, b.len, &o));
        json_object *x = json_member(json_member(o, "entities"), e->name);
        assert_int_equal(x != NULL, stored);
        assert_string_equal(json_str(x, "actions", ""), stored ? "read" : "");
    }
    house_end(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(again),
        cmocka_unit_test(each_fails),
        cmocka_unit_test(effective_of_all),
    };
    return house_run(tests, house_open);
}
