/* What an address of PostgreSQL reaches for (db_url_reach): ports and files, also of the environment. No server is asked. */
#include "helper.h"

static const char *const of_environment[] = {"PGPORT",   "PGPASSFILE", "PGSSLCERT",    "PGSSLKEY",
                                             "PGSSLCRL", "HOME",       "PGSSLROOTCERT"};
enum { N_ENV = sizeof of_environment / sizeof *of_environment };

static int bare(void **state)
{
    (void)state;
    for (int i = 0; i < N_ENV; i++)
        unsetenv(of_environment[i]);
    return 0;
}

static DbReach reach(T *t, const char *url)
{
    DbReach r;
    OK(&t->c, db_url_reach(&t->c, url, &r));
    return r;
}

static bool names(const DbReach *r, const char *path)
{
    for (int i = 0; i < r->n_files; i++)
        if (strcmp(r->files[i], path) == 0)
            return true;
    return false;
}

static void test_ports(void **state)
{
    (void)state;
    static const struct {
        const char *url, *env;
        int n, ports[8];
    } cases[] = {
        {"postgresql://a@db/crm", NULL, 1, {5432}},
        {"postgresql://a@db:6543/crm", NULL, 1, {6543}},
        {"postgresql://a@one:6001,two:6002/crm", NULL, 2, {6001, 6002}},
        {"postgresql://a@db/crm", "7001", 1, {7001}},
        {"postgresql://a@db:6543/crm", "7001", 1, {6543}}, /* the address has the last word */
        {"postgresql://a@db/crm", "", 1, {5432}},
        {"host=db port=0", NULL, 1, {5432}}, /* no port at all: libpq will say so */
        {"host=db port=65536", NULL, 1, {5432}},
        {"host=db port=65535", NULL, 1, {65535}},
        {"host=db port=1,70000,2", NULL, 2, {1, 2}},
        {"host=db port=1,2,3,4,5,6,7,8,9,10", NULL, 8, {1, 2, 3, 4, 5, 6, 7, 8}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        T *t = t_new();
        bare(NULL);
        if (cases[i].env)
            setenv("PGPORT", cases[i].env, 1);
        DbReach r = reach(t, cases[i].url);
        assert_int_equal(r.n_ports, cases[i].n);
        for (int k = 0; k < r.n_ports; k++)
            assert_int_equal(r.ports[k], cases[i].ports[k]);
        assert_int_equal(r.n_files, 0);
        t_end(t);
    }
}

static void test_files(void **state)
{
    (void)state;
    T *t = t_new();
    DbReach r = reach(t, "postgresql://a@db/crm?sslcert=/k/c.pem&sslkey=/k/k.pem&sslrootcert=system"
                         "&passfile=/k/pass&sslcrl=relative.crl&sslmode=verify-full");
    assert_int_equal(r.n_files, 3); /* "system" and what is not from the root are no paths */
    assert_true(names(&r, "/k/c.pem") && names(&r, "/k/k.pem") && names(&r, "/k/pass"));

    setenv("PGPASSFILE", "/env/pass", 1);
    setenv("PGSSLROOTCERT", "env/relative", 1);
    setenv("PGSSLCRL", "", 1);
    setenv("HOME", "/srv/crm", 1);
    r = reach(t, "host=db sslcert=/k/c.pem");
    assert_true(names(&r, "/k/c.pem") && names(&r, "/env/pass"));
    assert_true(names(&r, "/srv/crm/.pgpass") && names(&r, "/srv/crm/.postgresql"));
    assert_false(names(&r, "env/relative"));

    setenv("HOME", "not/from/the/root", 1);
    unsetenv("PGPASSFILE");
    r = reach(t, "host=db");
    assert_int_equal(r.n_files, 0);
    t_end(t);
}

/* More than there is room for: the first ones, and never more. */
static void test_most(void **state)
{
    (void)state;
    T *t = t_new();
    setenv("HOME", "/srv/crm", 1);
    for (int i = 1; i <= 4; i++)
        setenv(of_environment[i], "/env/file", 1);
    DbReach r = reach(t, "host=db passfile=/a sslcert=/b sslkey=/c sslrootcert=/d sslcrl=/e");
    assert_int_equal(r.n_files, 8);
    assert_true(names(&r, "/a") && names(&r, "/b") && names(&r, "/c") && names(&r, "/d"));
    assert_true(names(&r, "/e") && names(&r, "/env/file"));
    t_end(t);
}

static void test_no_address(void **state)
{
    (void)state;
    static const char *const bad[] = {"postgresql://a@db:x%zz/", "host=db nonsense=1", "host='db"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        T *t = t_new();
        DbReach r;
        assert_false(db_url_reach(&t->c, bad[i], &r));
        assert_int_equal(t->c.err->code, ERR_INVALID);
        assert_string_equal(t->c.err->field, "database.url");
        assert_int_equal(r.n_ports + r.n_files, 0);
        t_end(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ports, bare, bare),
        cmocka_unit_test_setup_teardown(test_files, bare, bare),
        cmocka_unit_test_setup_teardown(test_most, bare, bare),
        cmocka_unit_test_setup_teardown(test_no_address, bare, bare),
    };
    msg_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
