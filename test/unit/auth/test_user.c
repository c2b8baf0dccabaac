/* The first administrator, the import of users, paths of departments, the policy of passwords, and links that set one. */
#include "auth/reset.h"
#include "faults.h"

static bool import(Ctx *c, const char *text, int *created, int *updated)
{
    json_object *doc;
    OK(c, json_read(c, text, strlen(text), &doc));
    return user_import(c, doc, created, updated);
}

static void admin(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    const char *token;
    SessionOpened s, again;
    Actor *me;
    house_ctx(&c, a);
    assert_false(user_create_admin(&c, "admin", "short", &token));
    assert_int_equal(c.err->code, ERR_WEAK_PASSWORD);
    house_ctx(&c, a);
    OK(&c, user_create_admin(&c, "admin", NULL, &token));
    assert_int_equal(strlen(token), 22);
    me = house_as(&c, a, "admin");
    assert_string_equal(me->roles[0], "auditor");
    assert_true(actor_has(me, RIGHT_SETTINGS) && actor_has(me, RIGHT_ROLES) &&
                actor_has(me, RIGHT_AUDIT));
    assert_true(access_may(&c, model_entity(c.model, "customer"), ACT_DELETE));
    house_ctx(&c, a);
    assert_false(user_create_admin(&c, "admin", NULL, &token));
    assert_int_equal(c.err->code, ERR_CONFLICT);

    /* the token signs in once, and then asks for a password */
    house_ctx(&c, a);
    assert_false(session_open(&c, "admin", "AAAAAAAAAAAAAAAAAAAAAA", "::1", NULL, &s));
    house_ctx(&c, a);
    OK(&c, user_create_admin(&c, "admin2", NULL, &token));
    OK(&c, session_open(&c, "admin2", token, "::1", NULL, &s));
    assert_false(session_open(&c, "admin2", token, "::1", NULL, &again));
    house_ctx(&c, a);
    OK(&c, session_find(&c, s.token, "::1", NULL, &me));
    assert_true(me->must_change_password);
    c.actor = me;
    OK(&c, password_change(&c, token, "Maple-River-Stone-4"));
    house_ctx(&c, a);
    OK(&c, session_open(&c, "admin2", "Maple-River-Stone-4", "::1", NULL, &again));
    OK(&c, session_find(&c, s.token, "::1", NULL, &me));
    assert_false(me->must_change_password);
    house_end(a);
}

static void imported(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    int64_t n = 0, created_at = 0;
    /* paths go by the tree, whatever the order in the file */
    OK(&c,
       db_one_int(
           &c,
           SQL("SELECT COUNT(*) FROM \"department\" d JOIN \"department\" p ON p.id = d.parent_id "
               "JOIN \"department\" g ON g.id = p.parent_id "
               "WHERE d.code = 'east' AND d.path = '/' || g.id || '/' || p.id || '/' || d.id || "
               "'/'"),
           NULL, 0, &n, NULL));
    assert_int_equal(n, 1);
    OK(&c, db_one_int(&c, SQL("SELECT created_at FROM \"user\" WHERE login = 'rep'"), NULL, 0,
                      &created_at, NULL));
    assert_true(created_at > 0);

    /* again: nothing new, the password stays, the session lives */
    SessionOpened s;
    Actor *me;
    int created, updated;
    OK(&c, session_open(&c, "rep", "Plum-Tree-Window-7", "::1", NULL, &s));
    OK(&c, import(&c, house_people, &created, &updated));
    assert_int_equal(created, 0);
    assert_int_equal(updated, 16);
    OK(&c, session_find(&c, s.token, "::1", NULL, &me));

    /* another role ends it */
    OK(&c,
       import(&c,
              "{\"users\": [{\"login\": \"rep\", \"name\": \"张三\", \"roles\": [\"marketing\"]}]}",
              &created, &updated));
    assert_false(session_find(&c, s.token, "::1", NULL, &me));
    ctx_errors_back_to(&c, 0);
    me = house_as(&c, a, "rep");
    assert_string_equal(me->roles[0], "marketing");
    assert_int_equal(me->n_below, 1); /* department left alone */

    /* a role that is named twice is given once */
    int64_t given_roles = 0;
    OK(&c, import(&c,
                  "{\"users\": [{\"login\": \"rep\", \"name\": \"张三\", \"roles\": "
                  "[\"marketing\", \"marketing\"]}]}",
                  &created, &updated));
    OK(&c, db_one_int(&c,
                      SQL("SELECT COUNT(*) FROM \"rel_user_roles\" r JOIN \"user\" u ON u.id = "
                          "r.id WHERE u.login = 'rep'"),
                      NULL, 0, &given_roles, NULL));
    assert_int_equal(given_roles, 1);

    /* each thing that can be said of somebody arrives where it belongs; what is not said stays */
    static const char *const given[] = {
        "{\"users\": [{\"login\": \"rep\", \"name\": \"张三\", \"position\": \"经理\", \"email\": "
        "\"zhang@example.com\", \"mobile\": \"13800138000\", \"staff_no\": \"A-17\"}]}",
        "{\"users\": [{\"login\": \"rep\", \"name\": \"张三\"}]}"};
    for (int i = 0; i < 2; i++) {
        OK(&c, import(&c, given[i], &created, &updated));
        OK(&c,
           db_one_int(&c,
                      SQL("SELECT COUNT(*) FROM \"user\" WHERE login = 'rep' AND \"position\" = "
                          "'经理' AND email = 'zhang@example.com' AND mobile = '13800138000' AND "
                          "staff_no = 'A-17'"),
                      NULL, 0, &n, NULL));
        assert_int_equal(n, 1);
    }
    house_end(a);
}

/* The records of an owner follow him. */
static void moves(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    int64_t rep2 = house_user(&c, "rep2"), n = 0;
    const RowSet set[] = {{"name", db_of_text("云帆")},
                          {"owner", db_of_int(rep2)},
                          {"number", db_of_text("C1")},
                          {"industry", db_of_text("it")},
                          {"source", db_of_text("website")}};
    int64_t id = house_insert(&c, "customer", set, sizeof set / sizeof set[0]);
    int created, updated;
    OK(&c,
       import(
           &c,
           "{\"users\": [{\"login\": \"rep2\", \"name\": \"李四\", \"department\": \"service\"}]}",
           &created, &updated));
    DbVal p[] = {db_of_int(id)};
    OK(&c, db_one_int(&c,
                      SQL("SELECT COUNT(*) FROM \"customer\" c JOIN \"department\" d ON d.id = "
                          "c.owner_department_id "
                          "WHERE c.id = $1 AND d.code = 'service'"),
                      p, 1, &n, NULL));
    assert_int_equal(n, 1);
    house_end(a);
}

/* All mistakes at once, and nothing written. */
static void mistakes(void **state)
{
    (void)state;
    const struct {
        const char *json;
        int n;
        ErrCode first;
    } cases[] = {
        {"[]", 1, ERR_TYPE},
        {"{\"people\": []}", 1, ERR_UNKNOWN_FIELD},
        {"{\"users\": [{\"login\": \"x1\", \"name\": \"X\", \"roles\": [\"king\"]}, {\"name\": "
         "5}]}",
         3, ERR_REF_NOT_FOUND},
        {"{\"users\": [{\"login\": \"x2\", \"name\": \"X\", \"password\": \"123456789012\"}]}", 1,
         ERR_WEAK_PASSWORD},
        {"{\"users\": [{\"login\": \"x3\", \"name\": \"X\", \"manager\": \"ghost\", "
         "\"department\": \"moon\"}]}",
         2, ERR_REF_NOT_FOUND},
        {"{\"users\": [{\"login\": \"x4\", \"name\": \"X\"}, {\"login\": \"x4\", \"name\": "
         "\"Y\"}]}",
         1, ERR_DUP_IN_FILE},
        {"{\"users\": [{\"login\": \"x 5\", \"name\": \"X\"}]}", 1, ERR_INVALID},
        {"{\"departments\": [{\"code\": \"a\", \"name\": \"A\", \"parent\": \"b\"}, {\"code\": "
         "\"b\", \"name\": \"B\", \"parent\": \"a\"}]}",
         1, ERR_CONFLICT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Ctx c;
        Arena *a = arena_new(0);
        int created, updated;
        house_ctx(&c, a);
        assert_false(import(&c, cases[i].json, &created, &updated));
        if (c.n_err != cases[i].n || c.err->code != cases[i].first) {
            house_errors(&c);
            fail_msg("case %zu: %d mistakes, first %s", i, c.n_err, err_name(c.err->code));
        }
        house_end(a);
    }
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    int64_t n = 0;
    OK(&c, db_one_int(&c, SQL("SELECT COUNT(*) FROM \"user\" WHERE login LIKE 'x%'"), NULL, 0, &n,
                      NULL));
    assert_int_equal(n, 0);
    OK(&c, db_one_int(&c, SQL("SELECT COUNT(*) FROM \"department\""), NULL, 0, &n, NULL));
    assert_int_equal(n, 4);
    house_end(a);
}

static void policy(void **state)
{
    (void)state;
    const struct {
        const char *password, *login, *name;
        bool ok;
    } cases[] = {
        {"Plum-Tree-Window-7", "rep", "张三", true},
        {"蓝色的山脚下有一条小河流过", "rep", "张三", true},
        {"12345678901", "rep", "张三", false},
        {"short-pass1", "rep", "张三", false},
        {"password1234", "rep", "张三", false},
        {"PassWord1234", "rep", "张三", false},
        {"admin@123456", "rep", "张三", false},
        {"123456789012", "rep", "张三", false},
        {"987654321098", "rep", "张三", false},
        {"abcdefghijklm", "rep", "张三", false},
        {"aaaaaaaaaaaaaa", "rep", "张三", false},
        {"abcabcabcabc", "rep", "张三", false},
        {"passwordpassword", "rep", "张三", false},
        {"some.long.login", "Some.Long.Login", "张三", false},
        {"Alexander Hamilton", "rep", "alexander hamilton", false},
        {"rep-Plum-Tree-7", "rep", "张三", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Ctx c;
        Arena *a = arena_new(0);
        house_ctx(&c, a);
        if (password_check_policy(&c, "password", cases[i].password, cases[i].login,
                                  cases[i].name) != cases[i].ok)
            fail_msg("%s", cases[i].password);
        house_end(a);
    }
}

/* --- a link that sets a password, while the database fails ------------------------------------------- */

static bool make_link(Ctx *c, void *arg)
{
    return reset_make(c, house_user(c, "rep2"), "reset", 3600000, arg);
}

static bool looks(Ctx *c, void *arg)
{
    const char *login = NULL, *kind = NULL;
    bool ok = reset_look(c, arg, &login, &kind);
    assert_int_equal(ok, login != NULL);
    if (ok) {
        assert_string_equal(login, "rep2");
        assert_string_equal(kind, "reset");
    }
    return ok;
}

static bool uses(Ctx *c, void *arg)
{
    return reset_use(c, arg, "Quiet-River-Stone-9");
}

/* Whichever statement fails, nobody is shown and no password is set; the link is good until it worked, and once only. */
static void link_while_the_database_fails(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    const char *token = NULL;
    SessionOpened s;
    house_ctx(&c, a);
    OK(&c, db_write(&c, make_link, &token));
    char *link = arena_str(a, token);
    assert_true(faults_each(looks, link) >= 2);
    assert_true(faults_each(uses, link) >= 5);
    house_ctx(&c, a);
    assert_false(looks(&c, link));
    assert_int_equal(c.err->code, ERR_NOT_FOUND);
    house_ctx(&c, a);
    OK(&c, session_open(&c, "rep2", "Quiet-River-Stone-9", "::1", NULL, &s));
    house_end(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(admin),  cmocka_unit_test(imported),
        cmocka_unit_test(moves),  cmocka_unit_test(mistakes),
        cmocka_unit_test(policy), cmocka_unit_test(link_while_the_database_fails),
    };
    return house_run(tests, house_open);
}
