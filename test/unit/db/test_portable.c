/*
 * The common subset of SQL (docs/adr/0002-sql.md): each statement gives the same answer on both
 * engines, which is the answer written here. Run in order; every one is a transaction of its own.
 */
#include "helper.h"

typedef struct Probe {
    const char *sql;
    const char *params; /* i12 t华为 n, blank between; NULL for none */
    const char
        *answer; /* rows end with ';', columns are parted by '|', NULL is '-'; "!" is refused */
} Probe;

static const Probe probes[] = {
    {"CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, name_f TEXT, g BIGINT, flag SMALLINT NOT "
     "NULL "
     "DEFAULT 0, day TEXT, CONSTRAINT ck_t_flag CHECK (flag IN (0, 1)))",
     NULL, ""},
    {"CREATE UNIQUE INDEX ux_t_name ON t (name) WHERE flag = 0", NULL, ""},
    {"INSERT INTO t (id, name, name_f, g, day) VALUES ($1, $2, $3, $4, $5)",
     "i1 tAda tada i1 t2026-01-05", ""},
    {"INSERT INTO t (id, name, name_f, g, day) VALUES ($1, $5, $2, $3, $4)",
     "i2 tbob i1 t2026-01-09 tbob", ""},
    {"INSERT INTO t (id, name, name_f, g, day) VALUES ($1, $2, $3, $4, $5)",
     "i3 tZoë tzoë i2 t2026-02-01", ""},
    {"INSERT INTO t (id, name, name_f, g, day) VALUES ($1, $2, $3, $4, $5)", "i4 t华为 t华为 n n",
     ""},
    /* parameters: out of order, used twice, null */
    {"SELECT CAST($2 AS TEXT), CAST($1 AS BIGINT), CAST($2 AS TEXT)", "i7 tx", "x|7|x;"},
    {"SELECT id FROM t WHERE name = $1 OR name = $1 || $2", "tAda tm", "1;"},
    {"SELECT count(*) FROM t WHERE g IS NOT DISTINCT FROM $1", "n", "1;"},
    {"SELECT count(*) FROM t WHERE g IS DISTINCT FROM $1", "i1", "2;"},
    /* upsert and RETURNING */
    {"INSERT INTO t (id, name, g) VALUES (4, 'x', 9) ON CONFLICT (id) DO UPDATE SET g = t.g + "
     "excluded.g RETURNING id, g",
     NULL, "4|-;"},
    {"INSERT INTO t (id, name, g) VALUES (4, 'x', 9) ON CONFLICT (id) DO UPDATE SET g = excluded.g "
     "WHERE t.g IS NULL RETURNING id, g",
     NULL, "4|9;"},
    {"INSERT INTO t (id, name, g) VALUES (4, 'x', 10) ON CONFLICT (id) DO UPDATE SET g = "
     "excluded.g WHERE t.g IS NULL RETURNING id",
     NULL, ""},
    {"INSERT INTO t (id, name) VALUES (4, 'x') ON CONFLICT DO NOTHING", NULL, ""},
    {"INSERT INTO t (id, name) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id", "i5 tEve",
     "5;"},
    {"UPDATE t SET g = 3, name_f = 'eve' WHERE id = 5 RETURNING name, g", NULL, "Eve|3;"},
    {"UPDATE t SET g = v.n FROM (SELECT 5 AS id, 4 AS n) AS v WHERE v.id = t.id RETURNING t.g",
     NULL, "4;"},
    {"DELETE FROM t WHERE id = 5 RETURNING name", NULL, "Eve;"},
    {"UPDATE t SET flag = 1 WHERE id = (SELECT id FROM t WHERE flag = 0 ORDER BY id LIMIT 1) "
     "RETURNING id, flag",
     NULL, "1|1;"},
    {"UPDATE t SET flag = 0 WHERE id = 1", NULL, ""},
    {"DELETE FROM t WHERE id IN (SELECT id FROM t WHERE g > 100 ORDER BY id LIMIT 3)", NULL, ""},
    /* refused by both */
    {"INSERT INTO t (id, name) VALUES (6, 'Ada')", NULL, "!"},
    {"INSERT INTO t (id, flag) VALUES (6, 2)", NULL, "!"},
    {"INSERT INTO t (id, flag) VALUES (6, NULL)", NULL, "!"},
    {"SELECT \"no such text\" FROM t", NULL, "!"},
    /* order */
    {"SELECT id FROM t ORDER BY g ASC NULLS LAST, id ASC", NULL, "1;2;3;4;"},
    {"SELECT id FROM t ORDER BY day DESC NULLS LAST, id DESC", NULL, "3;2;1;4;"},
    {"SELECT id FROM t ORDER BY day ASC NULLS FIRST, id", NULL, "4;1;2;3;"},
    {"SELECT id FROM t WHERE (g, id) > ($1, $2) ORDER BY g, id LIMIT 2", "i1 i1", "2;3;"},
    {"SELECT id FROM t WHERE (g, id) < ($1, $2) ORDER BY g DESC, id DESC LIMIT 2", "i9 i4", "3;2;"},
    {"SELECT id FROM t ORDER BY id LIMIT $1 OFFSET $2", "i2 i1", "2;3;"},
    /* aggregates, windows */
    {"SELECT sum(g), count(*), min(day), max(day) FROM t", NULL, "13|4|2026-01-05|2026-02-01;"},
    {"SELECT sum(g) FROM t WHERE id = 99", NULL, "-;"},
    {"SELECT count(*) FILTER (WHERE g = 1), count(day) FROM t", NULL, "2|3;"},
    {"SELECT substr(day, 1, 7) AS month, count(*) FROM t WHERE day IS NOT NULL GROUP BY month "
     "ORDER BY month",
     NULL, "2026-01|2;2026-02|1;"},
    {"SELECT g, count(*) FROM t GROUP BY g HAVING count(*) > 1", NULL, "1|2;"},
    {"SELECT id, row_number() OVER (PARTITION BY g ORDER BY id DESC) FROM t ORDER BY id", NULL,
     "1|2;2|1;3|1;4|1;"},
    {"SELECT id, sum(g) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t "
     "ORDER BY id",
     NULL, "1|1;2|2;3|4;4|13;"},
    {"SELECT id, lag(id) OVER (ORDER BY id) FROM t ORDER BY id", NULL, "1|-;2|1;3|2;4|3;"},
    /* CTE, sets, joins */
    {"WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < 5) SELECT sum(n) "
     "FROM k",
     NULL, "15;"},
    {"WITH a AS (SELECT id FROM t WHERE id < $1) SELECT count(*) FROM a", "i3", "2;"},
    {"SELECT id FROM t WHERE id < 2 UNION ALL SELECT id FROM t WHERE id > 3 ORDER BY id", NULL,
     "1;4;"},
    {"SELECT id FROM t EXCEPT SELECT id FROM t WHERE id > 2 ORDER BY id", NULL, "1;2;"},
    {"SELECT a.id, b.id FROM t AS a LEFT JOIN t AS b ON b.id = a.id + 1 WHERE a.id > 2 ORDER BY "
     "a.id",
     NULL, "3|4;4|-;"},
    {"SELECT a.id, b.id FROM (SELECT 1 AS id) AS a FULL JOIN (SELECT 2 AS id) AS b ON a.id = b.id "
     "ORDER BY a.id NULLS LAST",
     NULL, "1|-;-|2;"},
    {"SELECT id FROM t WHERE EXISTS (SELECT 1 FROM t AS u WHERE u.g = t.g AND u.id <> t.id) ORDER "
     "BY id",
     NULL, "1;2;"},
    {"SELECT id FROM t WHERE id IN ($1, $2, NULL) ORDER BY id", "i2 i4", "2;4;"},
    {"SELECT id FROM t WHERE id IN (NULL)", NULL, ""},
    /* text */
    {"SELECT id FROM t WHERE name_f LIKE $1 ESCAPE '!' ORDER BY id", "t%o%", "2;3;"},
    {"SELECT length(name), name || '!' FROM t WHERE id = 4", NULL, "2|华为!;"},
    {"SELECT substr(name, 2, 1) FROM t WHERE id = 4", NULL, "为;"},
    {"SELECT coalesce(day, 'none'), nullif(g, 9) FROM t WHERE id = 4", NULL, "none|-;"},
    {"SELECT CASE WHEN flag = 1 THEN 'yes' ELSE 'no' END FROM t WHERE id = 1", NULL, "no;"},
    {"SELECT replace(name, '华', '中'), lower('ABC'), upper('abc'), trim('  x ') FROM t WHERE id = "
     "4",
     NULL, "中为|abc|ABC|x;"},
    {"SELECT id FROM t WHERE name_f >= $1 AND name_f < $2", "t华 t南", "4;"},
    /* whole numbers */
    {"SELECT 7 / 2, 7 % 3, -7 / 2, abs(-3)", NULL, "3|1|-3|3;"},
    {"SELECT CAST($1 AS BIGINT) + 1", "i9007199254740993", "9007199254740994;"},
    {"SELECT $1 - g FROM t WHERE id = 3", "i1792000000000", "1791999999998;"},
    {"SELECT CAST('12' AS BIGINT), CAST(12 AS TEXT)", NULL, "12|12;"},
    /* schema */
    {"ALTER TABLE t ADD COLUMN extra SMALLINT NOT NULL DEFAULT 0", NULL, ""},
    {"SELECT extra FROM t WHERE id = 1", NULL, "0;"},
    {"ALTER TABLE t RENAME COLUMN extra TO more", NULL, ""},
    {"ALTER TABLE t DROP COLUMN more", NULL, ""},
    {"CREATE INDEX ix_t_sort ON t (g ASC, id DESC) WHERE day IS NOT NULL", NULL, ""},
    {"CREATE INDEX IF NOT EXISTS ix_t_sort ON t (g)", NULL, ""},
    {"CREATE TABLE \"order\" (\"id\" BIGINT PRIMARY KEY, \"group\" TEXT)", NULL, ""},
    {"INSERT INTO \"order\" (\"id\", \"group\") VALUES (1, 'a') RETURNING \"group\"", NULL, "a;"},
};

typedef struct Ask {
    const Probe *p;
    const char *answer;
} Ask;

static bool ask(Ctx *c, void *arg)
{
    Ask *ask = arg;
    DbVal v[8];
    int n = 0;
    for (const char *p = ask->p->params; p && *p; n++) {
        size_t len = strcspn(p, " ");
        char *word = arena_dup(c->a, p + 1, len - 1);
        v[n] = *p == 'i'   ? db_of_int(strtoll(word, NULL, 10))
               : *p == 't' ? db_of_text(word)
                           : db_null();
        p += len + (p[len] == ' ');
    }
    DbRows *r = db_query(c, (SqlText){ask->p->sql}, v, n);
    if (!r)
        return false;
    Buf b;
    buf_init(&b, c->a);
    while (db_step(r)) {
        for (int i = 0; i < db_columns(r); i++) {
            if (i)
                buf_putc(&b, '|');
            buf_puts(&b, db_is_null(r, i) ? "-" : db_text(r, i));
        }
        buf_putc(&b, ';');
    }
    ask->answer = b.data;
    return c->n_err == 0;
}

static void test_portable(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
        const Probe *p = &probes[i];
        T *t = t_new();
        Ask a = {.p = p};
        bool ok = db_write(&t->c, ask, &a);
        bool same = p->answer[0] == '!' ? !ok : ok && !strcmp(a.answer, p->answer);
        if (!same) {
            bad++;
            fprintf(stderr, "%s\n  expected %s, got %s\n", p->sql, p->answer,
                    ok ? a.answer : "a mistake");
            t_show(&t->c);
        }
        t_end(t);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {DB_TEST(test_portable)};
    return db_tests(tests);
}
