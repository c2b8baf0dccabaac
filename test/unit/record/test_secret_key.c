/* The key of the data folder is exchanged: which state the rows go through, who is waited for, what is refused. */
#include "house.h"

#include <unistd.h>

#include "auth/sealing.h"
#include "record/secret_key.h"

static const char *state_of(T *t, const char *id)
{
    KeyRows rows;
    OK(t, secret_key_list(&t->c, &rows));
    for (size_t i = 0; i < rows.n; i++)
        if (strcmp(rows.items[i].id, id) == 0)
            return rows.items[i].state;
    return "none";
}

static bool put_channel(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_int(7), db_of_text(arg)};
    return db_exec(c,
                   SQL("INSERT INTO \"channel\" (\"id\", \"version\", \"name\", \"kind\", "
                       "\"secret_sealed\") VALUES ($1, 1, 'x', 'webhook', $2)"),
                   p, 2);
}

static bool put_holder(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_text(arg)};
    return db_exec(
        c, SQL("INSERT INTO \"secret_key_held\" (\"holder\", \"ids\") VALUES ($1, 'none')"), p, 1);
}

static const char *sealed(T *t)
{
    const char *text;
    OK(t, db_one_text(&t->c, SQL("SELECT \"secret_sealed\" FROM \"channel\" WHERE \"id\" = 7"),
                      NULL, 0, &text, NULL));
    return text;
}

typedef struct Look {
    const char *id;
    Sealing out;
} Look;

static bool look_in_write(Ctx *c, void *arg)
{
    Look *l = arg;
    const char *use;
    return sealing_look(c, l->id, &l->out, &use);
}

static bool shut_channel(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_text(arg)};
    return db_exec(c, SQL("UPDATE \"channel\" SET \"secret_sealed\" = $1 WHERE \"id\" = 7"), p, 1);
}

typedef struct Told {
    int n;
    const char *why;
} Told;

static void tell(void *arg, const char *what, int64_t id, const char *key, const char *why)
{
    Told *told = arg;
    assert_string_equal(what, "channel");
    assert_int_equal(id, 7);
    assert_int_equal(strlen(key), SECRET_ID);
    told->n++;
    told->why = why;
}

static void a_key_is_exchanged(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    Ctx *c = &t->c;
    const char *missing, *next, *again;
    int waiting, node;
    KeyReport done;
    OK(t, secret_key_follow(c, &missing));
    assert_null(missing);
    const char *first = secret_current(t->a);
    assert_string_equal(state_of(t, first), "current");
    OK(t, db_write(c, put_channel, secret_seal(t->a, "channel", "hush")));
    OK(t, secret_key_begin(c, false, &next));
    OK(t, secret_key_begin(c, false, &again)); /* a second call goes on with it */
    assert_string_equal(next, again);
    assert_string_equal(state_of(t, next), "next");
    assert_string_equal(secret_current(t->a), first);
    /* who holds no lease is not waited for, who does is, until he has noted it */
    OK(t, db_write(c, put_holder, arena_str(t->a, "somebody who is gone")));
    OK(t, secret_key_waiting(c, next, &waiting));
    assert_int_equal(waiting, 0);
    OK(t, db_lease_take(c, &node));
    OK(t, db_write(c, put_holder, arena_str(t->a, db_holder(house_db))));
    OK(t, secret_key_waiting(c, next, &waiting));
    assert_int_equal(waiting, 1);
    OK(t, secret_key_hold(c));
    OK(t, secret_key_waiting(c, next, &waiting));
    assert_int_equal(waiting, 0);
    OK(t, secret_key_turn(c, next, false, &done));
    assert_int_equal(done.sealed, 1);
    assert_string_equal(state_of(t, first), "old");
    assert_string_equal(state_of(t, next), "current");
    assert_string_equal(secret_id_of(t->a, sealed(t)), next);
    assert_string_equal(secret_open(t->a, "channel", sealed(t)), "hush");
    /* it was turned: not once more */
    assert_false(secret_key_turn(c, next, false, &done));
    ctx_errors_back_to(c, 0);
    /* links may be signed with the old one for three days; the one in use stays in any case */
    assert_false(secret_key_leave(c, first, false));
    assert_string_equal(c->err_last->code == ERR_CONFLICT ? "conflict" : "other", "conflict");
    assert_false(secret_key_leave(c, next, true));
    assert_false(secret_key_drop(c, first, true, &done)); /* not before it leaves */
    ctx_errors_back_to(c, 0);
    assert_string_equal(state_of(t, first), "old");
    c->now_ms += (int64_t)4 * 86400000;
    OK(t, secret_key_leave(c, first, false));
    assert_string_equal(state_of(t, first), "leaving");
    /* this process noted the one it sealed with before the turn */
    OK(t, secret_key_sealing(c, first, &waiting));
    assert_int_equal(waiting, 1);
    OK(t, secret_key_hold(c));
    OK(t, secret_key_sealing(c, first, &waiting));
    assert_int_equal(waiting, 0);
    /* and what it made before is made anew where it is stored */
    assert_true(secret_use(first));
    Look look = {.id = first};
    OK(t, db_write(c, look_in_write, &look));
    assert_int_equal(look.out, SEALING_ANEW);
    assert_string_equal(secret_current(t->a), next);
    look.id = next;
    OK(t, db_write(c, look_in_write, &look));
    assert_int_equal(look.out, SEALING_KEPT);
    OK(t, secret_key_leave(c, first, false)); /* a second call goes on */
    OK(t, secret_key_drop(c, first, false, &done));
    assert_string_equal(state_of(t, first), "dropped");
    assert_false(secret_has(first));
    look.id = first;
    OK(t, db_write(c, look_in_write, &look));
    assert_int_equal(look.out, SEALING_ANEW);
    OK(t, secret_key_leave(c, first, false)); /* what was done is done */
    OK(t, secret_key_drop(c, first, false, &done));
    Told told = {0};
    OK(t, secret_key_check(c, tell, &told));
    assert_int_equal(told.n, 0);
    OK(t, db_write(c, shut_channel, arena_printf(t->a, "%s.AAAA", first)));
    OK(t, secret_key_check(c, tell, &told));
    assert_int_equal(told.n, 1);
    assert_string_equal(told.why, "which was dropped");
    db_lease_drop(c);
    t_end(t);
}

static void a_key_that_is_not_there_is_told(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    Ctx *c = &t->c;
    const char *missing, *next;
    KeyReport done;
    OK(t, secret_key_follow(c, &missing));
    const char *first = secret_current(t->a);
    OK(t, db_write(c, put_channel, secret_seal(t->a, "channel", "hush")));
    unlink(arena_printf(t->a, "%s/secret.key", house_dir));
    OK(t, secret_load(c, house_dir)); /* another one */
    OK(t, secret_key_follow(c, &missing));
    assert_string_equal(missing, first);
    assert_false(secret_key_begin(c, false, &next));
    assert_false(secret_key_leave(c, first, true));
    ctx_errors_back_to(c, 0);
    Told told = {0};
    OK(t, secret_key_check(c, tell, &told));
    assert_int_equal(told.n, 1);
    assert_string_equal(told.why, "which secret.key lacks");
    OK(t, secret_key_begin(c, true, &next));
    assert_false(
        secret_key_turn(c, next, false, &done)); /* nothing opens it, and nobody said it is lost */
    ctx_errors_back_to(c, 0);
    assert_non_null(sealed(t));
    OK(t, secret_key_turn(c, next, true, &done));
    assert_int_equal(done.forgotten, 1);
    assert_null(sealed(t));
    assert_string_equal(state_of(t, first), "dropped");
    assert_string_equal(state_of(t, next), "current");
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(a_key_is_exchanged),
                                       HOUSE_TEST(a_key_that_is_not_there_is_told)};
    return house_run(tests);
}
